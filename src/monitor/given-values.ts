import type { EnergyLoggerOptions } from "./logger-options.ts";
import type { TaskOptions } from "./task.ts";
import type { TaskSink } from "./task-interval.ts";

/**
 * What an application hands in, whatever it is: plain JavaScript is held to no type, and nothing that is wrong with it may reach the
 * application as an error. It is made usable or left out, and a sentence says so.
 */

/** Takes a sentence; of each sort the first is kept. */
export type Remark = (sort: string, sentence: string) => void;

export function remarksInto(sentences: string[]): Remark {
  const said = new Set<string>();
  return (sort, sentence) => {
    if (said.has(sort)) return;
    said.add(sort);
    sentences.push(sentence);
  };
}

const noName = "(no name)";

/** The name of a task or an operation, as text. */
export function givenName(name: unknown, remark: Remark): string {
  if (typeof name === "string") return name;
  const text = plainText(name) ?? noName;
  remark("name", `The name of a task is ${inWords(name)}, but must be a text; it is called "${text}".`);
  return text;
}

/** The options of a task. What listens to nothing is no signal, and is left out. */
export function givenTaskOptions(options: TaskOptions | undefined, remark: Remark): TaskOptions {
  const given: unknown = options;
  if (given === undefined || options === undefined) return noOptions;
  if (typeof given !== "object" || given === null) {
    remark("options", `The options of a task are ${inWords(given)}, but must be an object; they are left out.`);
    return noOptions;
  }
  const signal: unknown = options.signal;
  if (signal === undefined || signal instanceof AbortSignal) return options;
  if (signal !== null) {
    remark("signal", `The signal of a task is ${inWords(signal)}, but must be an AbortSignal; it ends no task.`);
  }
  return { ...options, signal: undefined };
}

const noOptions: TaskOptions = {};

type Labels = Readonly<Record<string, string>>;

/** Null where there are none. Values that are no text become one where they can. */
export function givenLabels(labels: unknown, remark: Remark): Labels | null {
  if (labels === undefined || labels === null) return null;
  if (!isRecord(labels)) {
    remark(
      "labels",
      `The labels of a task are ${inWords(labels)}, but must be an object of names and texts; it has none.`,
    );
    return null;
  }
  if (areTexts(labels)) return labels;
  const kept = Object.entries(labels).flatMap(([name, value]): readonly (readonly [string, string])[] => {
    const text = typeof value === "string" ? value : plainText(value);
    if (name !== "" && text !== null) return [[name, text]];
    const why =
      name === ""
        ? "A label of a task has no name"
        : `The label ${inWords(name)} of a task is ${inWords(value)}, but must be a text`;
    remark("label", `${why}; it is left out.`);
    return [];
  });
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/** Says so where the options of `monitor` stand in the place of its information. */
export function checkInformation(information: unknown, options: unknown, remark: Remark): void {
  if (options !== undefined || !areOptions(information)) return;
  remark(
    "information",
    "monitor has labels or a signal as its third argument, where they are information and no options; write them as the fourth: monitor(name, work, undefined, { labels, signal }).",
  );
}

/** No options where they are no object. */
export function givenOptions(options: unknown, problems: string[]): EnergyLoggerOptions {
  if (isOptionsObject(options)) return options;
  if (options !== undefined) {
    problems.push(`EnergyLogger.open has ${inWords(options)}, but takes an object of options; it is opened without.`);
  }
  return {};
}

/** The members of a list of sinks, which may be anything yet. */
export function givenSinks(sinks: unknown, remark: Remark): readonly unknown[] {
  if (sinks === undefined || sinks === null) return [];
  if (Array.isArray(sinks)) return sinks;
  remark("sinks", `The option sinks is ${inWords(sinks)}, but must be an array of sinks; there are none.`);
  return [];
}

/** Whether something can be handed anything. */
export function isSink(sink: unknown, remark: Remark): sink is TaskSink {
  const isOne =
    ((typeof sink === "object" && sink !== null) || typeof sink === "function") &&
    ("interval" in sink || "ended" in sink);
  if (!isOne) {
    remark(
      `sink ${inWords(sink)}`,
      `A sink is ${inWords(sink)}, but must be an object with a function interval or ended; it is handed nothing.`,
    );
  }
  return isOne;
}

/** Asked at every start of a task that has labels. */
function areTexts(labels: Readonly<Record<string, unknown>>): labels is Labels {
  for (const name of Object.keys(labels)) {
    if (name === "" || typeof labels[name] !== "string") return false;
  }
  return true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areOptions(information: unknown): boolean {
  try {
    if (typeof information !== "object" || information === null) return false;
    if ("signal" in information && information.signal instanceof AbortSignal) return true;
    const names = Object.keys(information);
    return names.length > 0 && names.every((name) => name === "labels" || name === "signal");
  } catch {
    return false;
  }
}

function isOptionsObject(options: unknown): options is EnergyLoggerOptions {
  return typeof options === "object" && options !== null && !Array.isArray(options);
}

/** Numbers and the like as text; null for anything that has no text of its own. */
function plainText(value: unknown): string | null {
  const isPlain = typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
  return isPlain ? String(value) : null;
}

const longestShown = 40;

/** A value in a sentence; it throws for none. */
function inWords(value: unknown): string {
  if (typeof value === "string") {
    return value.length > longestShown ? `"${value.slice(0, longestShown)}…"` : `"${value}"`;
  }
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return plainText(value) ?? (typeof value === "object" ? "an object" : `a ${typeof value}`);
}
