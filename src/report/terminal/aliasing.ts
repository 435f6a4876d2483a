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
  /** Null on hardware: there the exact accumulation is the reference. */
  readonly trueJoules: number | null;
  /** Wraps of the register, and of its microjoules in 32 bits, while it was read. */
  readonly registerWraps: number;
  readonly microjouleWraps: number;
  readonly exact: ReaderResult;
  readonly scrapers: readonly ReaderResult[];
}

/** Joules that 32 bits of microjoules hold: 2^32 µJ. */
const microjoules32Joules = 4294.967_296;

/** What `carbon-ops demo aliasing` shows on a terminal. */
export function aliasingPage(result: AliasingResult, width: number, style: TextStyle): string {
  const { exact, scrapers, trueJoules } = result;
  const referenceJoules = trueJoules ?? exact.joules;
  const meanWatts = referenceJoules / result.durationSeconds;
  const whence = result.isSimulated ? "SIMULATED, no counter of this machine was read" : "a counter of this machine";
  const readers = [exact, ...scrapers].map((reader, index) =>
    readerRow(reader, referenceJoules, marks[index] ?? "", style),
  );
  const rows: (readonly [string, string])[] = [
    ["counter", `${whence}: ${result.counter}`],
    [
      "energy",
      `${formatSignificant(referenceJoules, 6)} J in ${formatSignificant(result.durationSeconds)} s, ${formatSignificant(meanWatts)} W on average${trueJoules === null ? " (by the exact accumulation)" : " (known exactly)"}`,
    ],
    ["wraps", `register ${result.registerWraps}, its microjoules in 32 bits ${result.microjouleWraps}`],
    [
      "so",
      `32 bits of microjoules hold ${formatSignificant(microjoules32Joules, 4)} J: at this power they must be read at least every ${formatSignificant(microjoules32Joules / meanWatts)} s`,
    ],
  ];
  return [
    `${style.strong("Energy that readers of a 32-bit counter add up")}\n`,
    labelledRows(rows, width, style),
    "\n",
    ...readers,
    "\n",
    plot([exact, ...scrapers], Math.min(width, 80)),
  ].join("");
}

const marks: readonly string[] = ["*", "r", "m", "p"];

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
