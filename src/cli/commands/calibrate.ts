import { Command } from "commander";
import { isoFromWallMs } from "../../clock.ts";
import { parseDurationSeconds } from "../../config/duration.ts";
import type { Settings } from "../../config/settings.ts";
import type { EnergySource } from "../../energy/source.ts";
import { CarbonOpsError } from "../../errors.ts";
import { readHostname } from "../../host/hostname.ts";
import type { HostRoots } from "../../host/roots.ts";
import { readCpuTimes } from "../../host/stat.ts";
import { openConfiguredSource } from "../../monitor/configured-source.ts";
import { type IdleCalibration, idleCalibration } from "../../monitor/idle-calibration.ts";
import { Sampler } from "../../monitor/sampler.ts";
import { baselineFilePath, type StoredBaseline, storeBaseline } from "../../monitor/stored-baseline.ts";
import { calibrationPage } from "../../report/terminal/calibration.ts";
import { formatDurationSeconds, formatRatioAsPercent } from "../../units.ts";
import type { CommandContext } from "../context.ts";
import { jsonText, outputStyle, outputWidth } from "../output.ts";
import { addSettingFlags, rootsOf, settingsOf } from "../setting-flags.ts";

interface CalibrateFlags {
  readonly duration: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const shortestSeconds = 1;
const longestSeconds = 86_400;

export function build(context: CommandContext): Command {
  const command = new Command("calibrate")
    .description(
      "Measures the power of this host while it is idle, and stores it: run, top and EnergyLogger then leave idle energy out of " +
        "what they charge to anybody.",
    )
    .option("--duration <time>", "how long to measure", "60s")
    .option("--force", "store the result even though the host was not idle")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nStop what you can before; it ends with status 1 and stores nothing when the CPUs were busy for 5 % of the time or more." +
        "\n\nExample: carbon-ops calibrate --duration 2m",
    );
  addSettingFlags(command, ["energySource", "msrRoot", "governorSocket", "cpuTdpWatts"]);
  return command.action(async (flags: CalibrateFlags) => {
    const durationSeconds = durationOf(flags.duration);
    const path = baselineFilePath(context.environment);
    if (path === null) throw noPlace();
    const settings = await settingsOf(command, context);
    const version = command.parent?.version() ?? "unknown";
    const { baseline, calibration } = await calibrate({ settings, context, durationSeconds, version });
    if (!calibration.wasIdle && flags.force !== true) throw notIdle(calibration);
    storeBaseline(path, baseline);
    const result = { path, baseline, wasIdle: calibration.wasIdle };
    context.stdout.write(
      flags.json === true
        ? jsonText(result)
        : calibrationPage(result, outputWidth(context.stdout), outputStyle(context.stdout, context)),
    );
  });
}

interface CalibrationRequest {
  readonly settings: Settings;
  readonly context: CommandContext;
  readonly durationSeconds: number;
  readonly version: string;
}

interface Calibrated {
  readonly baseline: StoredBaseline;
  readonly calibration: IdleCalibration;
}

async function calibrate(request: CalibrationRequest): Promise<Calibrated> {
  const { settings, context, durationSeconds, version } = request;
  const roots = rootsOf(settings, context);
  const host = readHostname(roots);
  if (host === null) {
    throw new CarbonOpsError(
      "HOST_UNREADABLE",
      `The host's name cannot be read below ${roots.proc}, so a baseline would belong to no host; mount it whole.`,
    );
  }
  const source = await openConfiguredSource(settings, { roots, clock: context.clock });
  try {
    if (context.stderr.isTTY === true) {
      context.stderr.write(`Measuring for ${formatDurationSeconds(durationSeconds)}: ${source.label}\n`);
    }
    const calibration = await measure(source, roots, request);
    const { watts, standardUncertaintyWatts, hostBusyRatio } = calibration;
    const baseline = {
      host,
      energySource: source.id,
      energySourceLabel: source.label,
      watts,
      standardUncertaintyWatts,
      hostBusyRatio,
      durationSeconds,
      measuredAt: isoFromWallMs(context.clock.wallMs()),
      carbonOpsVersion: version,
    };
    return { baseline, calibration };
  } finally {
    source.close();
  }
}

async function measure(
  source: EnergySource,
  roots: HostRoots,
  { context, durationSeconds }: CalibrationRequest,
): Promise<IdleCalibration> {
  const hostBusyCpuSeconds = (): number => readCpuTimes(roots).busySeconds;
  const sampler = new Sampler({ source, clock: context.clock, hostBusyCpuSeconds, taskCpuSeconds: () => 0 }, 0);
  const gapsBefore = sampler.gaps;
  const calibration = await idleCalibration(sampler, durationSeconds, readCpuTimes(roots).logicalCpuCount);
  if (calibration !== null && sampler.gaps === gapsBefore) return calibration;
  throw new CarbonOpsError(
    "ENERGY_READ_FAILED",
    "Readings are missing from the calibration, so its power would be too low; nothing was stored: try again, or ask `carbon-ops doctor`.",
  );
}

function durationOf(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds !== null && seconds >= shortestSeconds && seconds <= longestSeconds) return seconds;
  throw new CarbonOpsError("USAGE", `--duration is "${text}", but must be a time from 1s to 24h, such as 90s or 2m.`);
}

function notIdle({ hostBusyRatio }: IdleCalibration): CarbonOpsError {
  return new CarbonOpsError(
    "HOST_NOT_IDLE",
    `The CPUs were busy for ${formatRatioAsPercent(hostBusyRatio)} of the time, and 5 % is the most that counts as idle; ` +
      "stop what runs and try again, or store it all the same with --force.",
  );
}

function noPlace(): CarbonOpsError {
  return new CarbonOpsError(
    "OUTPUT_FAILED",
    "There is no place for a baseline, because HOME is not set; name a directory in XDG_STATE_HOME.",
  );
}
