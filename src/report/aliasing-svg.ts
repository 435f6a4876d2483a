import { formatSignificant } from "../units.ts";
import { type AliasingResult, type ReaderResult, readersOf } from "./terminal/aliasing.ts";

const width = 800;
const plotBottom = 360;
const margin = { left: 92, right: 24, top: 72 };
const legendTop = plotBottom + 74;
const legendStep = 24;

interface Stroke {
  readonly colour: string;
  readonly dashes: string;
  readonly mark: "none" | "circle" | "square" | "triangle" | "cross" | "diamond";
}

/** Told apart by colour, by dashes and by the mark at each scrape. */
const strokes: readonly Stroke[] = [
  { colour: "#0b6e4f", dashes: "", mark: "none" },
  { colour: "#8a5a00", dashes: "8 4", mark: "circle" },
  { colour: "#b3261e", dashes: "2 3", mark: "square" },
  { colour: "#5b3fa0", dashes: "10 3 2 3", mark: "triangle" },
  { colour: "#1f5fa8", dashes: "6 3", mark: "cross" },
  { colour: "#6b6b00", dashes: "3 2", mark: "diamond" },
];
const plain: Stroke = { colour: "#000000", dashes: "", mark: "none" };

/** The plot of `carbon-ops demo aliasing` as a picture that stands alone. */
export function aliasingSvg(result: AliasingResult): string {
  const readers = readersOf(result);
  const longest = Math.max(1, result.durationSeconds);
  const joulesAxis = axisOf(Math.max(1, ...readers.flatMap(({ points }) => points.map(([, joules]) => joules))));
  const timeAxis = axisOf(longest);
  const legendBottom = legendTop + readers.length * legendStep;
  const notes = result.prometheus.readers.length === 0 ? [] : [prometheusNote(legendBottom)];
  const height = legendBottom + 4 + notes.length * legendStep;
  const x: Scale = (seconds) => margin.left + (seconds / timeAxis.end) * (width - margin.left - margin.right);
  const y: Scale = (joules) => plotBottom - (joules / joulesAxis.end) * (plotBottom - margin.top);
  const whence = result.isSimulated ? "simulated, no counter was read" : "read on hardware";
  const title = `Joules added up by readers of a 32-bit counter (${whence})`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" font-size="14">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="16" y="26" font-size="16" font-weight="bold">${escaped(title)}</text>`,
    `<text x="16" y="48">${escaped(result.counter)}</text>`,
    ...joulesAxis.ticks.map((joules) => gridLine(joules, y(joules))),
    ...timeAxis.ticks.map((seconds) => timeTick(seconds, x(seconds))),
    axisTitles(),
    ...readers.map((reader, index) => readerLine(reader, strokes[index] ?? plain, x, y)),
    ...readers.map((reader, index) => legend(reader, strokes[index] ?? plain, legendTop + index * legendStep)),
    ...notes,
    "</svg>\n",
  ].join("\n");
}

type Scale = (value: number) => number;

interface Axis {
  readonly end: number;
  readonly ticks: readonly number[];
}

/** An axis from 0 whose ticks are round numbers, four to eight of them. */
function axisOf(largest: number): Axis {
  const magnitude = 10 ** Math.floor(Math.log10(largest));
  const step = [0.2, 0.25, 0.5, 1, 2].map((part) => part * magnitude).find((size) => largest / size <= 7) ?? magnitude;
  const count = Math.ceil(largest / step - 1e-9);
  return { end: count * step, ticks: Array.from({ length: count + 1 }, (_, index) => index * step) };
}

function gridLine(joules: number, y: number): string {
  const line = `<line x1="${margin.left}" x2="${width - margin.right}" y1="${fixed(y)}" y2="${fixed(y)}" stroke="#dddddd"/>`;
  return `${line}<text x="${margin.left - 8}" y="${fixed(y + 5)}" text-anchor="end">${tickText(joules)}</text>`;
}

function timeTick(seconds: number, x: number): string {
  const line = `<line x1="${fixed(x)}" x2="${fixed(x)}" y1="${plotBottom}" y2="${plotBottom + 5}" stroke="#555555"/>`;
  return `${line}<text x="${fixed(x)}" y="${plotBottom + 22}" text-anchor="middle">${tickText(seconds)}</text>`;
}

/** Round, so that it needs no more digits than it has. */
function tickText(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function axisTitles(): string {
  const middle = (margin.top + plotBottom) / 2;
  const time = `<text x="${(margin.left + width - margin.right) / 2}" y="${plotBottom + 44}" text-anchor="middle">time (s)</text>`;
  return `${time}<text x="22" y="${middle}" text-anchor="middle" transform="rotate(-90 22 ${middle})">energy so far (J)</text>`;
}

function readerLine({ points }: ReaderResult, { colour, dashes, mark }: Stroke, x: Scale, y: Scale): string {
  const places = points.map(([seconds, joules]) => [x(seconds), y(joules)] as const);
  const path = places.map(([left, top]) => `${fixed(left)},${fixed(top)}`).join(" ");
  const line = `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashed(dashes)}/>`;
  return [line, ...places.map(([left, top]) => markAt(mark, left, top, colour))].join("");
}

function markAt(mark: Stroke["mark"], x: number, y: number, colour: string): string {
  const paint = `fill="#ffffff" stroke="${colour}" stroke-width="1.5"`;
  const path = (shape: string): string =>
    `<path transform="translate(${fixed(x)} ${fixed(y)})" d="${shape}" ${paint}/>`;
  switch (mark) {
    case "none":
      return "";
    case "circle":
      return `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="3.5" ${paint}/>`;
    case "square":
      return path("M-3.5-3.5h7v7h-7z");
    case "triangle":
      return path("M0-4.5L4.5 3.5h-9z");
    case "cross":
      return path("M-4-4L4 4M-4 4L4-4");
    case "diamond":
      return path("M0-5L5 0L0 5L-5 0z");
  }
}

function legend({ name, joules, wrapsMissed }: ReaderResult, { colour, dashes, mark }: Stroke, y: number): string {
  const line = `<line x1="16" x2="60" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"${dashed(dashes)}/>`;
  const wraps = wrapsMissed === 1 ? "1 wrap missed" : `${wrapsMissed} wraps missed`;
  const text = `${name}: ${formatSignificant(joules, 5)} J, ${wraps}`;
  return `${line}${markAt(mark, 38, y, colour)}<text x="70" y="${y + 5}">${escaped(text)}</text>`;
}

/** Its figure is larger than where its line ends. */
function prometheusNote(y: number): string {
  const text = "Prometheus' lines are what it scraped; increase() extrapolates that to the whole time.";
  return `<text x="16" y="${y + 5}" font-size="12">${escaped(text)}</text>`;
}

function dashed(dashes: string): string {
  return dashes === "" ? "" : ` stroke-dasharray="${dashes}"`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
