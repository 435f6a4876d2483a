import { resolve } from "node:path";
import { Command } from "commander";
import { type AggregateKey, openAggregator } from "../../../carbon/aggregate.ts";
import { parseFiniteNumber } from "../../../config/number.ts";
import { CarbonOpsError } from "../../../errors.ts";
import { latestRecords } from "../../../record/latest.ts";
import { totalsPage } from "../../../report/terminal/ledger-totals.ts";
import type { CommandContext } from "../../context.ts";
import { estimatesIn, restatementsIn } from "../../ledger-estimates.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";

interface TotalOptions {
  readonly by?: string;
  readonly level?: string;
  readonly json?: boolean;
}

export function buildTotal(context: CommandContext): Command {
  return new Command("total")
    .summary("add the estimates of a ledger up")
    .description(
      "Adds energy and grams of a ledger up, with an interval that holds for the sum. Of an estimate that was restated the latest counts alone. Nothing is verified.",
    )
    .argument("<file>", "the ledger")
    .option("--by <keys>", "groups: region, source, host, day or label:NAME, several separated by commas")
    .option("--level <probability>", "level of the intervals (default: 0.95)")
    .option("--json", "print the totals as JSON")
    .addHelpText("after", "\nExample: carbon-ops ledger total carbon.ndjson --by day,label:team")
    .action(async (file: string, { by, level, json }: TotalOptions) => {
      const path = resolve(context.workingDirectory, file);
      const keys = by === undefined ? [] : by.split(",").map(keyOf);
      const latest = latestRecords();
      const aggregator = openAggregator({
        by: keys,
        isSuperseded: (_, index) => latest.replacementOf(index) !== null,
        ...(level === undefined ? {} : { level: levelOf(level) }),
      });
      for await (const { seq, restatement } of restatementsIn(path)) latest.take(seq, restatement);
      for await (const { record } of estimatesIn(path)) aggregator.add(record ?? { kind: "other" });
      const result = aggregator.result();
      const { stdout } = context;
      if (json === true) stdout.write(jsonText({ path: file, ...result }));
      else stdout.write(totalsPage(file, result, outputWidth(stdout), outputStyle(stdout, context)));
    });
}

function keyOf(text: string): AggregateKey {
  const key = text.trim();
  if (key === "region" || key === "source" || key === "host" || key === "day") return key;
  if (key.startsWith("label:") && key.length > "label:".length) return `label:${key.slice("label:".length)}`;
  throw new CarbonOpsError("USAGE", `--by is "${key}", but must be region, source, host, day or label:NAME.`);
}

function levelOf(text: string): number {
  const level = parseFiniteNumber(text);
  if (level !== null && level > 0 && level < 1) return level;
  throw new CarbonOpsError("USAGE", `--level is "${text}", but must be a number between 0 and 1, such as 0.95.`);
}
