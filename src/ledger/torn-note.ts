import { openCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import type { VerifierKey } from "./verifier-key.ts";

/**
 * Whether bytes at the end of a history are what a crash leaves of a checkpoint: its beginning, perhaps with zeros where a
 * power cut lost the rest. Anything else was put there, or made so, by somebody.
 *
 * What is missing is filled in from a checkpoint of size 1 over a root of zeros; then the form of the whole can be tested.
 */
export function beginsNote(bytes: Buffer, key: VerifierKey, origin: string): boolean {
  // One character a byte: the bytes may end inside of the dash, which takes three.
  const lines = bytes.toString("latin1").replace(/\0+$/, "").split("\n");
  // While a key follows another one, a second signature follows the first: of its line nothing need be right but the beginning.
  const extraLine = lines.length === 6 ? (lines.pop() ?? "") : null;
  if (extraLine !== null) {
    if (!beginsSignatureLine(extraLine)) return false;
    lines.push("");
  }
  const last = lines.length - 1;
  const completed = exampleNote(key, origin)
    .split("\n")
    .map((example, index) => {
      const line = lines[index] ?? "";
      return index < last ? line : line + example.slice(line.length);
    });
  if (lines.length > completed.length) return false;
  const text = completed.slice(0, 3).map((line) => `${line}\n`);
  if (parseCheckpoint(text.join(""))?.origin !== origin) return false;
  const opened = openCheckpoint(Buffer.from(completed.join("\n"), "latin1"), [key]);
  return opened.ok || opened.fault === "bad_signature";
}

function beginsSignatureLine(line: string): boolean {
  const start = Buffer.from("— ").toString("latin1");
  return line.length < start.length ? start.startsWith(line) : line.startsWith(start);
}

function exampleNote({ name, keyId }: VerifierKey, origin: string): string {
  const root = Buffer.alloc(32).toString("base64");
  const signature = Buffer.concat([Buffer.from(keyId, "hex"), Buffer.alloc(64)]).toString("base64");
  return Buffer.from(`${origin}\n1\n${root}\n\n— ${name} ${signature}\n`).toString("latin1");
}
