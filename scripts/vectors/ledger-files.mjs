import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What the readers of the ledger's vectors share. */
export function readJson(directory, path) {
  return JSON.parse(readFileSync(join(directory, path), "utf8"));
}

export function textOf(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

export function assertEqual(what, actual, expected) {
  const [is, due] = [shown(actual), shown(expected)];
  if (is !== due) throw new Error(`${what} is ${is}, expected ${due}`);
}

export function assertThrows(complaint, action) {
  try {
    action();
  } catch {
    return;
  }
  throw new Error(complaint);
}

/** A list that a file may lack, as cases; anything else in its place is a defect of the file. */
export function listOf(value, name) {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${name} is not a list`);
  return value;
}

/** Members that no reader here knows would be passed over without a word. */
export function assertKnownMembers(object, known) {
  for (const name of Object.keys(object)) {
    if (!known.includes(name)) throw new Error(`the member "${name}" is not known to this reader`);
  }
}

function shown(value) {
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}
