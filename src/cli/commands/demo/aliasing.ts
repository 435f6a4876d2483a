import { setTimeout as sleep } from "node:timers/promises";
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
import { type CounterReader, exactReader, microjouleUnit, modularReader, restartReader } from "./counter-readers.ts";
import { type DemonstratedCounter, hardwareCounter, simulatedCounter } from "./demonstrated-counter.ts";
import { type PrometheusBeside, prometheusBeside, type Reckoning } from "./prometheus-reader.ts";

interface AliasingFlags {
  readonly duration: string;
  readonly watts: string;
  readonly scrape?: string;
  readonly speed: string;
  readonly simulated?: boolean;
  readonly fast?: boolean;
  readonly svg?: string;
  readonly json?: boolean;
}

const exactIntervalSeconds = 0.1;
const longestSeconds = 3600;
const usualScrapeSeconds = 15;
/** Where the usual interval fits less often into the time than this, a shorter one is taken, and the page says so. */
const fewestScrapes = 4;
const shortenedScrapes = 8;

export function buildAliasing(context: CommandContext): Command {
  const command = new Command("aliasing")
    .summary("exact 10 Hz accumulation beside a reader of 32-bit counters every 15 s")
    .description(
      "Reads one package's counter 10 times a second, exactly, and beside it as a scraper does every 15 s from 32 bits; then says " +
        "how much energy and how many wraps each of them missed. Where `prometheus` is installed, a real one scrapes the same counter. " +
        "Without a readable counter it simulates one, and says so.",
    )
    .option("--duration <time>", "how long", "120s")
    .option("--scrape <time>", "time between two readings of the scraper (default: 15s, less where it would not fit)")
    .option("--speed <factor>", "seconds of the simulated counter in one second; above 1 the counter is simulated", "1")
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
    const clock = request.isFast ? virtualClock() : scaledClock(context.clock, request.speed);
    const hardware = request.mustSimulate ? null : hardwareCounter(rootsOf(settings, context), context.clock);
    const counter = hardware ?? simulatedCounter(request.watts, clock);
    const interruption = new AbortController();
    const stopListening = endOnSignal(interruption, context);
    const prometheus = await prometheusBeside({
      counter,
      scrapeMilliseconds: request.isFast ? null : Math.round((request.scrapeSeconds * 1000) / request.speed),
      environment: context.environment,
      signal: interruption.signal,
      wallMs: () => context.clock.wallMs(),
    });
    try {
      if (interruption.signal.aborted) return;
      sayHowLong(counter, request, context);
      const result = await demonstrate({ counter, request, clock, prometheus, signal: interruption.signal });
      if (result !== null) await publish(result, flags, svg, context);
    } finally {
      stopListening();
      prometheus.close();
      counter.close();
    }
  });
}

/** A signal ends the demonstration as it would end any command, but first what it has started. */
function endOnSignal(interruption: AbortController, context: CommandContext): () => void {
  return context.onSignal((signal) => {
    const number = endingSignals.get(signal);
    if (number === undefined) return;
    context.setExitCode(128 + number);
    interruption.abort();
  });
}

/** signal(7), the numbers of every architecture that Node.js runs on. */
const endingSignals: ReadonlyMap<NodeJS.Signals, number> = new Map([
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGQUIT", 3],
  ["SIGTERM", 15],
]);

interface AliasingRequest {
  readonly durationSeconds: number;
  readonly scrapeSeconds: number;
  /** Whether nobody asked for this interval, and the usual one was too long. */
  readonly isScrapeShortened: boolean;
  readonly speed: number;
  readonly watts: number;
  readonly mustSimulate: boolean;
  readonly isFast: boolean;
}

function requestOf(flags: AliasingFlags): AliasingRequest {
  const isFast = flags.fast === true;
  const durationSeconds = secondsOf("--duration", flags.duration);
  const speed = speedOf(flags.speed);
  const isScrapeShortened = flags.scrape === undefined && durationSeconds < fewestScrapes * usualScrapeSeconds;
  const unasked = isScrapeShortened ? durationSeconds / shortenedScrapes : usualScrapeSeconds;
  return {
    durationSeconds,
    scrapeSeconds: flags.scrape === undefined ? unasked : secondsOf("--scrape", flags.scrape),
    isScrapeShortened,
    speed,
    watts: wattsOf(flags.watts),
    mustSimulate: isFast || speed > 1 || flags.simulated === true,
    isFast,
  };
}

function speedOf(text: string): number {
  const speed = parseFiniteNumber(text);
  if (speed !== null && speed >= 1 && speed <= 60) return speed;
  throw new CarbonOpsError("USAGE", `--speed is "${text}", but must be a number from 1 to 60.`);
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

/** What the demonstration's time is measured with; `wait` is how much longer until a time of it. */
interface DemonstrationClock extends Pick<Clock, "monotonicNs"> {
  wait(seconds: number, signal: AbortSignal): Promise<void>;
}

/** A clock that moves only when the demonstration waits. */
function virtualClock(): DemonstrationClock {
  let nowNs = 0n;
  return {
    monotonicNs: () => nowNs,
    wait: async (seconds) => {
      nowNs += BigInt(Math.round(seconds * 1e9));
    },
  };
}

/** The real clock, running faster where the counter is simulated. */
function scaledClock(clock: Clock, speed: number): DemonstrationClock {
  const openedNs = clock.monotonicNs();
  const millionths = BigInt(Math.round(speed * 1e6));
  return {
    monotonicNs: () => openedNs + ((clock.monotonicNs() - openedNs) * millionths) / 1_000_000n,
    wait: async (seconds, signal) => {
      // An interrupted wait ends early; the demonstration looks at the signal after it.
      await sleep((seconds * 1000) / speed, undefined, { signal }).catch(() => undefined);
    },
  };
}

function sayHowLong(counter: DemonstratedCounter, request: AliasingRequest, { stderr }: CommandContext): void {
  if (request.isFast || stderr.isTTY !== true) return;
  const time = formatDurationSeconds(request.durationSeconds / request.speed);
  stderr.write(`Reading ${counter.description} for ${time} …\n`);
}

interface Follower {
  readonly name: string;
  readonly reader: CounterReader;
  readonly points: (readonly [seconds: number, joules: number])[];
}

interface Demonstration {
  readonly counter: DemonstratedCounter;
  readonly request: AliasingRequest;
  readonly clock: DemonstrationClock;
  readonly prometheus: PrometheusBeside;
  readonly signal: AbortSignal;
}

/** Reads until the time is over; both readers take their first and last reading at the same moments. Null when interrupted. */
async function demonstrate({
  counter,
  request,
  clock,
  prometheus,
  signal,
}: Demonstration): Promise<AliasingResult | null> {
  const scrape = `every ${Number(request.scrapeSeconds.toPrecision(3))} s`;
  const exact = follower("carbon-ops, 10 times a second", exactReader(counter.rule));
  const register = follower(`register ${scrape}, decrease = restart at 0`, restartReader(counter.rule));
  const modular = follower(`32 bits of microjoules ${scrape}, decrease = one wrap`, modularReader(microjouleUnit));
  const restart = follower(`32 bits of microjoules ${scrape}, decrease = restart at 0`, restartReader(microjouleUnit));
  const scrapers = [register, modular, restart];
  const startNs = clock.monotonicNs();
  const elapsedSeconds = (): number => Number(clock.monotonicNs() - startNs) / 1e9;

  const microjoulesWatcher = modularReader(microjouleUnit);
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
  prometheus.begin();
  let scrapesDone = 0;
  const stepCount = Math.ceil(request.durationSeconds / exactIntervalSeconds);
  for (let step = 1; step <= stepCount; step += 1) {
    const dueSeconds = Math.min(step * exactIntervalSeconds, request.durationSeconds);
    const remainingSeconds = dueSeconds - elapsedSeconds();
    if (remainingSeconds > 0) await clock.wait(remainingSeconds, signal);
    if (signal.aborted) return null;
    const dueScrapes = Math.floor(dueSeconds / request.scrapeSeconds + 1e-9);
    read(dueScrapes > scrapesDone || step === stepCount);
    scrapesDone = dueScrapes;
  }
  const durationSeconds = elapsedSeconds();

  const truth = counter.trueJoules();
  const referenceJoules = truth ?? exact.reader.joules;
  const resultOf = ({ name, joules, wrapsSeen, points }: Reckoning, wraps: number): ReaderResult => ({
    name,
    joules,
    missedJoules: referenceJoules - joules,
    wrapsSeen,
    wrapsMissed: Math.max(0, wraps - wrapsSeen),
    points,
  });
  const ofFollower = ({ name, reader: { joules, wrapsSeen }, points }: Follower): Reckoning => {
    return { name, joules, wrapsSeen, points };
  };
  const registerWraps = exact.reader.wrapsSeen;
  const microjouleWraps = microjoulesWatcher.wrapsSeen;
  const reckoned = await prometheus.end(request.speed);
  return {
    counter: counter.description,
    isSimulated: counter.isSimulated,
    durationSeconds,
    scrapeSeconds: request.scrapeSeconds,
    isScrapeShortened: request.isScrapeShortened,
    speed: request.isFast ? null : request.speed,
    trueJoules: truth,
    registerWraps,
    microjouleWraps,
    exact: resultOf(ofFollower(exact), registerWraps),
    scrapers: scrapers.map((scraper) =>
      resultOf(ofFollower(scraper), scraper === register ? registerWraps : microjouleWraps),
    ),
    prometheus: {
      version: reckoned.version,
      scrapeCount: reckoned.scrapeCount,
      problem: reckoned.problem,
      readers: reckoned.readers.map((reader) =>
        resultOf(reader, reader.counter === "register" ? registerWraps : microjouleWraps),
      ),
    },
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
