import type { CarbonEstimate, GramsFigures, IntensityUsed, QualityFlag } from "../carbon/estimate.ts";
import type { TaskInterval } from "../monitor/task-interval.ts";
import { joulesFromWattHours } from "../units.ts";
import { counter, gauge, type MetricFamily, numberSample, type Sample } from "./prometheus.ts";

/** Grams of one task by one kind of intensity, and the sums of its intervals' bounds. */
interface GramsSoFar {
  readonly task: string;
  readonly kind: IntensityUsed["kind"];
  grams: number;
  lowerGrams: number;
  upperGrams: number;
}

/** Energy by what is known of the grams that it caused; "none": it is in no gram. */
type GramsQuality = QualityFlag | "none";

export interface Emissions {
  add(interval: TaskInterval): void;
  families(): MetricFamily[];
}

/**
 * The carbon of a service's intervals. Bounds are added as they are, as if every interval erred alike: so they can be added over any
 * time, over tasks and services, and are too wide rather than too narrow.
 */
export function emissions(): Emissions {
  const grams = new Map<string, GramsSoFar>();
  /** By task, then by quality. */
  const joules = new Map<string, Map<GramsQuality, number>>();
  /** For whose time the region's own intensity was known. */
  const coveredJoules = new Map<string, number>();
  let latest: CarbonEstimate | null = null;
  const addGrams = (task: string, figures: GramsFigures): void => {
    const { kind } = figures.intensity;
    const key = `${kind} ${task}`;
    const sum = grams.get(key) ?? { task, kind, grams: 0, lowerGrams: 0, upperGrams: 0 };
    sum.grams += figures.grams;
    sum.lowerGrams += figures.interval.lowerGrams;
    sum.upperGrams += figures.interval.upperGrams;
    grams.set(key, sum);
  };
  return {
    add({ names }) {
      latest = estimateWithMostEnergy(names);
      for (const { name, marginalJoules, carbon } of names) {
        if (marginalJoules === null) continue;
        // What sampling put below 0 in this interval is made good in another; a counter has no room for it.
        const energy = Math.max(0, marginalJoules);
        const droppedWh = carbon === null ? Number.POSITIVE_INFINITY : carbon.intensity.droppedEnergyWh;
        const inNoGram = Math.min(energy, joulesFromWattHours(droppedWh));
        const byQuality = joules.get(name) ?? new Map<GramsQuality, number>();
        joules.set(name, byQuality);
        increase(byQuality, "none", inNoGram);
        if (carbon === null) continue;
        increase(byQuality, carbon.qualityFlag, energy - inNoGram);
        increase(coveredJoules, name, (energy * carbon.coveragePct) / 100);
        addGrams(name, carbon);
        if (carbon.marginal !== null) addGrams(name, carbon.marginal);
      }
    },
    families: () => [
      ...gramsFamilies([...grams.values()]),
      counter(
        "carbon_ops_emissions_energy_joules_total",
        'A task\'s marginal energy up to the last interval, by the quality of its grams; quality="none": it is in no gram.',
        [...joules].flatMap(([task, byQuality]) =>
          [...byQuality].map(([quality, value]) => numberSample(value, { task, quality })),
        ),
      ),
      counter(
        "carbon_ops_emissions_covered_joules_total",
        "The part of it for whose time the region's own carbon intensity was known.",
        [...coveredJoules].map(([task, value]) => numberSample(value, { task })),
      ),
      gauge(
        "carbon_ops_grid_intensity_grams_per_kwh",
        "Carbon intensity of electricity in the last interval, of the task that used most.",
        latest === null ? [] : intensitiesOf(latest),
      ),
    ],
  };
}

function gramsFamilies(sums: readonly GramsSoFar[]): MetricFamily[] {
  const samplesOf = (of: (sum: GramsSoFar) => number): Sample[] =>
    sums.map((sum) => numberSample(of(sum), { task: sum.task, intensity: sum.kind }));
  return [
    counter(
      "carbon_ops_emissions_grams_total",
      'CO2e of a task\'s marginal energy up to the last interval. intensity="average" and "marginal" are never to be added.',
      samplesOf(({ grams }) => grams),
    ),
    counter(
      "carbon_ops_emissions_lower_grams_total",
      "Lower ends of its coverage intervals, added as if all erred alike.",
      samplesOf(({ lowerGrams }) => lowerGrams),
    ),
    counter(
      "carbon_ops_emissions_upper_grams_total",
      "Upper ends of its coverage intervals, added as if all erred alike.",
      samplesOf(({ upperGrams }) => upperGrams),
    ),
  ];
}

function intensitiesOf(estimate: CarbonEstimate): Sample[] {
  const { region } = estimate;
  const figures = [estimate, estimate.marginal].filter((each) => each !== null);
  return figures.map(({ intensityGPerKwh, intensity: { kind: intensity, scope, zone, source } }) =>
    numberSample(intensityGPerKwh, { intensity, scope, region, zone, source }),
  );
}

function estimateWithMostEnergy(names: TaskInterval["names"]): CarbonEstimate | null {
  const estimates = names.flatMap(({ carbon }) => (carbon === null ? [] : [carbon]));
  return estimates.reduce<CarbonEstimate | null>(
    (most, each) => (most === null || each.energyWh > most.energyWh ? each : most),
    null,
  );
}

function increase<Key>(sums: Map<Key, number>, key: Key, by: number): void {
  sums.set(key, (sums.get(key) ?? 0) + by);
}
