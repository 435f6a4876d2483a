import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { type Aggregate, type AggregateKey, openAggregator } from "../../../carbon/aggregate.ts";
import { CarbonOpsError, messageOf } from "../../../errors.ts";
import { readSegments } from "../../../ledger/read-segments.ts";
import { aggregateItem } from "../../../record/aggregate-item.ts";
import { statsPage } from "../../../report/terminal/ledger-stats.ts";
import type { CommandContext } from "../../context.ts";
import { findLatest, lineHashOf } from "../../ledger-estimates.ts";
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
      "group by region, source, host, day or label:NAME; several with commas between them",
      parseKeys,
    )
    .option("--level <p>", "probability that the intervals hold (default: 0.95)", parseLevel)
    .option("--json", "print the totals as JSON")
    .addHelpText("after", "\nExample: carbon-ops ledger stats carbon.ndjson --by label:team,region --since 2026-01-01")
    .action(async (file: string, options: StatsOptions) => {
      const totals = await totalsOf(file, resolve(context.workingDirectory, file), options);
      const { stdout } = context;
      if (options.json === true) stdout.write(jsonText({ path: file, by: options.by ?? [], ...totals }));
      else stdout.write(statsPage(file, options.by ?? [], totals, outputStyle(stdout, context)));
    });
}

/** Two passes: what a record counts for is known only when the whole ledger was seen. Memory grows with restatements and groups. */
async function totalsOf(file: string, path: string, options: StatsOptions): Promise<Aggregate> {
  const { latest, lineCount } = await findLatest(path);
  let isReplaced = false;
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
    try {
      aggregator.add(aggregateItem(record));
    } catch (error) {
      if (error instanceof CarbonOpsError && error.code === "RECORD_INVALID")
        throw unusable(file, segment, seq, messageOf(error));
      throw error;
    }
  }
  return aggregator.result();
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
    if (key === "region" || key === "source" || key === "host" || key === "day") return key;
    if (isLabelKey(key)) return key;
    throw new InvalidArgumentError(
      "It must be region, source, host, day or label:NAME, or several with commas between them.",
    );
  });
}

function isLabelKey(key: string): key is `label:${string}` {
  return /^label:./.test(key);
}

function parseLevel(text: string): number {
  const level = Number(text);
  if (level > 0 && level < 1) return level;
  throw new InvalidArgumentError("It must be a number between 0 and 1.");
}
