import type { LosslessJson, LosslessNumber, LosslessObject } from "./lossless-json.ts";

/**
 * The three texts that Python's `json.dumps` makes of an entry: as a line of the file (members in their order, `", "` and
 * `": "`, ASCII), as what is signed (names sorted by code point, no white space, not ASCII alone) and as what is hashed (the
 * same, but ASCII).
 */
interface Form {
  readonly isSorted: boolean;
  readonly isAscii: boolean;
  readonly comma: string;
  readonly colon: string;
}

const lineForm: Form = { isSorted: false, isAscii: true, comma: ", ", colon: ": " };
const signedForm: Form = { isSorted: true, isAscii: false, comma: ",", colon: ":" };
const hashedForm: Form = { ...signedForm, isAscii: true };

/** `json.dumps(value)`: what the original writes into its file, without the line feed. */
export function asLine(value: LosslessJson): string {
  return write(value, lineForm);
}

/** `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`: what the original signs. */
export function asSigned(value: LosslessJson): string {
  return write(value, signedForm);
}

/** The same with `ensure_ascii=True`: what the original hashes. */
export function asHashed(value: LosslessJson): string {
  return write(value, hashedForm);
}

/** A name that stands twice in one object, or null: Python keeps the last value without a word. */
export function doubledName(value: LosslessJson): string | null {
  if (typeof value !== "object" || value === null || value.type === "number") return null;
  if (value.type === "array") return firstOf(value.items, doubledName);
  const names = value.members.map(([name]) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  return doubled ?? firstOf(value.members, ([, inner]) => doubledName(inner));
}

/** Whether a number in it is NaN or infinite, which no JSON reader but Python's takes. */
export function holdsNonFinite(value: LosslessJson): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value.type === "number") return !Number.isFinite(Number(value.token));
  if (value.type === "array") return value.items.some(holdsNonFinite);
  return value.members.some(([, inner]) => holdsNonFinite(inner));
}

function firstOf<Item>(items: readonly Item[], find: (item: Item) => string | null): string | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

function write(value: LosslessJson, form: Form): string {
  if (typeof value === "string") return writeString(value, form);
  if (typeof value !== "object" || value === null) return String(value);
  if (value.type === "number") return writeNumber(value);
  if (value.type === "array") return `[${value.items.map((item) => write(item, form)).join(form.comma)}]`;
  const members = form.isSorted ? sorted(value) : value.members;
  return `{${members.map(([name, inner]) => writeString(name, form) + form.colon + write(inner, form)).join(form.comma)}}`;
}

/** The order of UTF-8 bytes is that of code points; that of JavaScript's strings is not. */
function sorted({ members }: LosslessObject): LosslessObject["members"] {
  return members
    .map((member) => ({ member, bytes: Buffer.from(member[0]) }))
    .sort((left, right) => Buffer.compare(left.bytes, right.bytes))
    .map(({ member }) => member);
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function writeString(text: string, { isAscii }: Form): string {
  const special = isAscii ? /["\\]|[^ -~]/g : /["\\]|[^ -\uffff]/g;
  return `"${text.replace(special, escaped)}"`;
}

/** Without the u flag a class matches code units: an astral character becomes its surrogate pair. */
function escaped(unit: string): string {
  return shortEscapes[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** An int has no point and no exponent, and any number of digits; everything else is a float. */
function writeNumber({ token }: LosslessNumber): string {
  return /^-?[0-9]+$/.test(token) ? BigInt(token).toString() : floatText(Number(token));
}

/**
 * `repr` of a Python float: the shortest digits that give the same double (as in ECMAScript), with an exponent where it is
 * below -4 or at least 16 (CPython, Objects/floatobject.c `float_repr` and Python/pystrtod.c, format code "r").
 */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "", exponentText = ""] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits.slice(0, 1)}${fraction}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
