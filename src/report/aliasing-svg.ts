import { formatSignificant } from "../units.ts";
import type { AliasingResult, ReaderResult } from "./terminal/aliasing.ts";

const width = 800;
const height = 480;
const margin = { left: 80, right: 20, top: 64, bottom: 150 };
/** Told apart by colour and by dashes. */
const strokes: readonly (readonly [colour: string, dashes: string])[] = [
  ["#0b6e4f", ""],
  ["#8a5a00", "8 4"],
  ["#b3261e", "2 3"],
  ["#5b3fa0", "10 3 2 3"],
];

/** The plot of `carbon-ops demo aliasing` as a picture that stands alone. */
export function aliasingSvg(result: AliasingResult): string {
  const readers = [result.exact, ...result.scrapers];
  const longest = Math.max(1, result.durationSeconds);
  const largest = Math.max(1, ...readers.flatMap(({ points }) => points.map(([, joules]) => joules)));
  const x = (seconds: number): string =>
    (margin.left + (seconds / longest) * (width - margin.left - margin.right)).toFixed(1);
  const y = (joules: number): string =>
    (height - margin.bottom - (joules / largest) * (height - margin.top - margin.bottom)).toFixed(1);
  const whence = result.isSimulated ? "simulated, no counter was read" : "read on hardware";
  const title = `Joules added up by readers of a 32-bit counter (${whence})`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="14">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="16" y="26" font-size="16" font-weight="bold">${escaped(title)}</text>`,
    `<text x="16" y="46">${escaped(result.counter)}</text>`,
    ...[0, 0.25, 0.5, 0.75, 1].map((part) => gridLine(part * largest, y(part * largest))),
    ...[0, 0.25, 0.5, 0.75, 1].map((part) => timeLabel(part * longest, x(part * longest))),
    ...readers.map((reader, index) => readerLine(reader, index, x, y)),
    ...readers.map((reader, index) => legend(reader, index)),
    "</svg>\n",
  ].join("\n");
}

function gridLine(joules: number, y: string): string {
  const line = `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}" stroke="#cccccc"/>`;
  return `${line}<text x="${margin.left - 8}" y="${y}" text-anchor="end" dominant-baseline="middle">${formatSignificant(joules)} J</text>`;
}

function timeLabel(seconds: number, x: string): string {
  return `<text x="${x}" y="${height - margin.bottom + 20}" text-anchor="middle">${formatSignificant(seconds)} s</text>`;
}

type Scale = (value: number) => string;

function readerLine({ points }: ReaderResult, index: number, x: Scale, y: Scale): string {
  const [colour, dashes] = strokes[index] ?? ["#000000", ""];
  const path = points.map(([seconds, joules]) => `${x(seconds)},${y(joules)}`).join(" ");
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-dasharray="${dashes}"/>`;
}

function legend({ name, joules, wrapsMissed }: ReaderResult, index: number): string {
  const [colour, dashes] = strokes[index] ?? ["#000000", ""];
  const y = height - margin.bottom + 50 + index * 24;
  const line = `<line x1="16" x2="56" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2.5" stroke-dasharray="${dashes}"/>`;
  const text = `${name}: ${formatSignificant(joules, 5)} J, ${wrapsMissed} wraps missed`;
  return `${line}<text x="66" y="${y}" dominant-baseline="middle">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
