import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Ledger, loadOrCreateSigningKey } from "../../src/ledger/index.ts";
import { goEnvironment, goWithNotes } from "../support/go-program.ts";
import { installed } from "../support/installed.ts";
import { temporaryDirectory } from "../support/program.ts";

const page = readFileSync(new URL("../../docs/check-a-ledger.md", import.meta.url), "utf8");
const scriptOf = (language: string): string => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(page)?.[1] ?? "";

interface Way {
  readonly name: string;
  /** Whether it can be tried here. */
  readonly isUsable: boolean;
  readonly command: readonly string[];
  /** The code on the page, and the name that the page gives it. */
  readonly script: string;
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
}

const { env } = process;
const isThere = (program: string): boolean => installed(program, "a way to check a ledger is not tested").length > 0;
const ways: readonly Way[] = [
  {
    name: "shell",
    isUsable: isThere("openssl") && isThere("xxd"),
    command: ["/bin/sh"],
    script: scriptOf("sh"),
    file: "check.sh",
    environment: env,
  },
  {
    name: "Python",
    isUsable: isThere("python3"),
    command: ["python3"],
    script: scriptOf("python"),
    file: "check.py",
    environment: env,
  },
  {
    name: "Go",
    isUsable: goWithNotes("the Go way to check a ledger is not tested").length > 0,
    command: ["go", "run"],
    script: scriptOf("go"),
    file: "check.go",
    environment: goEnvironment(),
  },
];

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
  const check = ({ command: [program = "", ...flags], script, file, environment }: Way, key = verifierKey) => {
    writeFileSync(join(directory, file), script);
    const { status, stdout, stderr } = spawnSync(
      program,
      [...flags, join(directory, file), path, `${path}.checkpoint`, key],
      { encoding: "utf8", timeout: 60_000, env: environment },
    );
    return [status, `${stdout}${stderr}`.trim()];
  };
  const touch = (change: (text: string) => string): void => writeFileSync(path, change(readFileSync(path, "utf8")));
  return { check, touch, otherKey: other.verifierKey };
}

for (const way of ways.filter(({ isUsable }) => isUsable)) {
  const { name } = way;

  test.each([0, 1, 2, 5])(`the ${name} way says yes to a whole ledger with %d records`, async (records) => {
    const { check } = await signedLedger(records);
    expect(check(way)).toEqual([0, `valid: ${records + 1} lines are signed by this key, 0 more are linked to them`]);
  });

  test(`the ${name} way names a line that was touched, and finds lines that were cut off or replaced`, async () => {
    const middle = await signedLedger(4);
    middle.touch((text) => text.replace('\\"1\\"', '\\"7\\"'));
    expect(middle.check(way)).toEqual([1, expect.stringContaining("NOT VALID: line 4, or the one before it")]);
    const zero = await signedLedger(4);
    zero.touch((text) => text.replace('\\"1\\"', '\\"\u00001\\"'));
    expect(zero.check(way)).toEqual([1, expect.stringContaining("NOT VALID")]);
    const last = await signedLedger(4);
    last.touch((text) => text.replace('\\"3\\"', '\\"7\\"'));
    expect(last.check(way)).toEqual([1, expect.stringContaining("another root")]);
    const cut = await signedLedger(4);
    cut.touch((text) => text.split("\n").slice(0, 4).join("\n").concat("\n"));
    expect(cut.check(way)).toEqual([1, expect.stringContaining("covers 5 lines, and there are 4")]);
  });

  test(`the ${name} way says no to another key`, async () => {
    const { check, otherKey } = await signedLedger(1);
    expect(check(way, otherKey)).toEqual([1, expect.stringContaining("not signed by this key")]);
  });
}

test("all three ways stand on the page", () => {
  expect(ways.map(({ script }) => script.length > 500)).toEqual([true, true, true]);
});
