import { Command } from "commander";
import type { Clock } from "../../../clock.ts";
import { parseDurationSeconds } from "../../../config/duration.ts";
import { parseFiniteNumber } from "../../../config/number.ts";
import { CarbonOpsError } from "../../../errors.ts";
import { aliasingSvg } from "../../../report/aliasing-svg.ts";
import { type AliasingResult, aliasingPage, type ReaderResult } from "../../../report/terminal/aliasing.ts";
import { formatDurationSeconds } from "../../../units.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { type OutputTarget, outputTarget } from "../../output-target.ts";
import { addSettingFlags, rootsOf, settingsOf } from "../../setting-flags.ts";
import { type CounterReader, exactReader, modularReader, restartReader } from "./counter-readers.ts";
import { type DemonstratedCounter, hardwareCounter, simulatedCounter } from "./demonstrated-counter.ts";

interface AliasingFlags {
  readonly duration: string;
  readonly watts: string;
  readonly scrape: string;
  readonly simulated?: boolean;
  readonly fast?: boolean;
  readonly svg?: string;
  readonly json?: boolean;
}

const exactIntervalSeconds = 0.1;
const longestSeconds = 3600;

export function buildAliasing(context: CommandContext): Command {
  const command = new Command("aliasing")
    .summary("exact 10 Hz accumulation beside a reader of 32-bit counters every 15 s")
    .description(
      "Reads one package's counter 10 times a second, exactly, and beside it as a scraper does every 15 s from 32 bits; then says " +
        "how much energy and how many wraps each of them missed. Without a readable counter it simulates one, and says so.",
    )
    .option("--duration <time>", "how long", "120s")
    .option("--scrape <time>", "time between two readings of the scraper", "15s")
    .option("--watts <watts>", "mean power of the simulated counter", "300")
    .option("--simulated", "simulate a counter even where there is a real one")
    .option("--fast", "let simulated time pass at once")
    .option("--svg <file|->", "write the plot as SVG")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample: carbon-ops demo aliasing --duration 120s --svg aliasing.svg");
  addSettingFlags(command, []);
  return command.action(async (flags: AliasingFlags) => {
    const settings = await settingsOf(command, context);
    const request = requestOf(flags);
    const svg = flags.svg === undefined ? null : outputTarget("--svg", flags.svg, context);
    const clock = request.isFast ? virtualClock() : context.clock;
    const hardware = request.mustSimulate ? null : hardwareCounter(rootsOf(settings, context), clock);
    const counter = hardware ?? simulatedCounter(request.watts, clock);
    try {
      sayHowLong(counter, request, context);
      const result = await demonstrate(counter, request, clock);
      await publish(result, flags, svg, context);
    } finally {
      counter.close();
    }
  });
}

interface AliasingRequest {
  readonly durationSeconds: number;
  readonly scrapeSeconds: number;
  readonly watts: number;
  readonly mustSimulate: boolean;
  readonly isFast: boolean;
}

function requestOf(flags: AliasingFlags): AliasingRequest {
  const isFast = flags.fast === true;
  return {
    durationSeconds: secondsOf("--duration", flags.duration),
    scrapeSeconds: secondsOf("--scrape", flags.scrape),
    watts: wattsOf(flags.watts),
    mustSimulate: isFast || flags.simulated === true,
    isFast,
  };
}

function secondsOf(flag: string, text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds !== null && seconds >= 1 && seconds <= longestSeconds) return seconds;
  throw new CarbonOpsError("USAGE", `${flag} is "${text}", but must be a time from 1s to 1h, such as 120s.`);
}

function wattsOf(text: string): number {
  const watts = parseFiniteNumber(text);
  // Above this the exact reader's own limit of plausible power would speak.
  if (watts !== null && watts > 0 && watts <= 700) return watts;
  throw new CarbonOpsError("USAGE", `--watts is "${text}", but must be a number above 0 and at most 700.`);
}

/** A clock that moves only when the demonstration waits. */
function virtualClock(): Clock & { advanceNs(nanoseconds: bigint): void } {
  let nowNs = 0n;
  return {
    wallMs: () => Number(nowNs / 1_000_000n),
    monotonicNs: () => nowNs,
    advanceNs: (nanoseconds) => {
      nowNs += nanoseconds;
    },
  };
}

function sayHowLong(counter: DemonstratedCounter, request: AliasingRequest, { stderr }: CommandContext): void {
  if (request.isFast || stderr.isTTY !== true) return;
  stderr.write(`Reading ${counter.description} for ${formatDurationSeconds(request.durationSeconds)} …\n`);
}

interface Follower {
  readonly name: string;
  readonly reader: CounterReader;
  readonly points: (readonly [seconds: number, joules: number])[];
}

/** Reads until the time is over. Both readers take their first and last reading at the same moments. */
async function demonstrate(
  counter: DemonstratedCounter,
  request: AliasingRequest,
  clock: Clock & { advanceNs?(nanoseconds: bigint): void },
): Promise<AliasingResult> {
  const { unitNanojoules } = counter.rule;
  const scrape = `every ${request.scrapeSeconds} s`;
  const exact = follower("carbon-ops, 10 times a second", exactReader(counter.rule));
  const register = follower(`register ${scrape}, decrease = restart at 0`, restartReader(unitNanojoules));
  const modular = follower(`32 bits of microjoules ${scrape}, decrease = one wrap`, modularReader(1000n));
  const restart = follower(`32 bits of microjoules ${scrape}, decrease = restart at 0`, restartReader(1000n));
  const scrapers = [register, modular, restart];
  const startNs = clock.monotonicNs();
  const elapsedSeconds = (): number => Number(clock.monotonicNs() - startNs) / 1e9;

  const microjoulesWatcher = modularReader(1000n);
  const read = (isScrape: boolean): void => {
    const seconds = elapsedSeconds();
    const sample = counter.sample();
    microjoulesWatcher.take(sample.microjoules32, sample.monotonicNs);
    take(exact, sample.register, sample.monotonicNs, seconds);
    if (!isScrape) return;
    take(register, sample.register, sample.monotonicNs, seconds);
    take(modular, sample.microjoules32, sample.monotonicNs, seconds);
    take(restart, sample.microjoules32, sample.monotonicNs, seconds);
  };
  read(true);
  let scrapesDone = 0;
  const stepCount = Math.ceil(request.durationSeconds / exactIntervalSeconds);
  for (let step = 1; step <= stepCount; step += 1) {
    const dueSeconds = Math.min(step * exactIntervalSeconds, request.durationSeconds);
    await waitUntil(dueSeconds, elapsedSeconds, clock);
    const dueScrapes = Math.floor(dueSeconds / request.scrapeSeconds + 1e-9);
    read(dueScrapes > scrapesDone || step === stepCount);
    scrapesDone = dueScrapes;
  }

  const truth = counter.trueJoules();
  const referenceJoules = truth ?? exact.reader.joules;
  const resultOf = ({ name, reader, points }: Follower, wraps: number): ReaderResult => ({
    name,
    joules: reader.joules,
    missedJoules: referenceJoules - reader.joules,
    wrapsSeen: reader.wrapsSeen,
    wrapsMissed: Math.max(0, wraps - reader.wrapsSeen),
    points,
  });
  const registerWraps = exact.reader.wrapsSeen;
  const microjouleWraps = microjoulesWatcher.wrapsSeen;
  return {
    counter: counter.description,
    isSimulated: counter.isSimulated,
    durationSeconds: elapsedSeconds(),
    scrapeSeconds: request.scrapeSeconds,
    trueJoules: truth,
    registerWraps,
    microjouleWraps,
    exact: resultOf(exact, registerWraps),
    scrapers: scrapers.map((scraper) => resultOf(scraper, scraper === register ? registerWraps : microjouleWraps)),
  };
}

function follower(name: string, reader: CounterReader): Follower {
  return { name, reader, points: [] };
}

function take({ reader, points }: Follower, raw: bigint, monotonicNs: bigint, seconds: number): void {
  reader.take(raw, monotonicNs);
  // A second between two points is finer than any plot; an hour then takes 3600 of them.
  const [lastSeconds = -1] = points.at(-1) ?? [];
  if (seconds - lastSeconds >= 0.999) points.push([seconds, reader.joules]);
}

async function waitUntil(
  dueSeconds: number,
  elapsedSeconds: () => number,
  clock: { advanceNs?(nanoseconds: bigint): void },
): Promise<void> {
  const remainingSeconds = dueSeconds - elapsedSeconds();
  if (remainingSeconds <= 0) return;
  if (clock.advanceNs !== undefined) clock.advanceNs(BigInt(Math.round(remainingSeconds * 1e9)));
  else await new Promise((resolve) => setTimeout(resolve, remainingSeconds * 1000));
}

async function publish(
  result: AliasingResult,
  flags: AliasingFlags,
  svg: OutputTarget | null,
  context: CommandContext,
): Promise<void> {
  if (flags.json === true) context.stdout.write(jsonText(result));
  else if (flags.svg !== "-") {
    context.stdout.write(aliasingPage(result, outputWidth(context.stdout), outputStyle(context.stdout, context)));
  }
  await svg?.write(aliasingSvg(result));
}
