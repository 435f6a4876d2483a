import type { AggregateGroup } from "../carbon/aggregate.ts";
import type { GramsTotal } from "../carbon/aggregate-grams.ts";
import type { IntensityKind } from "../intensity/intensity.ts";
import { formatEnergyWh, formatGrams, formatLevel, formatSignificant } from "../units.ts";
import type { Breakdown, DataQuality, LedgerReport, LeftOut, TimeSeries } from "./ledger-report.ts";

/** The sentences of a report, the same for the terminal and for HTML. */

export function gramsText(group: AggregateGroup | null, kind: IntensityKind): string {
  const grams = group?.[kind]?.grams;
  return grams === undefined ? "-" : formatGrams(grams);
}

export function intervalText({ interval }: GramsTotal): string {
  if (interval.kind === "upper_limit") return `at most ${formatGrams(interval.upperGrams)}`;
  return `${formatGrams(interval.lowerGrams)} to ${formatGrams(interval.upperGrams)}`;
}

export function uncertaintyText({ uncertaintyPct }: GramsTotal): string {
  return uncertaintyPct === null ? "-" : `${formatSignificant(uncertaintyPct, 2)} %`;
}

/** What the grams are: the two kinds are different quantities. */
export function kindText(kind: IntensityKind, { scopes }: GramsTotal): string {
  const of = scopes.join(" and ");
  return kind === "average" ? `average grid intensity, ${of}` : `marginal grid intensity, ${of}`;
}

export function levelText(total: GramsTotal): string {
  return formatLevel(total.interval.level);
}

export function energyUncertaintyText({ energyUncertainty, total }: LedgerReport): string {
  const { noneSharedWh, allSharedWh, recordCount } = energyUncertainty;
  if (recordCount === 0) return "its uncertainty is not recorded";
  const missing =
    total !== null && recordCount < total.recordCount ? `, of the ${recordCount} records that state theirs` : "";
  return `one standard uncertainty lies between ${formatEnergyWh(noneSharedWh)}, were no error shared, and ${formatEnergyWh(allSharedWh)}, were all${missing}`;
}

/** Less than this part of the energy is not worth a sentence. */
const negligibleShare = 0.005;

/**
 * What a total has more than was read, in a sentence; empty where it is next to nothing. A record's energy is the mean of what it can have been,
 * and that is nothing below 0 (`energy_wh`), while readings near 0 lie on both sides of it (`energy_wh_stated`).
 */
export function truncationText({ energyWh, energyWhStated }: AggregateGroup): string {
  const excessWh = energyWh - energyWhStated;
  if (!(excessWh > negligibleShare * energyWh)) return "";
  return `${formatEnergyWh(excessWh)} of the energy (${shareText(excessWh / energyWh)}) is there because no record counts for less than 0: the readings add up to ${formatEnergyWh(energyWhStated)}.`;
}

const dimensionTitles = { task: "By task", region: "By region", host: "By host" } as const;

export function breakdownTitle({ dimension, labelName }: Breakdown): string {
  return dimension === "label" ? `By label ${labelName ?? ""}` : dimensionTitles[dimension];
}

/** What stands in the place of a name that records do not have. */
export function unnamedText({ dimension }: Breakdown): string {
  return {
    task: "without a name",
    region: "without a region",
    host: "no host (calculations)",
    label: "without this label",
  }[dimension];
}

export function othersText({ others, isExact }: Breakdown): string {
  if (others === null) return "";
  return `${isExact ? "" : "at least "}${others.count} ${others.count === 1 ? "other" : "others"}`;
}

/** "a day", "an hour", "2 years". */
export function oneText({ unit, size }: TimeSeries): string {
  if (size > 1) return `${size} ${unit}s`;
  return `${unit === "hour" ? "an" : "a"} ${unit}`;
}

/** "CO2e an hour", "CO2e in 2 years". */
export function perText(figure: string, time: TimeSeries): string {
  return `${figure} ${time.size === 1 ? "" : "in "}${oneText(time)}`;
}

export function periodTitle({ unit, size }: TimeSeries): string {
  return size === 1 ? `${unit.charAt(0).toUpperCase()}${unit.slice(1)}` : `${size} ${unit}s`;
}

export function timeNote({ unit, size, periods, undated }: TimeSeries): string {
  const empty = periods.filter(({ group }) => group === null).length;
  const each = size === 1 ? `${unit}${unit === "week" ? " from Monday" : ""}` : `${size} ${unit}s`;
  const gaps =
    empty === 0 ? "" : ` In ${count(empty, "of them", "of them")} no record began: that is not known to be 0.`;
  const rest =
    undated === null
      ? ""
      : ` ${count(undated.recordCount, "record")} without a time ${undated.recordCount === 1 ? "is" : "are"} not shown.`;
  return `Each record counts for the ${each} (UTC) in which it began.${gaps}${rest}`;
}

/** One sentence a thing that a reader must know of the data. */
export function qualityTexts({ total, quality, leftOut }: LedgerReport): readonly string[] {
  if (total === null) return leftOutTexts(leftOut);
  const { qualityCounts, coveragePct, provisionalCount, droppedEnergyWh, recordCount } = total;
  const flags = (["measured", "estimated", "fallback"] as const)
    .filter((flag) => qualityCounts[flag] > 0)
    .map((flag) => `${qualityCounts[flag]} ${flag}`);
  return [
    `Quality of the records: ${flags.join(", ")}; the total is as good as its weakest.`,
    `The region's own intensity was known for ${formatSignificant(coveragePct, 3)} % of the energy.`,
    ...(droppedEnergyWh > 0
      ? [`${formatEnergyWh(droppedEnergyWh)} more are in no gram: no intensity of their time is known.`]
      : []),
    ...(provisionalCount > 0
      ? [
          `${count(provisionalCount, "record")} ${provisionalCount === 1 ? "is" : "are"} provisional: a better intensity may follow (carbon-ops settle).`,
        ]
      : []),
    energyText(quality),
    ...(quality.gapCount > 0
      ? [
          `${count(quality.gapCount, "reading")} of ${count(quality.recordsWithGaps, "record")} failed or added nothing: energy may be missing.`,
        ]
      : []),
    quality.embodiedCount === 0
      ? "Embodied carbon of the hardware is declared in no record, which is not 0."
      : `Embodied carbon of the hardware is declared in ${quality.embodiedCount} of ${count(recordCount, "record")}.`,
    ...leftOutTexts(leftOut),
  ];
}

function energyText({ energyProvenance, energySources }: DataQuality): string {
  const words = energyProvenance.map(({ value, count: times }) => `${times} ${value ?? "stated without saying how"}`);
  const sources = energySources.slice(0, 3).map(({ value }) => value);
  const more = energySources.length > 3 ? ` and ${energySources.length - 3} more` : "";
  return `Energy: ${words.join(", ")}${sources.length === 0 ? "" : ` (${sources.join("; ")}${more})`}.`;
}

function leftOutTexts(leftOut: LeftOut): readonly string[] {
  const { supersededCount, partCount, otherKinds, unusableCount, firstUnusable } = leftOut;
  const others = otherKinds.map(({ value, count: times }) => `${times} ${value}`);
  return [
    ...(supersededCount > 0
      ? [`${count(supersededCount, "record")} replaced by restatements: the latest counts.`]
      : []),
    ...(partCount > 0
      ? [`${count(partCount, "record")} of tasks whose command has a record with their energy: that one counts.`]
      : []),
    ...(others.length > 0 ? [`Records that are no estimates: ${others.join(", ")}.`] : []),
    ...(unusableCount > 0 && firstUnusable !== null
      ? [
          `${count(unusableCount, "estimate")} in no figure, for not being what a record can be; the first is line ${firstUnusable.seq + 1} of segment ${firstUnusable.segment}: ${firstUnusable.reason}.`,
        ]
      : []),
  ];
}

export function rangeText(lowest: number, highest: number, unit: string): string {
  const text = unit === "1" ? "" : ` ${unit}`;
  if (lowest === highest) return `${formatSignificant(lowest)}${text}`;
  return `${formatSignificant(lowest)} to ${formatSignificant(highest)}${text}`;
}

export function shareText(share: number): string {
  return `${share < 0.001 ? "below 0.1" : (100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
