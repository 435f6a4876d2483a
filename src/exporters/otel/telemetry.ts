import type { CarbonEstimate, GramsFigures } from "../../carbon/estimate.ts";
import { gramsOfPart, type PartGrams, relativeVarianceOfEnergy } from "../../carbon/part-of-estimate.ts";
import type { SharedFigures, TaskFigures, TaskNameFigures, TaskReport } from "../../monitor/task-figures.ts";
import type { NameInterval, TaskInterval } from "../../monitor/task-interval.ts";
import { type SteadyParts, steadyParts } from "../prometheus-steady.ts";
import type { HistogramKey, PointKey } from "./instruments.ts";
import type { Attributes } from "./open-telemetry-api.ts";

export interface Point {
  readonly attributes: Attributes;
  readonly value: number;
}

/** It can be handed to another thread. */
export interface TelemetryState {
  readonly counters: Map<PointKey, Map<string, Point>>;
  readonly gauges: Map<PointKey, readonly Point[]>;
  readonly callNames: Set<string>;
  readonly hasInterval: boolean;
}

/**
 * The figures of a service as OpenTelemetry tells them: totals since the first task, and the last interval. It keeps what intervals
 * brought, so that asking reads no hardware.
 */
export class Telemetry {
  /** Of each counter and each combination of attributes, the highest that was told. */
  readonly #counters: Map<PointKey, Map<string, Point>>;
  readonly #gauges: Map<PointKey, readonly Point[]>;
  readonly #steadyCpu = steadyParts();
  readonly #steadyEnergy = steadyParts();
  /** Names that single tasks were told of under. */
  readonly #callNames: Set<string>;
  #reference: CarbonEstimate | null = null;
  #hasInterval: boolean;

  /** @param state of another one, to go on from */
  constructor(state?: TelemetryState) {
    this.#counters = state?.counters ?? new Map();
    this.#gauges = state?.gauges ?? new Map();
    this.#callNames = state?.callNames ?? new Set();
    this.#hasInterval = state?.hasInterval ?? false;
  }

  get state(): TelemetryState {
    return {
      counters: this.#counters,
      gauges: this.#gauges,
      callNames: this.#callNames,
      hasInterval: this.#hasInterval,
    };
  }

  /** Whether there is anything to tell. */
  get hasInterval(): boolean {
    return this.#hasInterval;
  }

  /** The last estimate of the most energy, which says how many grams a joule is; null where there was none yet. */
  get reference(): CarbonEstimate | null {
    return this.#reference;
  }

  points(key: PointKey): readonly Point[] {
    const counted = this.#counters.get(key);
    return counted === undefined ? (this.#gauges.get(key) ?? []) : [...counted.values()];
  }

  take(interval: TaskInterval): void {
    this.#hasInterval = true;
    this.#takeTotals(interval);
    this.#takeGauges(interval);
    for (const ofName of interval.names) this.#takeCarbon(ofName);
    this.#takeReference(interval.names);
  }

  /** Null where nobody knows the intensity yet. */
  gramsOf({ marginalJoules, uncertainty }: TaskFigures): PartGrams | null {
    if (this.#reference === null || marginalJoules === null || uncertainty === null) return null;
    return gramsOfPart(this.#reference, marginalJoules, uncertainty);
  }

  /** What is told of a single task that has ended. */
  callPoints(task: TaskFigures): readonly (readonly [HistogramKey, Point])[] {
    const { marginalJoules } = task;
    if (marginalJoules === null) return [];
    const attributes = callAttributes(this.#callName(task.name), task.outcome);
    const energy = ["callEnergy", { attributes, value: Math.max(0, marginalJoules) }] as const;
    const grams = this.gramsOf(task);
    if (grams === null || this.#reference === null) return [energy];
    const ofEmissions = { ...attributes, ...intensityAttributes(this.#reference) };
    return [energy, ["callEmissions", { attributes: ofEmissions, value: grams.grams }]];
  }

  #callName(name: string): string {
    if (this.#callNames.size < highestNames) this.#callNames.add(name);
    return this.#callNames.has(name) ? name : otherNames;
  }

  #takeTotals({ sinceStart }: TaskInterval): void {
    for (const task of sinceStart.tasks) this.#takeName(task);
    this.#takeParts(
      "processCpuTime",
      this.#steadyCpu,
      partsOf(sinceStart, ({ cpuSeconds }) => cpuSeconds),
    );
    this.#takeParts(
      "processEnergy",
      this.#steadyEnergy,
      partsOf(sinceStart, ({ marginalJoules }) => marginalJoules),
    );
    this.#reach("hostEnergy", hostAttributes, sinceStart.hostJoules);
    this.#reach("energyGaps", {}, sinceStart.gaps);
  }

  #takeParts(key: PointKey, steady: SteadyParts, parts: ReadonlyMap<string, number> | null): void {
    if (parts === null) return;
    for (const [part, value] of steady(parts)) this.#reach(key, { "carbon_ops.process.part": part }, value);
  }

  #takeName(task: TaskNameFigures): void {
    const attributes = nameAttributes(task.name);
    this.#reach("taskEnergy", attributes, task.marginalJoules);
    this.#reach("taskEnergyProportional", attributes, task.proportionalJoules);
    this.#reach("taskCpuTime", attributes, task.cpuSeconds);
    for (const outcome of ["completed", "failed", "cancelled"] as const) {
      if (task[outcome] > 0) this.#reach("taskCalls", callAttributes(task.name, outcome), task[outcome]);
    }
  }

  #takeGauges({ names, durationSeconds, hostJoules, energySource, energyProvenance }: TaskInterval): void {
    this.#gauges.set(
      "taskPower",
      names.flatMap(({ name, marginalJoules }) =>
        pointOf(nameAttributes(name), marginalJoules === null ? null : marginalJoules / durationSeconds),
      ),
    );
    this.#gauges.set("taskEnergyUncertainty", names.flatMap(uncertaintyPoint));
    this.#gauges.set("hostPower", pointOf(hostAttributes, hostJoules === null ? null : hostJoules / durationSeconds));
    this.#gauges.set("energyInfo", [
      {
        attributes: {
          "carbon_ops.energy.source": energySource ?? "none",
          "carbon_ops.energy.provenance": energyProvenance ?? "none",
        },
        value: 1,
      },
    ]);
    const estimate = largestEstimate(names);
    if (estimate === null) return;
    const figures = [estimate, ...(estimate.marginal === null ? [] : [estimate.marginal])];
    this.#gauges.set(
      "gridIntensity",
      figures.flatMap((grams) =>
        pointOf(
          { ...intensityAttributes(grams), "carbon_ops.intensity.zone": grams.intensity.zone },
          grams.intensityGPerKwh,
        ),
      ),
    );
    this.#gauges.set("gridIntensityCoverage", pointOf({}, estimate.coveragePct / 100));
  }

  #takeCarbon({ name, carbon }: NameInterval): void {
    if (carbon === null) return;
    const attributes = { ...nameAttributes(name), ...intensityAttributes(carbon) };
    this.#add("taskEmissions", attributes, carbon.grams);
    this.#add("taskEmissionsLower", attributes, carbon.interval.lowerGrams);
    this.#add("taskEmissionsUpper", attributes, carbon.interval.upperGrams);
    if (carbon.marginal === null) return;
    const ofMarginal = { ...nameAttributes(name), ...intensityAttributes(carbon.marginal) };
    this.#add("taskEmissionsMarginal", ofMarginal, carbon.marginal.grams);
  }

  #takeReference(names: readonly NameInterval[]): void {
    this.#reference = largestEstimate(names) ?? this.#reference;
  }

  /** A total that is told anew each time. Where sampling let it fall by chance, what was told stands until it is passed. */
  #reach(key: PointKey, attributes: Attributes, total: number | null): void {
    if (total === null || !Number.isFinite(total)) return;
    this.#count(key, attributes, (before) => Math.max(before, total));
  }

  #add(key: PointKey, attributes: Attributes, amount: number): void {
    if (!Number.isFinite(amount)) return;
    this.#count(key, attributes, (before) => before + Math.max(0, amount));
  }

  #count(key: PointKey, attributes: Attributes, next: (before: number) => number): void {
    const points = this.#counters.get(key) ?? new Map<string, Point>();
    this.#counters.set(key, points);
    const series = JSON.stringify(Object.entries(attributes));
    points.set(series, { attributes, value: next(points.get(series)?.value ?? 0) });
  }
}

const hostAttributes: Attributes = { "hw.id": "host" };

/** As in `taskReport`. */
const highestNames = 1000;
const otherNames = "(other names)";

function nameAttributes(name: string): Attributes {
  return { "carbon_ops.task.name": name };
}

function callAttributes(name: string, outcome: string): Attributes {
  return { ...nameAttributes(name), "carbon_ops.task.outcome": outcome };
}

export function intensityAttributes({ intensity }: Pick<GramsFigures, "intensity">): Attributes {
  return { "carbon_ops.intensity.kind": intensity.kind, "carbon_ops.intensity.scope": intensity.scope };
}

function pointOf(attributes: Attributes, value: number | null): readonly Point[] {
  return value === null || !Number.isFinite(value) ? [] : [{ attributes, value }];
}

function uncertaintyPoint({ name, marginalJoules, uncertainty }: NameInterval): readonly Point[] {
  if (marginalJoules === null || uncertainty === null) return [];
  return pointOf(nameAttributes(name), Math.sqrt(relativeVarianceOfEnergy(marginalJoules, uncertainty)));
}

function largestEstimate(names: readonly NameInterval[]): CarbonEstimate | null {
  let largest: CarbonEstimate | null = null;
  for (const { carbon } of names) {
    if (carbon !== null && carbon.energyWh > (largest?.energyWh ?? 0)) largest = carbon;
  }
  return largest;
}

/** Null where one of them is not known. */
function partsOf(report: TaskReport, figure: (part: SharedFigures) => number | null): Map<string, number> | null {
  const parts = new Map<string, number>();
  const groups = {
    tasks: report.tasks,
    outside_tasks: [report.outsideTasks],
    other_threads: [report.otherThreads],
    child_processes: [report.childProcesses],
  };
  for (const [part, members] of Object.entries(groups)) {
    let sum = 0;
    for (const member of members) {
      const value = figure(member);
      if (value === null) return null;
      sum += value;
    }
    parts.set(part, sum);
  }
  return parts;
}
