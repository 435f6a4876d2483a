import { Command } from "commander";
import { durationRange, relativeRange } from "../../carbon/checked-number.ts";
import type { CarbonEstimate } from "../../carbon/estimate.ts";
import { intervalFrom, isAsLongAs } from "../../carbon/span-input.ts";
import { parseDurationSeconds } from "../../config/duration.ts";
import type { FoundSettings } from "../../config/load.ts";
import { parseFiniteNumber } from "../../config/number.ts";
import { CarbonOpsError } from "../../errors.ts";
import type { TimeInterval } from "../../intensity/intensity.ts";
import { estimatePage } from "../../report/terminal/estimate.ts";
import { formatDurationSeconds } from "../../units.ts";
import type { CommandContext } from "../context.ts";
import { type ModelFlags, modelOf, modelOptions } from "../estimate-model.ts";
import { estimatorFor } from "../estimator.ts";
import { inFlagWords } from "../flag-words.ts";
import { intensitySettingNames } from "../intensity-settings.ts";
import { jsonText, outputStyle, outputWidth } from "../output.ts";
import { addSettingFlags, foundSettingsOf } from "../setting-flags.ts";
import { timeOf } from "../time-flag.ts";

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
    .option(
      "--duration <time>",
      "how long it took, and how long the hardware of --device was reserved: 90 (seconds), 90s, 15m, 2h30m, 7d",
    )
    .option(
      "--start <time>",
      "when it started, ISO 8601 with its zone: 2026-01-01T10:00:00Z, or a day (its midnight UTC); --end or --duration says until when",
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
    const settings = await foundSettingsOf(command, context);
    const estimate = await estimateOf(flags, settings, context).catch((error: unknown) => {
      throw inFlagWords(error);
    });
    const { stdout } = context;
    if (flags.json === true) stdout.write(jsonText(estimate));
    else {
      const style = outputStyle(stdout, context);
      stdout.write(estimatePage(estimate, outputWidth(stdout), style, flags.budget === true));
    }
  });
}

async function estimateOf(
  flags: EstimateFlags & ModelFlags,
  settings: FoundSettings,
  context: CommandContext,
): Promise<CarbonEstimate> {
  const { energyWh, powerW } = flags;
  const options = modelOf(flags);
  const estimator = estimatorFor(settings, context, { options });
  const { interval, durationSeconds } = spanOf(flags);
  const [startTs, endTs] = [interval?.startMs, interval?.endMs];
  const energyRelativeUncertainty = relativeOf(flags);
  if (energyWh !== undefined && powerW !== undefined) {
    throw new CarbonOpsError("USAGE", "--energy-wh and --power-w exclude each other; give one of them.");
  }
  if (energyWh !== undefined) {
    const hasHardware = options.embodied !== undefined;
    if (hasHardware && durationSeconds === null) {
      throw new CarbonOpsError(
        "USAGE",
        "Embodied carbon needs the time that the hardware was reserved for; give --duration, or --start and --end.",
      );
    }
    if (interval === null && durationSeconds !== null && !hasHardware) {
      throw new CarbonOpsError(
        "USAGE",
        "--duration changes nothing for an energy without --start or hardware; add --start or --device, or leave it out.",
      );
    }
    const energy = { energyWh: numberOf("--energy-wh", energyWh), energyRelativeUncertainty };
    const reservedSeconds = hasHardware ? (durationSeconds ?? undefined) : undefined;
    return estimator.estimateFromEnergy({ ...energy, startTs, endTs, reservedSeconds });
  }
  if (powerW === undefined) {
    throw new CarbonOpsError("USAGE", "There is nothing to estimate; give --energy-wh, or --power-w with --duration.");
  }
  if (durationSeconds === null) {
    throw new CarbonOpsError("USAGE", "--power-w needs a time; give --duration, or --start and --end.");
  }
  if (durationSeconds === 0) {
    throw new CarbonOpsError(
      "USAGE",
      "A power over 0 s is no energy; give a longer --duration, or an --end after --start.",
    );
  }
  const powerWatts = numberOf("--power-w", powerW);
  return estimator.estimateFromPowerTime({ powerWatts, durationSeconds, energyRelativeUncertainty, startTs, endTs });
}

function relativeOf({ uncertainty }: EstimateFlags): number | undefined {
  if (uncertainty === undefined) return undefined;
  const percent = parseFiniteNumber(uncertainty);
  if (percent !== null && percent >= 0 && percent <= 100 * relativeRange.maximum) return percent / 100;
  throw new CarbonOpsError(
    "USAGE",
    `--uncertainty is "${uncertainty}", but must be a number of per cent from 0 to ${100 * relativeRange.maximum}.`,
  );
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
  const startMs = start === undefined ? null : timeOf("--start", start);
  if (startMs === null) {
    if (end === undefined) return { interval: null, durationSeconds };
    throw new CarbonOpsError("USAGE", "--end needs --start; give both, or --start and --duration.");
  }
  if (end === undefined) {
    if (durationSeconds !== null) return { interval: intervalFrom(startMs, durationSeconds), durationSeconds };
    throw new CarbonOpsError("USAGE", "--start needs --end or --duration; give one of them.");
  }
  const interval = { startMs, endMs: timeOf("--end", end) };
  if (interval.endMs < startMs) {
    throw new CarbonOpsError("USAGE", `--end ${end} lies before --start ${start}; exchange or correct them.`);
  }
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
  if (seconds !== null && seconds > durationRange.maximum) {
    throw new CarbonOpsError("USAGE", `--duration is "${text}", but must be at most 1e10 seconds; give a shorter one.`);
  }
  if (seconds !== null) return seconds;
  throw new CarbonOpsError("USAGE", `--duration is "${text}", but must be a time such as 90s, 15m or 2h30m.`);
}

function numberOf(flag: string, text: string): number {
  const value = parseFiniteNumber(text);
  if (value !== null) return value;
  throw new CarbonOpsError("USAGE", `${flag} is "${text}", but must be a number.`);
}
