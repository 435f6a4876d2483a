/**
 * Prometheus' text exposition format, version 0.0.4. Values are texts, so that a total is written with all its digits and not
 * with those that a double leaves of it.
 */

export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  /** As it is written: "12.000001". */
  readonly value: string;
}

export interface MetricFamily {
  /** Base unit in the name; counters end in `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** A family without samples is left out: what is not known is not 0. */
  readonly samples: readonly Sample[];
}

/** A double with all its digits; labels first where there are any. */
export function numberSample(value: number, labels?: Readonly<Record<string, string>>): Sample {
  return labels === undefined ? { value: String(value) } : { labels, value: String(value) };
}

export function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, type: "counter", help, samples };
}

export function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, type: "gauge", help, samples };
}

export function prometheusText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join("");
}

function familyText({ name, type, help, samples }: MetricFamily): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/**
 * Help texts escape the backslash and the line feed, label values the quotation mark too. Half a surrogate pair has no UTF-8: all of them would
 * become one character, and names that differ one series.
 */
function escaped(text: string): string {
  if (!mayNeedEscape.test(text)) return text;
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll(/\p{Surrogate}/gu, (half) => `\\\\u${half.charCodeAt(0).toString(16)}`);
}

const mayNeedEscape = /[\\\n\ud800-\udfff]/;

const microjoulesPerJoule = 1_000_000n;

/** Joules with six decimals, exact for any total that is not negative. */
export function joulesText(microjoules: bigint): string {
  const fraction = (microjoules % microjoulesPerJoule).toString().padStart(6, "0");
  return `${microjoules / microjoulesPerJoule}.${fraction}`;
}
