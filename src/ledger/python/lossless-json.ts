/**
 * JSON as Python's `json` module reads it, without loss: numbers keep the text that they were written with (which tells an int
 * from a float, and holds every digit), and members stand in their order, doubled names included. NaN, Infinity and -Infinity
 * are numbers here, although JSON has no words for them, since that module writes and reads them.
 */
export type LosslessJson = null | boolean | string | LosslessNumber | LosslessArray | LosslessObject;

export interface LosslessNumber {
  readonly type: "number";
  /** As it was written. */
  readonly token: string;
}

export interface LosslessArray {
  readonly type: "array";
  readonly items: readonly LosslessJson[];
}

export interface LosslessObject {
  readonly type: "object";
  readonly members: readonly (readonly [name: string, value: LosslessJson])[];
}

/** Deeper texts are refused: Python's own reader gives up at about as many levels. */
const maximumDepth = 900;

/** The value of a text. Throws a SyntaxError that says what stands in the way, and at which character. */
export function parseLossless(text: string): LosslessJson {
  return new Reader(text).wholeText();
}

const numberForm = /-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|Infinity)|NaN/y;
const whiteSpaceForm = /[ \t\n\r]*/y;

class Reader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  wholeText(): LosslessJson {
    this.#skipWhiteSpace();
    const value = this.#value(0);
    this.#skipWhiteSpace();
    if (this.#position < this.#text.length) throw this.#unexpected("the end");
    return value;
  }

  #value(depth: number): LosslessJson {
    if (depth > maximumDepth) throw new SyntaxError(`it is nested deeper than ${maximumDepth} levels`);
    switch (this.#text.charAt(this.#position)) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      default:
        return this.#wordOrNumber();
    }
  }

  #object(depth: number): LosslessObject {
    const members: (readonly [string, LosslessJson])[] = [];
    this.#listUntil("}", () => {
      const name = this.#string();
      this.#skipWhiteSpace();
      this.#expect(":");
      this.#skipWhiteSpace();
      members.push([name, this.#value(depth + 1)]);
    });
    return { type: "object", members };
  }

  #array(depth: number): LosslessArray {
    const items: LosslessJson[] = [];
    this.#listUntil("]", () => {
      items.push(this.#value(depth + 1));
    });
    return { type: "array", items };
  }

  #listUntil(end: "}" | "]", readOne: () => void): void {
    this.#position += 1;
    this.#skipWhiteSpace();
    if (this.#take(end)) return;
    for (;;) {
      readOne();
      this.#skipWhiteSpace();
      if (this.#take(end)) return;
      this.#expect(",");
      this.#skipWhiteSpace();
    }
  }

  #string(): string {
    const start = this.#position + 1;
    const end = this.#text[this.#position] === '"' ? endOfString(this.#text, start) : -1;
    if (end === -1) throw this.#unexpected("a string");
    this.#position = end + 1;
    const inner = this.#text.slice(start, end);
    if (/[^ -\uffff]/.test(inner)) throw new SyntaxError("one of its strings holds a control character");
    return inner.includes("\\") ? unescaped(inner) : inner;
  }

  #wordOrNumber(): LosslessJson {
    const token = this.#match(numberForm);
    if (token !== undefined) return { type: "number", token };
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (!this.#text.startsWith(word, this.#position)) continue;
      this.#position += word.length;
      return value;
    }
    throw this.#unexpected("a value");
  }

  #match(form: RegExp): string | undefined {
    form.lastIndex = this.#position;
    const found = form.exec(this.#text)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }

  #skipWhiteSpace(): void {
    this.#match(whiteSpaceForm);
  }

  #take(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#unexpected(`"${character}"`);
  }

  #unexpected(wanted: string): SyntaxError {
    const at =
      this.#position >= this.#text.length ? "it ends" : `it goes on otherwise at character ${this.#position + 1}`;
    return new SyntaxError(`${at} where ${wanted} is due`);
  }
}

/** Of the quotation mark that ends a string, or -1. A regular expression over a long string would exhaust its stack. */
function endOfString(text: string, start: number): number {
  for (let position = start; position < text.length; position += 1) {
    const character = text[position];
    if (character === '"') return position;
    if (character === "\\") position += 1;
  }
  return -1;
}

const escapeForm = /\\(?:(["\\/bfnrt])|u([0-9a-fA-F]{4}))/g;
const letters: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function unescaped(inner: string): string {
  if (inner.replace(escapeForm, "").includes("\\")) throw new SyntaxError("one of its strings holds an unknown escape");
  return inner.replace(escapeForm, (_escape, letter: string | undefined, hex: string) =>
    letter === undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (letters[letter] ?? letter),
  );
}
