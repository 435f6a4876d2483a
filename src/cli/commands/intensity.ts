import { Command } from "commander";
import { CarbonOpsError } from "../../errors.ts";
import type { IntensityKind, TimeInterval, ZoneIntensity } from "../../intensity/intensity.ts";
import { openIntensity } from "../../intensity/open-intensity.ts";
import { resolveRegion, worldRegion } from "../../intensity/regions.ts";
import { type IntensityFindings, intensityPage } from "../../report/terminal/intensity.ts";
import type { CommandContext } from "../context.ts";
import { intensitySettingNames } from "../intensity-settings.ts";
import { jsonText, outputStyle, outputWidth } from "../output.ts";
import { addSettingFlags, settingsOf } from "../setting-flags.ts";
import { timeOf } from "../time-flag.ts";

interface IntensityFlags {
  readonly at?: string;
  readonly from?: string;
  readonly to?: string;
  readonly kind?: string;
  readonly plot?: boolean;
  readonly json?: boolean;
}

export function build(context: CommandContext): Command {
  const command = new Command("intensity")
    .description(
      "Says how many grams of CO2 a kilowatt-hour of a grid causes, who says so, and why others did not: now, at a time, or over a range.",
    )
    .argument("[region]", "country, grid zone or cloud region (default: that of the settings)")
    .option(
      "--at <time>",
      "at this time, ISO 8601 with its zone: 2026-01-01T10:00:00Z; a day alone is its midnight UTC",
    )
    .option("--from <time>", "from this time on")
    .option("--to <time>", "until this time (default: now)")
    .option("--kind <average|marginal>", "this kind alone (default: both)")
    .option("--plot", "draw the range, or the last 24 hours, as columns")
    .option("--json", "print everything as JSON, with what each provider did")
    .addHelpText(
      "after",
      "\nExamples:\n  carbon-ops intensity DE\n  carbon-ops intensity GB --intensity uk,static --plot\n  carbon-ops intensity DE --from 2026-01-01T00:00Z --to 2026-01-02T00:00Z",
    );
  addSettingFlags(command, intensitySettingNames);
  return command.action(async (name: string | undefined, flags: IntensityFlags) => {
    const kinds = kindsOf(flags);
    const wanted = wantedOf(flags, context.clock.wallMs());
    const { interval, view } = wanted;
    const settings = await settingsOf(command, context);
    const { region, zone, zoneName, mapping } = resolveRegion(name ?? settings.region ?? worldRegion);
    const { environment, clock, stdout } = context;
    const intensity = openIntensity(settings, { environment, clock });
    const found = await intensity.lookup(interval, zone);
    const answers = kinds.map((kind) => ({ kind, answer: shown(found[kind], wanted) }));
    if (flags.json === true) {
      const byKind = new Map(answers.map(({ kind, answer }) => [kind, answer]));
      const times = { from: new Date(interval.startMs), to: new Date(interval.endMs) };
      const counters = new Map(Object.entries(intensity.counters));
      stdout.write(jsonText({ region, zone, zoneName, mapping, ...times, answers: byKind, counters }));
    } else {
      const findings = { region, zone, zoneName, mapping, interval, nowMs: clock.wallMs(), view, answers };
      stdout.write(intensityPage(findings, outputWidth(stdout), outputStyle(stdout, context)));
    }
    if (answers.every(({ answer }) => answer.series === null)) {
      throw new CarbonOpsError(
        "INTENSITY_NO_DATA",
        `No provider has ${kinds.length === 1 ? `a ${kinds[0]}` : "an"} intensity of ${region} for this time; name others with --intensity, or another time.`,
      );
    }
  });
}

function kindsOf({ kind }: IntensityFlags): readonly IntensityKind[] {
  if (kind === undefined) return ["average", "marginal"];
  if (kind === "average" || kind === "marginal") return [kind];
  throw new CarbonOpsError("USAGE", `--kind is "${kind}", but must be average or marginal.`);
}

interface Wanted {
  readonly interval: TimeInterval;
  readonly view: IntensityFindings["view"];
}

const hourMs = 3_600_000;
/** Services are behind the present by an hour or so: the newest of these is what is known of now. */
const presentMs = 3 * hourMs;

function wantedOf({ at, from: first, to: last, plot = false }: IntensityFlags, nowMs: number): Wanted {
  if (at !== undefined) {
    if (first !== undefined || last !== undefined || plot) {
      throw new CarbonOpsError("USAGE", "--at is one time; leave --from, --to and --plot out, or --at.");
    }
    const startMs = timeOf("--at", at);
    return { interval: { startMs, endMs: startMs + 1 }, view: "latest" };
  }
  if (first === undefined) {
    if (last !== undefined) throw new CarbonOpsError("USAGE", "--to needs --from; give both, or --at for one time.");
    return plot
      ? { interval: { startMs: nowMs - 24 * hourMs, endMs: nowMs }, view: "plot" }
      : { interval: { startMs: nowMs - presentMs, endMs: nowMs }, view: "latest" };
  }
  const [startMs, endMs] = [timeOf("--from", first), last === undefined ? nowMs : timeOf("--to", last)];
  if (endMs > startMs) return { interval: { startMs, endMs }, view: plot ? "plot" : "table" };
  throw new CarbonOpsError("USAGE", `--to ${last ?? "(now)"} is not after --from ${first}; exchange or correct them.`);
}

type Answer = ZoneIntensity[IntensityKind];

/** Services answer in whole hours: what begins after the time that was asked for is left out, and of the present all but the newest. */
function shown(answer: Answer, { interval, view }: Wanted): Answer {
  const { series } = answer;
  if (series === null) return answer;
  const periods = series.periods.filter(({ startMs, endMs }) => startMs < interval.endMs && endMs > interval.startMs);
  return { ...answer, series: { ...series, periods: view === "latest" ? periods.slice(-1) : periods } };
}
