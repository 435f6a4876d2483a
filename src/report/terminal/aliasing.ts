import { formatRatioAsPercent, formatSignificant } from "../../units.ts";
import { labelledRows, type TextStyle } from "./style.ts";

export interface ReaderResult {
  readonly name: string;
  readonly joules: number;
  /** Above 0: energy that was used and is in no figure of this reader. */
  readonly missedJoules: number;
  readonly wrapsSeen: number;
  readonly wrapsMissed: number;
  /** Seconds since the start, and the joules that this reader had added up by then. */
  readonly points: readonly (readonly [seconds: number, joules: number])[];
}

export interface AliasingResult {
  readonly counter: string;
  readonly isSimulated: boolean;
  readonly durationSeconds: number;
  readonly scrapeSeconds: number;
  /** Whether the usual 15 s would have been too long for this duration. */
  readonly isScrapeShortened: boolean;
  /** Seconds of the simulated counter in a real one; null where simulated time passed at once. */
  readonly speed: number | null;
  /** Null on hardware: there the exact accumulation is the reference. */
  readonly trueJoules: number | null;
  /** Wraps of the register, and of its microjoules in 32 bits, while it was read. */
  readonly registerWraps: number;
  readonly microjouleWraps: number;
  readonly exact: ReaderResult;
  readonly scrapers: readonly ReaderResult[];
  readonly prometheus: PrometheusResult;
}

/** What a real Prometheus made of the same counter. */
export interface PrometheusResult {
  /** Null where none took part. */
  readonly version: string | null;
  readonly scrapeCount: number;
  /** Why there are no readers; null where there are. */
  readonly problem: string | null;
  readonly readers: readonly ReaderResult[];
}

/** Joules that 32 bits of microjoules hold: 2^32 µJ. */
const microjoules32Joules = 4294.967_296;

/** What `carbon-ops demo aliasing` shows on a terminal. */
export function aliasingPage(result: AliasingResult, width: number, style: TextStyle): string {
  const { exact, trueJoules } = result;
  const all = readersOf(result);
  const referenceJoules = trueJoules ?? exact.joules;
  const meanWatts = referenceJoules / result.durationSeconds;
  const whence = result.isSimulated ? "SIMULATED, no counter of this machine was read" : "a counter of this machine";
  const readers = all.map((reader, index) => readerRow(reader, referenceJoules, marks[index] ?? "", style));
  const rows: (readonly [string, string])[] = [
    ["counter", `${whence}: ${result.counter}`],
    [
      "energy",
      `${formatSignificant(referenceJoules, 6)} J in ${formatSignificant(result.durationSeconds)} s, ${formatSignificant(meanWatts)} W on average${trueJoules === null ? " (by the exact accumulation)" : " (known exactly)"}`,
    ],
    ...timeRows(result),
    ["wraps", `register ${result.registerWraps}, its microjoules in 32 bits ${result.microjouleWraps}`],
    [
      "so",
      `32 bits of microjoules hold ${formatSignificant(microjoules32Joules, 4)} J: at this power they must be read at least every ${formatSignificant(microjoules32Joules / meanWatts)} s`,
    ],
  ];
  rows.push(["Prometheus", prometheusText(result.prometheus)]);
  return [
    `${style.strong("Energy that readers of a 32-bit counter add up")}\n`,
    labelledRows(rows, width, style),
    "\n",
    ...readers,
    "\n",
    plot(all, Math.min(width, 80)),
  ].join("");
}

/** In the order in which every picture shows them. */
export function readersOf({ exact, scrapers, prometheus }: AliasingResult): readonly ReaderResult[] {
  return [exact, ...scrapers, ...prometheus.readers];
}

function timeRows({ speed, durationSeconds, scrapeSeconds, isScrapeShortened }: AliasingResult): [string, string][] {
  const rows: [string, string][] = [];
  if (speed !== null && speed > 1) {
    const real = `${formatSignificant(durationSeconds / speed)} s`;
    rows.push(["time", `simulated time passed ${formatSignificant(speed)} times as fast as real time, in ${real}`]);
  }
  if (isScrapeShortened) {
    const fits = `a scrape every ${formatSignificant(scrapeSeconds)} s, since 15 s do not fit into this duration`;
    rows.push(["scrape", `${fits}; --duration 120s --speed 15 shows 15 s in 8 s, with a simulated counter`]);
  }
  return rows;
}

function prometheusText({ version, scrapeCount, problem }: PrometheusResult): string {
  if (problem !== null) return `took no part: ${problem}`;
  return `a real one took part, version ${version ?? "unknown"}, ${scrapeCount} scrapes of the raw counter`;
}

const marks: readonly string[] = ["*", "r", "m", "p", "R", "P"];

function readerRow(reader: ReaderResult, referenceJoules: number, mark: string, style: TextStyle): string {
  const share = referenceJoules > 0 ? Math.abs(reader.missedJoules) / referenceJoules : 0;
  const isRight = share < 0.001;
  const verdict = reader.missedJoules >= 0 ? "missed" : "invented";
  const text = isRight
    ? `missed less than ${formatSignificant(Math.max(1e-6, Math.abs(reader.missedJoules)), 2)} J`
    : `${verdict} ${formatSignificant(Math.abs(reader.missedJoules), 4)} J (${formatRatioAsPercent(share)})`;
  const wraps = `${reader.wrapsMissed} of ${reader.wrapsMissed + reader.wrapsSeen} wraps missed`;
  return `  ${mark}  ${style.strong(reader.name)}\n     ${formatSignificant(reader.joules, 6)} J: ${isRight ? style.good(text) : style.bad(text)}; ${wraps}\n`;
}

const plotHeight = 14;
const axisWidth = 9;

/** Joules over time. Where two readers meet, the mark of the later one is seen. */
function plot(readers: readonly ReaderResult[], width: number): string {
  const columns = Math.max(20, width - axisWidth - 1);
  const longest = Math.max(1, ...readers.flatMap(({ points }) => points.map(([seconds]) => seconds)));
  const largest = Math.max(1, ...readers.flatMap(({ points }) => points.map(([, joules]) => joules)));
  const grid = Array.from({ length: plotHeight }, () => Array.from({ length: columns }, () => " "));
  for (const [index, { points }] of readers.entries()) {
    for (const [seconds, joules] of points) {
      const row = plotHeight - 1 - Math.round((joules / largest) * (plotHeight - 1));
      const column = Math.round((seconds / longest) * (columns - 1));
      const line = grid[row];
      if (line !== undefined) line[column] = marks[index] ?? "?";
    }
  }
  const lines = grid.map((cells, row) => {
    const joules = (largest * (plotHeight - 1 - row)) / (plotHeight - 1);
    const label = row % 3 === 1 ? `${formatSignificant(joules)} J` : "";
    return `${label.padStart(axisWidth)}|${cells.join("").trimEnd()}\n`;
  });
  const end = `${formatSignificant(longest)} s`;
  return `${lines.join("")}${" ".repeat(axisWidth)}+${"-".repeat(columns)}\n${" ".repeat(axisWidth)}0${end.padStart(columns)}\n`;
}
