import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openCheckpoint } from "../../src/ledger/checkpoint.ts";
import { readRecord } from "../../src/ledger/line.ts";
import { parseVerifierKey } from "../../src/ledger/verifier-key.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { linesOf, vkey, writtenLedger } from "./ledger-folder.ts";

/** `npm run bench -- ledger-fuzz` does the same a hundred thousand times, and to proofs and keys. */
const change = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.integer({ min: 0, max: 40 }),
  added: fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    fc.constantFrom("\n", "\n\n", '"', "}", "[".repeat(300), "1e400", "-0", "\ufeff").map((text) => Buffer.from(text)),
  ),
});

interface Change {
  readonly place: number;
  readonly removed: number;
  readonly added: Uint8Array;
}

function changed(original: Buffer, changes: readonly Change[]) {
  return changes.reduce((bytes, { place, removed, added }) => {
    const at = Math.floor(place * bytes.length);
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
  }, original);
}

const changes = fc.array(change, { minLength: 1, maxLength: 4 });

test("no mutation of a ledger is taken for the ledger, or ends the check", async () => {
  const path = await writtenLedger(6);
  const bytes = readFileSync(path);
  const checkpoint = readFileSync(`${path}.checkpoint`);
  const falsely: string[] = [];
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const mutated = changed(bytes, list);
      const { valid, unsignedLines } = await verifyLedger(Readable.from([mutated]), { keys: [vkey], checkpoint });
      // Bytes behind the last line feed are no part of the ledger.
      const isLedger = mutated.subarray(0, bytes.length).equals(bytes);
      if (valid && unsignedLines === 0 && !isLedger) falsely.push(mutated.toString("base64"));
    }),
    { numRuns: 300 },
  );
  expect(falsely).toEqual([]);
});

test("no mutation of a checkpoint is accepted with another text", async () => {
  const note = readFileSync(`${await writtenLedger(2)}.checkpoint`);
  const textOf = (bytes: Buffer): string => bytes.toString("latin1", 0, bytes.lastIndexOf("\n\n"));
  const falsely: string[] = [];
  fc.assert(
    fc.property(changes, (list) => {
      const mutated = changed(note, list);
      const isAccepted = openCheckpoint(mutated, [parseVerifierKey(vkey)]).ok;
      if (isAccepted && textOf(mutated) !== textOf(note)) falsely.push(mutated.toString("base64"));
    }),
    { numRuns: 1000 },
  );
  expect(falsely).toEqual([]);
});

test("a mutation of a line is refused, or is JSON that a plain sorted printer writes in the same way", async () => {
  const line = Buffer.from(linesOf(await writtenLedger(2))[2] ?? "");
  const sorted = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${sorted(member)}`).join(",")}}`;
  };
  const falsely: string[] = [];
  fc.assert(
    fc.property(changes, (list) => {
      const mutated = changed(line, list);
      if (typeof readRecord(mutated) === "string") return;
      const text = mutated.toString("utf8");
      if (sorted(JSON.parse(text)) !== text) falsely.push(text);
    }),
    { numRuns: 1000 },
  );
  expect(falsely).toEqual([]);
});
