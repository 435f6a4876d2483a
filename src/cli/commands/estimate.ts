import { Command } from "commander";
import type { CarbonEstimate } from "../../carbon/estimate.ts";
import { CarbonEstimator } from "../../carbon/estimator.ts";
import { intervalOf } from "../../carbon/span-input.ts";
import { parseDurationSeconds } from "../../config/duration.ts";
import { parseFiniteNumber } from "../../config/number.ts";
import type { Settings } from "../../config/settings.ts";
import { CarbonOpsError } from "../../errors.ts";
import { estimatePage } from "../../report/terminal/estimate.ts";
import type { CommandContext } from "../context.ts";
import { jsonText, outputStyle, outputWidth } from "../output.ts";
import { addSettingFlags, settingsOf } from "../setting-flags.ts";

interface EstimateFlags {
  readonly energyWh?: string;
  readonly powerW?: string;
  readonly duration?: string;
  readonly start?: string;
  readonly end?: string;
  readonly uncertainty?: string;
  readonly json?: boolean;
}

export function build(context: CommandContext): Command {
  const command = new Command("estimate")
    .description("Says how many grams of CO2e an energy causes, or a power over a time, and how sure we are.")
    .option("--energy-wh <watt-hours>", "the energy")
    .option("--power-w <watts>", "a power; give --duration, or --start and --end, with it")
    .option("--duration <time>", "how long the power was drawn: 90 (seconds), 90s, 15m, 2h30m, 7d")
    .option("--start <time>", "when it started, ISO 8601 in UTC: 2026-01-01T00:00:00Z")
    .option("--end <time>", "when it ended")
    .option(
      "--uncertainty <percent>",
      "relative standard uncertainty of the energy or power; without it they are exact",
    )
    .option("--json", "print the estimate as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  carbon-ops estimate --energy-wh 120 --region GB\n  carbon-ops estimate --power-w 300 --duration 2h --region aws:eu-west-1",
    );
  addSettingFlags(command, ["region", "pue", "wallFactor", "level"]);
  return command.action(async (flags: EstimateFlags) => {
    const settings = await settingsOf(command, context);
    const estimate = await estimateOf(flags, settings, context);
    context.stdout.write(
      flags.json === true
        ? jsonText(estimate)
        : estimatePage(estimate, outputWidth(context.stdout), outputStyle(context.stdout, context)),
    );
  });
}

async function estimateOf(flags: EstimateFlags, settings: Settings, context: CommandContext): Promise<CarbonEstimate> {
  const estimator = new CarbonEstimator({ ...settings, clock: context.clock });
  const span = spanOf(flags);
  const relative = flags.uncertainty === undefined ? undefined : numberOf("--uncertainty", flags.uncertainty) / 100;
  if (flags.energyWh !== undefined && flags.powerW !== undefined) {
    throw new CarbonOpsError("USAGE", "--energy-wh and --power-w exclude each other; give one of them.");
  }
  if (flags.energyWh !== undefined) {
    const energyWh = numberOf("--energy-wh", flags.energyWh);
    return estimator.estimateFromEnergy({
      energyWh,
      ...span,
      ...(relative === undefined ? {} : { energyRelativeUncertainty: relative }),
    });
  }
  if (flags.powerW === undefined) {
    throw new CarbonOpsError("USAGE", "There is nothing to estimate; give --energy-wh, or --power-w with --duration.");
  }
  const powerWatts = numberOf("--power-w", flags.powerW);
  return estimator.estimateFromPowerTime({
    powerWatts,
    durationSeconds: durationOf(flags, span),
    ...span,
    ...(relative === undefined ? {} : { powerRelativeUncertainty: relative }),
  });
}

interface Span {
  readonly startTs?: string;
  readonly endTs?: string;
}

function spanOf({ start, end }: EstimateFlags): Span {
  if ((start === undefined) !== (end === undefined)) {
    throw new CarbonOpsError("USAGE", "--start and --end belong together; give both or neither.");
  }
  return start === undefined || end === undefined ? {} : { startTs: start, endTs: end };
}

function durationOf({ duration }: EstimateFlags, { startTs, endTs }: Span): number {
  if (duration !== undefined) {
    const seconds = parseDurationSeconds(duration);
    if (seconds !== null) return seconds;
    throw new CarbonOpsError("USAGE", `--duration is "${duration}", but must be a time such as 90s, 15m or 2h30m.`);
  }
  if (startTs === undefined || endTs === undefined) {
    throw new CarbonOpsError("USAGE", "--power-w needs a time; give --duration, or --start and --end.");
  }
  const { startMs, endMs } = intervalOf(startTs, endTs);
  return (endMs - startMs) / 1000;
}

function numberOf(flag: string, text: string): number {
  const value = parseFiniteNumber(text);
  if (value !== null) return value;
  throw new CarbonOpsError("USAGE", `${flag} is "${text}", but must be a number.`);
}
