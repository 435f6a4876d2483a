import { Command } from "commander";
import type { CarbonEstimate } from "../../carbon/estimate.ts";
import type { CarbonEstimator } from "../../carbon/estimator.ts";
import { intervalFrom, intervalOf, isAsLongAs } from "../../carbon/span-input.ts";
import { parseDurationSeconds } from "../../config/duration.ts";
import { parseFiniteNumber } from "../../config/number.ts";
import { CarbonOpsError } from "../../errors.ts";
import type { TimeInterval } from "../../intensity/intensity.ts";
import { estimatePage } from "../../report/terminal/estimate.ts";
import { formatDurationSeconds } from "../../units.ts";
import type { CommandContext } from "../context.ts";
import { type ModelFlags, modelOf, modelOptions } from "../estimate-model.ts";
import { estimatorFor } from "../estimator.ts";
import { intensitySettingNames } from "../intensity-settings.ts";
import { jsonText, outputStyle, outputWidth } from "../output.ts";
import { addSettingFlags, foundSettingsOf } from "../setting-flags.ts";

interface EstimateFlags {
  readonly energyWh?: string;
  readonly powerW?: string;
  readonly duration?: string;
  readonly start?: string;
  readonly end?: string;
  readonly uncertainty?: string;
  readonly budget?: boolean;
  readonly json?: boolean;
}

export function build(context: CommandContext): Command {
  const command = new Command("estimate")
    .description("Says how many grams of CO2e an energy causes, or a power over a time, and how sure we are.")
    .option("--energy-wh <watt-hours>", "the energy")
    .option("--power-w <watts>", "a power; give --duration, or --start and --end, with it")
    .option("--duration <time>", "how long it took: 90 (seconds), 90s, 15m, 2h30m, 7d")
    .option(
      "--start <time>",
      "when it started, ISO 8601 in UTC: 2026-01-01T00:00:00Z; --end or --duration says until when",
    )
    .option("--end <time>", "when it ended")
    .option(
      "--uncertainty <percent>",
      "relative standard uncertainty of the energy or power; without it they are exact",
    )
    .option("--budget", "show the whole budget of the uncertainty, row by row")
    .option("--json", "print the whole estimate as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  carbon-ops estimate --energy-wh 120 --region GB\n  carbon-ops estimate --power-w 300 --duration 2h --region aws:eu-west-1" +
        "\n  carbon-ops estimate --energy-wh 120 --region DE --method monte_carlo --trials 100000 --seed 7 --budget" +
        "\n  carbon-ops estimate --power-w 300 --duration 2h --region DE --device server --resource-share 0.25 \\" +
        "\n    --functional-unit request --functional-unit-count 1200",
    );
  for (const option of modelOptions) command.addOption(option());
  addSettingFlags(command, ["region", "pue", "wallFactor", "level", ...intensitySettingNames]);
  return command.action(async (flags: EstimateFlags & ModelFlags) => {
    const estimator = estimatorFor(await foundSettingsOf(command, context), context, { options: modelOf(flags) });
    const estimate = await estimateOf(flags, estimator);
    const { stdout } = context;
    if (flags.json === true) stdout.write(jsonText(estimate));
    else {
      const style = outputStyle(stdout, context);
      stdout.write(estimatePage(estimate, outputWidth(stdout), style, flags.budget === true));
    }
  });
}

async function estimateOf(flags: EstimateFlags, estimator: CarbonEstimator): Promise<CarbonEstimate> {
  const { energyWh, powerW } = flags;
  const { interval, durationSeconds } = spanOf(flags);
  const [startTs, endTs] = [interval?.startMs, interval?.endMs];
  const energyRelativeUncertainty = relativeOf(flags);
  if (energyWh !== undefined && powerW !== undefined) {
    throw new CarbonOpsError("USAGE", "--energy-wh and --power-w exclude each other; give one of them.");
  }
  if (energyWh !== undefined) {
    if (interval === null && durationSeconds !== null) {
      throw new CarbonOpsError(
        "USAGE",
        "--duration changes nothing for an energy without --start; add --start or leave it out.",
      );
    }
    const parsedEnergyWh = numberOf("--energy-wh", energyWh);
    return estimator.estimateFromEnergy({ energyWh: parsedEnergyWh, energyRelativeUncertainty, startTs, endTs });
  }
  if (powerW === undefined) {
    throw new CarbonOpsError("USAGE", "There is nothing to estimate; give --energy-wh, or --power-w with --duration.");
  }
  if (durationSeconds === null) {
    throw new CarbonOpsError("USAGE", "--power-w needs a time; give --duration, or --start and --end.");
  }
  const powerWatts = numberOf("--power-w", powerW);
  return estimator.estimateFromPowerTime({ powerWatts, durationSeconds, energyRelativeUncertainty, startTs, endTs });
}

function relativeOf({ uncertainty }: EstimateFlags): number | undefined {
  if (uncertainty === undefined) return undefined;
  const percent = parseFiniteNumber(uncertainty);
  if (percent !== null && percent >= 0) return percent / 100;
  throw new CarbonOpsError("USAGE", `--uncertainty is "${uncertainty}", but must be a number of per cent, 0 or more.`);
}

interface Span {
  /** Null when it is not known when the energy was used. */
  readonly interval: TimeInterval | null;
  /** Null when neither --duration nor both times are given. */
  readonly durationSeconds: number | null;
}

/** Two of start, end and duration make a span; all three must agree. */
function spanOf({ start, end, duration }: EstimateFlags): Span {
  const durationSeconds = duration === undefined ? null : durationOf(duration);
  if (start === undefined) {
    if (end === undefined) return { interval: null, durationSeconds };
    throw new CarbonOpsError("USAGE", "--end needs --start; give both, or --start and --duration.");
  }
  if (end === undefined) {
    if (durationSeconds !== null) return { interval: intervalFrom(start, durationSeconds), durationSeconds };
    throw new CarbonOpsError("USAGE", "--start needs --end or --duration; give one of them.");
  }
  const interval = intervalOf(start, end);
  const spanSeconds = (interval.endMs - interval.startMs) / 1000;
  if (durationSeconds === null) return { interval, durationSeconds: spanSeconds };
  if (isAsLongAs(interval, durationSeconds)) return { interval, durationSeconds };
  throw new CarbonOpsError(
    "USAGE",
    `--duration is ${duration}, but --start and --end are ${formatDurationSeconds(spanSeconds)} apart; give two of the three.`,
  );
}

function durationOf(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds !== null) return seconds;
  throw new CarbonOpsError("USAGE", `--duration is "${text}", but must be a time such as 90s, 15m or 2h30m.`);
}

function numberOf(flag: string, text: string): number {
  const value = parseFiniteNumber(text);
  if (value !== null) return value;
  throw new CarbonOpsError("USAGE", `${flag} is "${text}", but must be a number.`);
}
