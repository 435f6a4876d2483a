import { printable, visibleName } from "../terminal/style.ts";

/** HTML that was put together from constants and escaped text. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | readonly Html[];

/** Joins a template; whatever is put into it is escaped, unless it is HTML already. */
export function html(constants: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const texts = parts.map(textOf);
  return { html: constants.map((constant, index) => constant + (texts[index] ?? "")).join("") };
}

export const nothing: Html = { html: "" };

function textOf(part: Part): string {
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escaped(part);
  return "html" in part ? part.html : part.map((each) => each.html).join("");
}

/** Nothing in it is a tag, an entity, an end of an attribute, a control character, or turns the direction of what follows. */
function escaped(text: string): string {
  return printable(text, true)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** A sentence in which the flags of commands stay whole at the end of a line. */
export function sentenceHtml(sentence: string): Html {
  const parts = sentence.split(/(--[a-z][a-z-]*)/);
  const spans = parts.map((part, index) =>
    index % 2 === 1 ? html`<span class="whole">${part}</span>` : html`${part}`,
  );
  return html`${spans}`;
}

const longestName = 120;

/** Somebody else's name: its own direction stays inside of it, and it is cut where it is very long. */
export function nameHtml(name: string): Html {
  return html`<bdi>${shortened(visibleName(name))}</bdi>`;
}

/** By whole characters as readers see them, unless one alone is longer. */
export function shortened(name: string): string {
  if (name.length <= longestName) return name;
  let end = 0;
  for (const { index, segment } of new Intl.Segmenter("en").segment(name.slice(0, 2 * longestName))) {
    if (index + segment.length > longestName) break;
    end = index + segment.length;
  }
  return `${name.slice(0, end === 0 ? longestName : end)}…`;
}
