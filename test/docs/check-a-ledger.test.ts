import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Ledger, loadOrCreateSigningKey } from "../../src/ledger/index.ts";
import { temporaryDirectory } from "../support/program.ts";

const page = readFileSync(new URL("../../docs/check-a-ledger.md", import.meta.url), "utf8");
const scriptOf = (language: string): string => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(page)?.[1] ?? "";
const isThere = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

/** A ledger of a genesis record and so many others, its key, and a way to check it. */
async function signedLedger(records: number) {
  const directory = temporaryDirectory();
  const path = join(directory, "a.ndjson");
  const { signer, verifierKey } = await loadOrCreateSigningKey(join(directory, "key"));
  const ledger = await Ledger.create(path, { signer });
  for (let index = 0; index < records; index += 1) {
    await ledger.append({ kind: "note", text: `100 % \\ "${index}" \u00e9` });
  }
  await ledger.close();
  const other = await loadOrCreateSigningKey(join(directory, "other"));
  const check = ([program, ...flags]: readonly string[], script: string, key = verifierKey) => {
    const file = join(directory, "script");
    writeFileSync(file, script);
    const argv = [...flags, file, path, `${path}.checkpoint`, key];
    const { status, stdout, stderr } = spawnSync(program ?? "", argv, { encoding: "utf8", timeout: 60_000 });
    return [status, `${stdout}${stderr}`.trim()];
  };
  const touch = (change: (text: string) => string): void => writeFileSync(path, change(readFileSync(path, "utf8")));
  return { check, touch, otherKey: other.verifierKey };
}

const ways: readonly (readonly [name: string, command: readonly string[], script: string])[] = [
  ["shell", ["/bin/sh"], scriptOf("sh")],
  ["Python", ["python3"], scriptOf("python")],
];
const usable = ways.filter(([name]) => (name === "Python" ? isThere("python3") : isThere("openssl") && isThere("xxd")));

for (const [name, command, script] of usable) {
  test.each([0, 1, 2, 5])(`the ${name} way says yes to a whole ledger with %d records`, async (records) => {
    const { check } = await signedLedger(records);
    expect(check(command, script)).toEqual([
      0,
      `valid: ${records + 1} lines are signed by this key, 0 more are linked to them`,
    ]);
  });

  test(`the ${name} way names a line that was touched, and finds lines that were cut off or replaced`, async () => {
    const middle = await signedLedger(4);
    middle.touch((text) => text.replace('\\"1\\"', '\\"7\\"'));
    expect(middle.check(command, script)).toEqual([
      1,
      expect.stringContaining("NOT VALID: line 4, or the one before it"),
    ]);
    const zero = await signedLedger(4);
    zero.touch((text) => text.replace('\\"1\\"', '\\"\u00001\\"'));
    expect(zero.check(command, script)).toEqual([1, expect.stringContaining("NOT VALID")]);
    const last = await signedLedger(4);
    last.touch((text) => text.replace('\\"3\\"', '\\"7\\"'));
    expect(last.check(command, script)).toEqual([1, expect.stringContaining("another root")]);
    const cut = await signedLedger(4);
    cut.touch((text) => text.split("\n").slice(0, 4).join("\n").concat("\n"));
    expect(cut.check(command, script)).toEqual([1, expect.stringContaining("covers 5 lines, and there are 4")]);
  });

  test(`the ${name} way says no to another key`, async () => {
    const { check, otherKey } = await signedLedger(1);
    expect(check(command, script, otherKey)).toEqual([1, expect.stringContaining("not signed by this key")]);
  });
}

test("both ways stand on the page", () => {
  expect(ways.map(([, , script]) => script.length > 500)).toEqual([true, true]);
});
