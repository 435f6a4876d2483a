import { expect, test } from "vitest";
import { z } from "zod";
import {
  type PythonVerification,
  type PythonVerifyOptions,
  verifyPythonLedger,
} from "../../../src/ledger/python/verify-python.ts";
import { sharedJson, sharedText } from "../shared-vectors.ts";
import { body, pythonWriter } from "./python-original-writer.ts";

const writer = pythonWriter();
const { lines, hashes } = writer.ledger(
  ["1.0", "2.5", "1e-07", "100.0", "12345678901234567890"].map((grams) => body(grams)),
);
const headAt = (entries: number) => ({ entries, entryHash: hashes[entries - 1] ?? "" });

async function* inPieces(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  for (let start = 0; start < bytes.length; start += 100) yield bytes.subarray(start, start + 100);
}

const verify = async (text: string, options: PythonVerifyOptions = { key: writer.key }): Promise<PythonVerification> =>
  await verifyPythonLedger(inPieces(text), options);

const text = (of: readonly (string | undefined)[]): string => of.map((line) => `${line}\n`).join("");
const changed = (index: number, change: (line: string) => string): string =>
  text(lines.with(index, change(lines[index] ?? "")));

test("an untouched ledger is valid under its key, and its end is said", async () => {
  expect(await verify(text(lines))).toMatchObject({
    valid: true,
    entries: 5,
    firstBadLine: null,
    trust: "key",
    signedBy: writer.key,
    head: headAt(5),
  });
});

test("without a key the signatures are held against the one that the ledger names, and a warning says what that is worth", async () => {
  const { valid, trust, warnings } = await verify(text(lines), {});
  expect([valid, trust]).toEqual([true, "none"]);
  expect(warnings.join(" ")).toContain("proves nothing about who signed");
});

const other = pythonWriter();
const touched: readonly (readonly [what: string, content: string, line: number, reason: string])[] = [
  ["a number changed", changed(1, (line) => line.replace("2.5", "2.6")), 2, "signature does not fit"],
  ["a line deleted", text(lines.toSpliced(2, 1)), 3, "not the hash of the entry before"],
  ["two lines exchanged", text([lines[0], lines[2], lines[1], lines[3]]), 2, "not the hash of the entry before"],
  ["a line doubled", text([lines[0], lines[0]]), 2, "links to no entry"],
  ["a line by another key", text([lines[0], other.lineOf(body("1.0"), hashes[0] ?? "").line]), 2, "it names the key"],
  ["the head removed", text(lines.slice(1)), 1, "head of the ledger was removed"],
  ["the key's name changed", changed(2, (line) => line.replace(writer.key, other.key)), 3, "it names the key"],
  ["the algorithm's name changed", changed(2, (line) => line.replace("ed25519", "none")), 3, "signature_algorithm"],
  ["a second member of one name", changed(3, (line) => line.replace("{", '{"grams": 0.1, ')), 4, 'name "grams"'],
  ["a number spelled otherwise", changed(3, (line) => line.replace("100.0", "1e2")), 4, "not spelled"],
  ["a float made an int", changed(3, (line) => line.replace("100.0", "100")), 4, "signature does not fit"],
  ["white space", changed(0, (line) => line.replace(": ", ":")), 1, "not spelled"],
  [
    "members in another order",
    changed(0, (line) => line.replace(/("kind": "[a-z_]+"), (.*)(, "signing_key)/, "$2, $1$3")),
    1,
    "in this order",
  ],
  [
    "a signature in upper case",
    changed(0, (line) => line.replace(/"signature": "[0-9a-f]+"/, (part) => part.toUpperCase())),
    1,
    "",
  ],
  ["a blank line", text([lines[0], "", lines[1]]), 2, "blank"],
  ["a carriage return", changed(1, (line) => `${line}\r`), 2, "not spelled"],
  ["a line that is cut, glued to the next", changed(1, (line) => `${line.slice(0, 40)}${lines[2]}`), 2, "not JSON"],
  ["a number that overflows", changed(1, (line) => line.replace("2.5", "1e400")), 2, "not spelled"],
  ["half a surrogate pair", changed(1, (line) => line.replace("carbon_ops", "\\ud800")), 2, "unpaired surrogate"],
  ["bytes that are not UTF-8", changed(1, (line) => line.replace("carbon_ops", "\xff")), 2, "not UTF-8"],
  ["no JSON", text([lines[0], "[1]"]), 2, "not an object"],
  ["nothing", "", 1, "empty"],
];

test.each(touched)("%s is found, and the line named, with a key and without", async (_what, content, line, reason) => {
  const withKey = await verify(content);
  expect(withKey.firstBadLine).toMatchObject({ line, reason: expect.stringContaining(reason) });
  expect([withKey.valid, (await verify(content, {})).firstBadLine?.line]).toEqual([false, line]);
});

test.each([
  ["in the middle", 30],
  ["before its line feed", 0],
])("a last line that is cut %s is named, and told from tampering", async (_where, missing) => {
  const { valid, firstBadLine, tornTail } = await verify(text(lines).slice(0, -1 - missing));
  expect([valid, firstBadLine]).toEqual([false, { line: 5, reason: expect.stringContaining("no line feed ends it") }]);
  expect(tornTail).toEqual({ line: 5, bytes: (lines[4] ?? "").length - missing });
});

test("a tail that was cut off or replaced shows only when an end was kept", async () => {
  const cut = text(lines.slice(0, 3));
  const replaced = text([...lines.slice(0, 4), writer.lineOf(body("9.0"), hashes[3] ?? "").line]);
  expect([(await verify(cut)).valid, (await verify(replaced)).valid]).toEqual([true, true]);
  const kept = { key: writer.key, head: headAt(5) };
  expect((await verify(cut, kept)).headProblem).toContain("5 entries were there and 3 are");
  expect((await verify(replaced, kept)).headProblem).toContain("entry 5 has another hash");
});

test("a ledger that has grown since its end was kept is valid", async () => {
  expect(await verify(text(lines), { key: writer.key, head: headAt(2) })).toMatchObject({
    valid: true,
    headProblem: null,
  });
});

test("NaN and infinite numbers are valid as for the original, and pointed out", async () => {
  const odd = writer.ledger([body("1.0"), body("NaN"), body("-Infinity", ["list", "[Infinity]"])]);
  const { valid, nonFiniteLines, nonFiniteCount, warnings } = await verify(text(odd.lines));
  expect([valid, nonFiniteLines, nonFiniteCount]).toEqual([true, [2, 3], 2]);
  expect(warnings.join(" ")).toContain("are no JSON");
});

test("every change of a single byte is found, in the line that holds it or in the one behind it", async () => {
  const content = text(lines.slice(0, 3));
  const missed: number[] = [];
  for (let at = 0; at < content.length; at += 1) {
    const flipped = content.slice(0, at) + String.fromCharCode(content.charCodeAt(at) ^ 1) + content.slice(at + 1);
    const line = content.slice(0, at).split("\n").length;
    if ((await verify(flipped)).firstBadLine?.line !== line) missed.push(at);
  }
  expect(missed).toEqual([]);
});

test.each(["12", "zz".repeat(32), "00".repeat(32)])("the key %s is refused", async (key) => {
  await expect(verify(text(lines), { key })).rejects.toMatchObject({ code: "KEY_INVALID" });
});

const ledgerOfManifest = z.looseObject({
  file: z.string(),
  first_bad_line: z.number().nullable().optional(),
  entries: z.number().optional(),
});
const manifestSchema = z.looseObject({
  public_key_hex: z.string(),
  tampered: z.array(ledgerOfManifest),
  missed_by_original: z.array(ledgerOfManifest),
  good: ledgerOfManifest,
  nonfinite: ledgerOfManifest,
  torn_then_appended: ledgerOfManifest,
});

for (const manifest of sharedJson("python-ledger/manifest.json", manifestSchema)) {
  const { tampered, missed_by_original: missed, good, nonfinite, torn_then_appended: torn } = manifest;
  test.each([...tampered, ...missed, good, nonfinite, torn])("the published ledger $file", async (item) => {
    const content = Buffer.from(sharedText(`python-ledger/${item.file}`) ?? "").toString("latin1");
    const found = await verify(content, { key: manifest.public_key_hex });
    expect(found.firstBadLine?.line ?? null).toBe(item.first_bad_line ?? null);
    expect(item.entries === undefined || item.entries === found.entries).toBe(true);
  });
}
