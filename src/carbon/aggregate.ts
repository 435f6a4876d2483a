import type { CarbonOpsError } from "../errors.ts";
import { type SnakeJson, toSnakeCase } from "../snake-case.ts";
import { energyOf, type GramsTotal, type RunningGrams, runningGrams } from "./aggregate-grams.ts";
import { type AggregateItem, type EstimateToSum, estimateOf, type FiguresToSum } from "./aggregate-record.ts";
import { invalidInput, shown } from "./checked-number.ts";
import type { QualityFlag } from "./estimate.ts";

/** What records are grouped by; `label:team` takes the value of the label "team", day is the UTC date on which the task began. */
export type AggregateKey = "name" | "region" | "source" | "host" | "day" | `label:${string}`;

export interface AggregateOptions {
  /** One key or several; everything in one group where absent. */
  readonly by?: AggregateKey | readonly AggregateKey[];
  /**
   * Whether a restatement replaces this record, so that the latest alone counts. `index` counts the items from 0: for a whole ledger it is
   * the record's `seq`.
   */
  readonly isSuperseded?: (item: AggregateItem, index: number) => boolean;
  /** Probability that the intervals hold, in (0, 1); default 0.95. */
  readonly level?: number;
}

interface AggregateGroupFields {
  /** Value by key; null where the records have none. */
  readonly keys: ReadonlyMap<AggregateKey, string | null>;
  readonly recordCount: number;
  /** Sum of the means of the energy, in watt-hours: before wall factor and PUE. */
  readonly energyWh: number;
  /** Sum of the best values as measured, values below zero included: without the bias of cutting each record at zero. */
  readonly energyWhStated: number;
  /** Energy that is in no gram of the records' own figures, because no intensity of its time was known and the policy was "drop". */
  readonly droppedEnergyWh: number;
  /** Mean of the records' coverage, weighted by energy; by count where there is no energy. */
  readonly coveragePct: number;
  /** The weakest of the records'. */
  readonly qualityFlag: QualityFlag;
  readonly qualityCounts: Readonly<Record<QualityFlag, number>>;
  /** Records whose intensity may still be revised. */
  readonly provisionalCount: number;
  /** Null where no record has grams of that kind. The two are different quantities: never add them. */
  readonly average: GramsTotal | null;
  readonly marginal: GramsTotal | null;
  /** Null where no record counts calls. */
  readonly calls: CallsTotal | null;
}

/** The calls of a service's tasks, and what the records that count them hold. */
export interface CallsTotal {
  readonly recordCount: number;
  /** Calls that started; where they are sampled, the number that the watched ones stand for. */
  readonly started: number;
  /** As measured, values below zero included, before wall factor and PUE. */
  readonly energyWhStated: number;
  /** Sums of means; null where none of these records has grams of that kind. */
  readonly averageGrams: number | null;
  readonly marginalGrams: number | null;
}

export interface AggregateGroup extends AggregateGroupFields {
  /** The snake_case form; keys, source ids and label names as they are. */
  toJSON(): SnakeJson;
}

interface AggregateFields {
  /** In order of their keys. */
  readonly groups: readonly AggregateGroup[];
  /** All groups together; null without any record. */
  readonly total: AggregateGroup | null;
  /** Records left out because a restatement counts in their place. */
  readonly supersededCount: number;
  /** Items that are no estimate: notes, the ledger's own records. */
  readonly otherCount: number;
}

export interface Aggregate extends AggregateFields {
  /** The snake_case form; keys, source ids and label names as they are. */
  toJSON(): SnakeJson;
}

/** Takes records one at a time; its memory grows with groups and error sources, not with records. */
export interface Aggregator {
  /** Throws INPUT_INVALID when an estimate lacks a figure that a total needs, or there are too many groups. */
  add(item: AggregateItem): void;
  result(): Aggregate;
}

/** Far beyond what a person reads, and still some hundred megabytes at most: a label with a value of its own per record ends here. */
const maximumGroups = 20_000;

const defaultLevel = 0.95;

/**
 * Totals over estimates with their error sources kept: components of equal ids add linearly, ids and private parts in quadrature, and
 * intervals are computed anew from the sum. Items are estimate and restatement records as they stand in a ledger. Throws INPUT_INVALID.
 */
export async function aggregate(
  items: Iterable<AggregateItem> | AsyncIterable<AggregateItem>,
  options: AggregateOptions = {},
): Promise<Aggregate> {
  const aggregator = openAggregator(options);
  if (Symbol.iterator in items) {
    for (const item of items) aggregator.add(item);
  } else {
    for await (const item of items) aggregator.add(item);
  }
  return aggregator.result();
}

/** Throws INPUT_INVALID for an unknown key or a level outside (0, 1). */
export function openAggregator({ by = [], isSuperseded, level = defaultLevel }: AggregateOptions): Aggregator {
  const keys = checkedKeys(by);
  if (!(level > 0 && level < 1)) throw invalidInput(`The level is ${level}, but must be a number between 0 and 1.`);
  const groups = new Map<string, RunningGroup>();
  const all = runningGroup([]);
  let [index, supersededCount, otherCount] = [-1, 0, 0];
  return {
    add(item) {
      index += 1;
      const estimate = estimateOf(item);
      if (estimate === null) {
        otherCount += 1;
        return;
      }
      if (isSuperseded?.(item, index) === true) {
        supersededCount += 1;
        return;
      }
      const kinds = figuresByKind(estimate);
      addTo(all, estimate, kinds);
      // One sum is enough where there is one group.
      if (keys.length === 0) return;
      const values = keys.map((key) => keyOf(estimate, key));
      const name = JSON.stringify(values);
      let group = groups.get(name);
      if (group === undefined) {
        if (groups.size >= maximumGroups) throw tooManyGroups(keys);
        group = runningGroup(values);
        groups.set(name, group);
      }
      addTo(group, estimate, kinds);
    },
    result() {
      const total = all.recordCount === 0 ? null : groupOf(all, [], level);
      const toGroup = ([, group]: [string, RunningGroup]): AggregateGroup => groupOf(group, keys, level);
      const sorted = [...groups].sort(([left], [right]) => (left < right ? -1 : 1));
      const fields: AggregateFields = {
        groups: keys.length === 0 ? [total].filter((group) => group !== null) : sorted.map(toGroup),
        total,
        supersededCount,
        otherCount,
      };
      return { ...fields, toJSON: () => toSnakeCase(fields) };
    },
  };
}

function checkedKeys(by: AggregateKey | readonly AggregateKey[]): readonly AggregateKey[] {
  const keys: readonly AggregateKey[] = typeof by === "string" ? [by] : by;
  for (const key of keys) {
    if (isAggregateKey(key)) continue;
    throw invalidInput(
      `Records cannot be grouped by ${shown(key)}; take name, region, source, host, day or label:NAME.`,
    );
  }
  return keys;
}

export function isAggregateKey(key: unknown): key is AggregateKey {
  if (typeof key !== "string") return false;
  return plainKeys.has(key) || (key.startsWith("label:") && key.length > "label:".length);
}

const plainKeys: ReadonlySet<string> = new Set(["name", "region", "source", "host", "day"]);

function keyOf(estimate: EstimateToSum, key: AggregateKey): string | null {
  switch (key) {
    case "name":
      return estimate.name ?? null;
    case "region":
      return estimate.region;
    case "source":
      return estimate.source;
    case "host":
      return estimate.host;
    case "day":
      return estimate.start_ts?.slice(0, "2026-01-01".length) ?? null;
    default:
      return estimate.labels[key.slice("label:".length)] ?? null;
  }
}

function tooManyGroups(keys: readonly AggregateKey[]): CarbonOpsError {
  return invalidInput(
    `Grouping by ${keys.join(" and ")} gives more than ${maximumGroups} groups; group by something that more records share.`,
  );
}

interface RunningGroup {
  readonly values: readonly (string | null)[];
  recordCount: number;
  energyWh: number;
  energyWhStated: number;
  droppedEnergyWh: number;
  coverageSum: number;
  coverageByEnergy: number;
  provisionalCount: number;
  readonly qualityCounts: Record<QualityFlag, number>;
  readonly grams: { average: RunningGrams | null; marginal: RunningGrams | null };
  calls: CallsTotal | null;
}

function runningGroup(values: readonly (string | null)[]): RunningGroup {
  return {
    values,
    recordCount: 0,
    energyWh: 0,
    energyWhStated: 0,
    droppedEnergyWh: 0,
    coverageSum: 0,
    coverageByEnergy: 0,
    provisionalCount: 0,
    qualityCounts: { measured: 0, estimated: 0, fallback: 0 },
    grams: { average: null, marginal: null },
    calls: null,
  };
}

interface FiguresOfKind {
  readonly figures: FiguresToSum;
  readonly components: readonly (readonly [string, number])[];
}

/** The figures themselves say which kind they are: those of the record's own level may be marginal. */
function figuresByKind(estimate: EstimateToSum): readonly FiguresOfKind[] {
  const own = { figures: estimate, components: Object.entries(estimate.components) };
  if (estimate.marginal === null) return [own];
  return [own, { figures: estimate.marginal, components: Object.entries(estimate.marginal.components) }];
}

function addTo(group: RunningGroup, estimate: EstimateToSum, kinds: readonly FiguresOfKind[]): void {
  group.recordCount += 1;
  group.energyWh += estimate.energy_wh;
  group.energyWhStated += estimate.energy_wh_stated;
  const { usedWh, droppedWh } = energyOf(estimate, estimate);
  group.droppedEnergyWh += droppedWh;
  group.coverageSum += estimate.coverage_pct;
  group.coverageByEnergy += estimate.coverage_pct * (usedWh + droppedWh);
  group.provisionalCount += estimate.status === "provisional" ? 1 : 0;
  group.qualityCounts[estimate.quality_flag] += 1;
  for (const { figures, components } of kinds) {
    const { kind } = figures.intensity;
    const running = group.grams[kind] ?? runningGrams();
    group.grams[kind] = running;
    running.add(figures, components, estimate);
  }
  if (estimate.calls !== undefined) group.calls = withCalls(group.calls, estimate, estimate.calls.started, kinds);
}

function withCalls(
  before: CallsTotal | null,
  { energy_wh_stated: energyWhStated }: EstimateToSum,
  started: number,
  kinds: readonly FiguresOfKind[],
): CallsTotal {
  const grams = (kind: "average" | "marginal", known: number | null): number | null => {
    const own = kinds.find(({ figures }) => figures.intensity.kind === kind)?.figures.grams;
    return own === undefined ? known : (known ?? 0) + own;
  };
  return {
    recordCount: (before?.recordCount ?? 0) + 1,
    started: (before?.started ?? 0) + started,
    energyWhStated: (before?.energyWhStated ?? 0) + energyWhStated,
    averageGrams: grams("average", before?.averageGrams ?? null),
    marginalGrams: grams("marginal", before?.marginalGrams ?? null),
  };
}

function groupOf(group: RunningGroup, keys: readonly AggregateKey[], level: number): AggregateGroup {
  const { recordCount, energyWh, energyWhStated, droppedEnergyWh, qualityCounts, provisionalCount, grams } = group;
  const allWh = energyWh + droppedEnergyWh;
  const fields: AggregateGroupFields = {
    keys: new Map(keys.map((key, index) => [key, group.values[index] ?? null])),
    recordCount,
    energyWh,
    energyWhStated,
    droppedEnergyWh,
    coveragePct: allWh > 0 ? Math.min(100, group.coverageByEnergy / allWh) : group.coverageSum / recordCount,
    qualityFlag: weakest(qualityCounts),
    qualityCounts: { ...qualityCounts },
    provisionalCount,
    average: grams.average?.total(level) ?? null,
    marginal: grams.marginal?.total(level) ?? null,
    calls: group.calls,
  };
  return { ...fields, toJSON: () => toSnakeCase(fields) };
}

function weakest(counts: Readonly<Record<QualityFlag, number>>): QualityFlag {
  if (counts.fallback > 0) return "fallback";
  return counts.estimated > 0 ? "estimated" : "measured";
}
