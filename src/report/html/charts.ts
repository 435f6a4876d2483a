import { type Html, html, nothing } from "./escape.ts";

/** Pictures without words in them: they stretch with the page, and the words beside them keep their size. */

export interface Bar {
  readonly label: string;
  /** Null where nothing is known: drawn as a gap. */
  readonly value: number | null;
  /** Ends of an interval around the value; null where there is none. */
  readonly interval: readonly [lower: number, upper: number] | null;
  /** What the bar says, in words. */
  readonly text: string;
}

export interface BarChart {
  readonly title: string;
  /** What the bars are of: "CO2e". */
  readonly measure: string;
  /** For those who cannot see it. */
  readonly description: string;
  readonly bars: readonly Bar[];
  readonly colour: "grams" | "energy";
  readonly format: (value: number) => string;
  readonly intervalText: string | null;
}

const step = 10;
const height = 100;

export function barChart({ title, measure, description, bars, colour, format, intervalText }: BarChart): Html {
  const top = roundAbove(Math.max(...bars.flatMap(({ value, interval }) => [value ?? 0, interval?.[1] ?? 0])));
  const hasGap = bars.some(({ value }) => value === null);
  const y = (value: number): string => fixed(height * (1 - Math.min(value, top) / top));
  const drawn = bars.map((bar, index) =>
    bar.value === null ? gapFrom(bars, index) : drawnBar(bar, index * step, colour, y),
  );
  return html`<figure>
<figcaption>${title}</figcaption>
<div class="plot">
<div class="y" aria-hidden="true"><span>${format(top)}</span><span>${format(top / 2)}</span><span>0</span></div>
<svg role="img" aria-label="${description}" viewBox="0 0 ${bars.length * step} ${height}" preserveAspectRatio="none"><line class="half" x1="0" x2="${bars.length * step}" y1="${height / 2}" y2="${height / 2}"/>${drawn}</svg>
<div class="x" aria-hidden="true">${axisLabels(bars)}</div>
</div>
<p class="legend">${legendItem(colour, measure)}${intervalText === null ? nothing : legendWhisker(intervalText)}${hasGap ? legendItem("gap", "no record: not known to be 0") : nothing}</p>
</figure>`;
}

/** One gap for all neighbours without a value, drawn with the first of them. */
function gapFrom(bars: readonly Bar[], first: number): Html {
  if (first > 0 && bars[first - 1]?.value === null) return nothing;
  const next = bars.findIndex(({ value }, index) => index > first && value !== null);
  const end = next === -1 ? bars.length : next;
  const labels = [...new Set([bars[first]?.label ?? "", bars[end - 1]?.label ?? ""])].join(" to ");
  return html`<g><title>${labels}: no record</title><rect class="gap" x="${first * step}" y="0" width="${(end - first) * step}" height="${height}"/></g>`;
}

function drawnBar(
  { value: known, interval, text }: Bar,
  x: number,
  colour: string,
  y: (value: number) => string,
): Html {
  const title = html`<title>${text}</title>`;
  const value = known ?? 0;
  const bar = html`<rect class="${colour}" x="${x + 1}" y="${y(value)}" width="${step - 2}" height="${fixed(height - Number(y(value)))}"/>`;
  if (interval === null) return html`<g>${title}${bar}</g>`;
  const [lower, upper] = interval;
  const middle = x + step / 2;
  return html`<g>${title}${bar}<line class="whisker" x1="${middle}" x2="${middle}" y1="${y(upper)}" y2="${y(lower)}"/></g>`;
}

/** The first, the middle and the last; fewer where there are fewer. */
function axisLabels(bars: readonly Bar[]): readonly Html[] {
  const last = bars.length - 1;
  const middle = Math.floor(last / 2);
  return [...new Set([0, middle, last])].map((place) => {
    const isMiddle = place === middle && place !== 0 && place !== last;
    return html`<span${isMiddle ? middleClass : nothing}>${bars[place]?.label ?? ""}</span>`;
  });
}

const middleClass: Html = { html: ' class="middle"' };

function legendItem(colour: string, text: string): Html {
  return html`<span><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${colour}" width="10" height="10"/></svg>${text}</span>`;
}

function legendWhisker(text: string): Html {
  return html`<span><svg viewBox="0 0 10 10" aria-hidden="true"><line class="whisker" x1="5" x2="5" y1="0" y2="10"/></svg>${text}</span>`;
}

/** A bar of a share in [0, 1]; the figure stands beside it. */
export function shareBar(share: number, colour: "grams" | "energy" | "share"): Html {
  const width = fixed(100 * Math.min(1, Math.max(0, share)));
  return html`<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="${colour}" width="${width}" height="6"/></svg>`;
}

/** A mean inside of its interval, from 0 on. */
export function rangeBar(mean: number, lower: number, upper: number): Html {
  const end = Math.max(upper, mean) * 1.05;
  if (!(end > 0 && Number.isFinite(end))) return nothing;
  const x = (value: number): number => (100 * value) / end;
  return html`<svg class="range" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="axis" y="4" width="100" height="2"/><rect class="band" x="${fixed(x(lower))}" y="1" width="${fixed(x(upper) - x(lower))}" height="8"/><rect class="mean" x="${fixed(x(mean) - 0.3)}" width="0.6" height="10"/></svg>`;
}

/** A round number whose half is round too; 1 where there is nothing above 0. */
function roundAbove(largest: number): number {
  if (!(largest > 0 && Number.isFinite(largest))) return Number.isFinite(largest) ? 1 : Number.MAX_VALUE;
  const magnitude = 10 ** Math.floor(Math.log10(largest));
  const factor = [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find((size) => size * magnitude >= largest) ?? 10;
  return factor * magnitude;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(2)));
}
