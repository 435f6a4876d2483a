import { styleText } from "node:util";

/** How words are set off on a terminal; without colour every function returns its text unchanged. */
export interface TextStyle {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  caution(text: string): string;
  bad(text: string): string;
}

type Format = Parameters<typeof styleText>[0];

export function textStyle(colour: boolean): TextStyle {
  const styled = (format: Format) => (text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  return {
    strong: styled("bold"),
    faint: styled("dim"),
    good: styled("green"),
    caution: styled("yellow"),
    bad: styled("red"),
  };
}

/** Colour belongs on a terminal only, and nowhere where NO_COLOR is set to anything but nothing (https://no-color.org). */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if ((environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb") return false;
  return stream.isTTY === true;
}

/** Text broken at spaces into lines of at most `width` characters; a longer word keeps a line of its own. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** Rows of a label and a text, the text wrapped and indented behind the widest label. */
export function labelledRows(rows: readonly (readonly [string, string])[], width: number, style: TextStyle): string {
  const indent = Math.max(...rows.map(([label]) => label.length)) + 4;
  return rows
    .map(([label, text]) => {
      const [first = "", ...rest] = wrapText(text, Math.max(20, width - indent));
      const head = `  ${style.faint(label.padEnd(indent - 2))}${first}`;
      return [head, ...rest.map((line) => " ".repeat(indent) + line)].map((line) => `${line}\n`).join("");
    })
    .join("");
}

/** A name that somebody else chose, in a table: one of blanks alone is quoted, or its row would seem to have none. */
export function visibleName(name: string): string {
  return /^[\s\p{Z}\p{DI}\u2800]*$/u.test(name) ? `"${name}"` : name;
}

/**
 * Text that somebody else chose, without anything that could steer a terminal: control characters (C0, DEL, C1) and those that
 * change the direction of text are replaced.
 */
export function printable(text: string, keepLineFeeds = false): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    keepLineFeeds && character === "\n" ? character : "\ufffd",
  );
}
