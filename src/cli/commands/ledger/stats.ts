import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { type Aggregate, type AggregateKey, isAggregateKey, openAggregator } from "../../../carbon/aggregate.ts";
import { CarbonOpsError, messageOf } from "../../../errors.ts";
import { readSegments } from "../../../ledger/read-segments.ts";
import { aggregateItem } from "../../../record/aggregate-item.ts";
import { wholeRecords } from "../../../record/whole-records.ts";
import { statsPage } from "../../../report/terminal/ledger-stats.ts";
import type { CommandContext } from "../../context.ts";
import { findLatest, lineHashOf, takeParts } from "../../ledger-estimates.ts";
import { jsonText, outputStyle } from "../../output.ts";
import { addFilterOptions, type FilterOptions, isAskedFor } from "./record-filter.ts";

interface StatsOptions extends FilterOptions {
  readonly by?: readonly AggregateKey[];
  readonly level?: number;
  readonly json?: boolean;
}

export function buildStats(context: CommandContext): Command {
  return addFilterOptions(
    new Command("stats")
      .summary("totals, with their uncertainty")
      .description(
        "Adds up the estimates of a ledger and its segments without verifying them. Errors that records share add up fully, others " +
          "in quadrature; of an estimate that was restated the latest value counts.",
      )
      .argument("<file>", "the ledger"),
  )
    .option(
      "--by <keys>",
      "group by name, region, source, host, day or label:NAME; several with commas between them",
      parseKeys,
    )
    .option("--level <p>", "probability that the intervals hold (default: 0.95)", parseLevel)
    .option("--json", "print the totals as JSON")
    .addHelpText("after", "\nExample: carbon-ops ledger stats carbon.ndjson --by label:team,region --since 2026-01-01")
    .action(async (file: string, options: StatsOptions) => {
      const { totals, partCount } = await totalsOf(file, resolve(context.workingDirectory, file), options);
      const { stdout } = context;
      const by = options.by ?? [];
      if (options.json === true) stdout.write(jsonText({ path: file, by, ...totals, partCount }));
      else stdout.write(statsPage({ file, by, totals, partCount }, outputStyle(stdout, context)));
    });
}

interface LedgerTotals {
  readonly totals: Aggregate;
  /** Records left out because they are parts of others that count. */
  readonly partCount: number;
}

/** Two passes: what a record counts for is known only when the whole ledger was seen. Memory grows with restatements and groups. */
async function totalsOf(file: string, path: string, options: StatsOptions): Promise<LedgerTotals> {
  const wholes = wholeRecords();
  const { latest, lineCount } = await findLatest(path, (placed) =>
    takeParts(wholes, placed, (record) => isAskedFor(record, options)),
  );
  let [isReplaced, partCount] = [false, 0];
  const aggregator = openAggregator({
    by: options.by ?? [],
    isSuperseded: () => isReplaced,
    ...(options.level === undefined ? {} : { level: options.level }),
  });
  let lines = 0;
  for await (const placed of readSegments(path)) {
    // What was added since the first pass is not known to count.
    if (lines >= lineCount) break;
    lines += 1;
    const { segment, seq, record } = placed;
    if (record === null) throw unusable(file, segment, seq, "it is damaged");
    isReplaced = latest.replacementOf(placed, record, () => lineHashOf(placed)) !== null;
    if (!isAskedFor(record, options)) continue;
    if (!isReplaced && wholes.isPart(record)) {
      partCount += 1;
      continue;
    }
    try {
      aggregator.add(aggregateItem(record));
    } catch (error) {
      if (error instanceof CarbonOpsError && error.code === "RECORD_INVALID")
        throw unusable(file, segment, seq, messageOf(error));
      throw error;
    }
  }
  return { totals: aggregator.result(), partCount };
}

/** A total that leaves a record out without a word would be a wrong one. */
function unusable(file: string, segment: number, seq: number, why: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `Record ${seq} of segment ${segment} of ${file} cannot be added up (${why.replace(/\.$/, "")}); \`carbon-ops ledger verify ${file}\` tells whether it was touched.`,
  );
}

function parseKeys(text: string): readonly AggregateKey[] {
  return text.split(",").map((key) => {
    if (isAggregateKey(key)) return key;
    throw new InvalidArgumentError(
      "It must be name, region, source, host, day or label:NAME, or several with commas between them.",
    );
  });
}

function parseLevel(text: string): number {
  const level = Number(text);
  if (level > 0 && level < 1) return level;
  throw new InvalidArgumentError("It must be a number between 0 and 1.");
}
