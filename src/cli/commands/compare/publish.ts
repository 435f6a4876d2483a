import { constants } from "node:os";
import type { CarbonEstimate } from "../../../carbon/estimate.ts";
import { labelOf, type PairFigures } from "../../../comparison/comparison.ts";
import type { ComparisonResult } from "../../../comparison/result.ts";
import { CarbonOpsError } from "../../../errors.ts";
import { comparisonMarkdown } from "../../../report/comparison-markdown.ts";
import { gateText } from "../../../report/comparison-words.ts";
import { comparisonPage } from "../../../report/terminal/comparison.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import type { OutputTarget } from "../../output-target.ts";
import type { SessionEnd } from "./request.ts";

export interface ComparePublication {
  readonly end: SessionEnd;
  readonly json: OutputTarget | null;
  readonly markdown: OutputTarget | null;
  readonly context: CommandContext;
}

/** The page, unless something else goes to standard output; the files; then what failed, and the status that says it. */
export async function publishComparison({ end, json, markdown, context }: ComparePublication): Promise<void> {
  const { result, signal } = end;
  const failures = [...end.failures];
  if (result !== null) {
    const isTaken = [json, markdown].some((target) => target !== null && target.path === null);
    if (!isTaken) {
      const { stdout } = context;
      stdout.write(comparisonPage(result, outputWidth(stdout), outputStyle(stdout, context)));
    }
    await written(failures, json, () => jsonText(jsonOf(result)));
    await written(failures, markdown, () => comparisonMarkdown(result));
    const worse = result.gate.filter(({ isWorse }) => isWorse);
    if (worse.length > 0) {
      const texts = worse.map((verdict) => gateText(result.comparison, verdict));
      failures.push(new CarbonOpsError("COMPARISON_WORSE", `${texts.join("; ")}.`));
    }
  } else if (signal !== null) {
    context.stderr.write(
      "carbon-ops: It was interrupted before two rounds were done, which is too few to say anything.\n",
    );
  }
  for (const failure of failures) context.stderr.write(`carbon-ops: ${failure.message}\n`);
  const [firstFailure] = failures;
  if (signal !== null) context.setExitCode(128 + constants.signals[signal]);
  else if (firstFailure !== undefined) context.setExitCode(firstFailure.exitCode);
}

async function written(failures: CarbonOpsError[], target: OutputTarget | null, text: () => string): Promise<void> {
  try {
    await target?.write(text());
  } catch (error) {
    if (!(error instanceof CarbonOpsError)) throw error;
    failures.push(error);
  }
}

function jsonOf({ comparison, carbon, ...rest }: ComparisonResult) {
  const { commands, pairs, ...plan } = comparison;
  return {
    ...plan,
    ...rest,
    gate: rest.gate.map((verdict) => ({ ...verdict, command: labelOf(verdict.command) })),
    commands: commands.map((figures, index) => ({ ...figures, carbon: gramsOf(carbon[index] ?? null) })),
    pairs: pairs.map((pair) => pairOf(pair)),
  };
}

function pairOf(pair: PairFigures) {
  return { ...pair, command: labelOf(pair.command), reference: labelOf(pair.reference) };
}

function gramsOf(estimate: CarbonEstimate | null) {
  if (estimate === null) return null;
  const { grams, interval, region, intensityGPerKwh, pueUsed, wallFactorUsed, qualityFlag, source } = estimate;
  return { grams, interval, region, intensityGPerKwh, pueUsed, wallFactorUsed, qualityFlag, source };
}
