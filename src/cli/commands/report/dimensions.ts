import type { AggregateGroup } from "../../../carbon/aggregate.ts";
import type { IntensityKind } from "../../../intensity/intensity.ts";
import type { CarbonEstimateRecord } from "../../../record/carbon-estimate-record.ts";
import type { Breakdown } from "../../../report/ledger-report.ts";
import { openRanking, type Ranking } from "./ranking.ts";
import { rememberedNames, type Survey } from "./survey.ts";
import { openTotals } from "./totals.ts";

/** Labels that get a table of their own. */
export const shownLabels = 6;

/** A table of the report: what records are told apart by. */
export interface Dimension {
  add(estimate: CarbonEstimateRecord): void;
  /** Null where it tells nothing: no record has a value of it. */
  result(kind: IntensityKind): Breakdown | null;
}

/** By task, by each of the labels on the most records, by region and by host: `rowCount` names each, the heaviest. */
export function dimensionsOf({ tasks, regions, hosts, labels }: Survey, rowCount: number): readonly Dimension[] {
  const of = (name: Breakdown["dimension"], ranking: Ranking, partOf: PartOf, labelName: string | null = null) =>
    dimension({ name, labelName, ranking, partOf, rowCount });
  return [
    of("task", tasks, ({ name }) => name),
    ...labels
      .slice(0, shownLabels)
      .map(([name, values]) => of("label", values, (estimate) => ownLabel(estimate, name), name)),
    of("region", regions, ({ region }) => region),
    of("host", hosts, ({ host }) => host),
  ];
}

type PartOf = (estimate: CarbonEstimateRecord) => string | null;

function ownLabel({ labels }: CarbonEstimateRecord, name: string): string | null {
  return Object.hasOwn(labels, name) ? (labels[name] ?? null) : null;
}

interface DimensionChoice {
  readonly name: Breakdown["dimension"];
  readonly labelName: string | null;
  readonly ranking: Ranking;
  readonly partOf: PartOf;
  readonly rowCount: number;
}

function dimension({ name, labelName, ranking, partOf, rowCount }: DimensionChoice): Dimension {
  const named = ranking.top(rowCount).filter((value) => value !== null);
  // Records without a value always have a row of their own.
  const shown = new Set<string | null>([...named, null]);
  const totals = openTotals<string | null>();
  const others = openTotals<"others">();
  // The survey has seen names of records that do not count, too.
  const otherNames = openRanking(rememberedNames);
  return {
    add(estimate) {
      const value = partOf(estimate);
      if (shown.has(value)) totals.add(value, estimate);
      else {
        others.add("others", estimate);
        otherNames.add(value, 0);
      }
    },
    result(kind) {
      if (named.length === 0) return null;
      const rows = [...shown].flatMap((value) => {
        const group = totals.of(value);
        return group === null ? [] : [{ name: value, group }];
      });
      const rest = others.of("others");
      return {
        dimension: name,
        labelName,
        rows: rows.sort((left, right) => weightOf(right.group, kind) - weightOf(left.group, kind)),
        others: rest === null ? null : { count: otherNames.count, group: rest },
        isExact: ranking.isExact && otherNames.isExact,
      };
    },
  };
}

function weightOf(group: AggregateGroup, kind: IntensityKind): number {
  return group[kind]?.grams ?? 0;
}
