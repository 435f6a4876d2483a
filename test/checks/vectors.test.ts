import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../scripts/vectors.mjs", import.meta.url));
const shared = fileURLToPath(new URL("../../../shared/vectors/uncertainty", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "carbon-ops-vectors-"));

afterAll(() => rmSync(folder, { recursive: true }));

function run(...programArguments: string[]): { status: number | null; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...programArguments], { encoding: "utf8" });
  return { status, lines: `${stdout}${stderr}`.trimEnd().split("\n") };
}

function directoryOf(name: string, files: Readonly<Record<string, unknown>>): string {
  const directory = join(folder, name);
  mkdirSync(join(directory, "uncertainty"), { recursive: true });
  for (const [path, content] of Object.entries(files)) writeFileSync(join(directory, path), JSON.stringify(content));
  return directory;
}

const passing = {
  name: "right",
  kind: "numerical_tolerance",
  u: 0.35,
  significant_digits: 2,
  expected: { delta: 0.005 },
};
const failing = { ...passing, name: "wrong", expected: { delta: 0.05 } };
const fileName = "uncertainty/monte_carlo_algorithms.json";

test("a directory whose cases all hold passes, with the count last", () => {
  const { status, lines } = run(directoryOf("good", { [fileName]: { cases: [passing] } }));
  expect(lines).toEqual(["1 passed, 0 failed"]);
  expect(status).toBe(0);
});

test("each failure is a line with file, case and reason", () => {
  const { status, lines } = run(directoryOf("bad", { [fileName]: { cases: [passing, failing] } }));
  expect(lines[0]).toMatch(new RegExp(`^FAIL ${fileName}: wrong: delta is 0.005, expected 0.05`));
  expect(lines.at(-1)).toBe("1 passed, 1 failed");
  expect(status).toBe(1);
});

test("an unknown kind, an unknown field and a file without a reader are failures", () => {
  const cases = [
    { ...passing, name: "new kind", kind: "new" },
    { ...passing, name: "new field", expected: { gamma: 1 } },
  ];
  const { status, lines } = run(directoryOf("unknown", { [fileName]: { cases }, "other.json": {} }));
  expect(lines).toEqual([
    "FAIL other.json: (file): no reader for this file",
    `FAIL ${fileName}: new kind: the kind "new" is not known to this reader`,
    `FAIL ${fileName}: new field: the field "gamma" is not known to this reader`,
    "0 passed, 3 failed",
  ]);
  expect(status).toBe(1);
});

test("a case that expects nothing is no pass", () => {
  const published = { name: "unit alone", method: "value_only", model: "x", inputs: [{ name: "x", params: { x: 1 } }] };
  const { status, lines } = run(
    directoryOf("nothing", {
      [fileName]: { cases: [{ ...passing, expected: {} }] },
      "uncertainty/other_published.json": { cases: [{ ...published, expected: { unit: "kg" } }] },
    }),
  );
  expect(lines).toEqual([
    `FAIL ${fileName}: right: it expects nothing`,
    'NOT CHECKED uncertainty/other_published.json: unit alone: the unit "kg"',
    "FAIL uncertainty/other_published.json: unit alone: it expects nothing",
    "0 passed, 2 failed",
  ]);
  expect(status).toBe(1);
});

test("what a case states and the reader cannot check is named", () => {
  const sum = { name: "sum", method: "value_only", model: "x", inputs: [{ name: "x", params: { x: 1 } }] };
  const cases = [{ ...sum, expected: { mean: 1, unit: "kg" }, tolerance: { mean: 0 } }];
  const { status, lines } = run(directoryOf("unit", { "uncertainty/other_published.json": { cases } }));
  expect(lines).toEqual(['NOT CHECKED uncertainty/other_published.json: sum: the unit "kg"', "1 passed, 0 failed"]);
  expect(status).toBe(0);
});

test("a broken file is one failure, and an empty directory is not a pass", () => {
  const broken = directoryOf("broken", {});
  writeFileSync(join(broken, fileName), "{");
  expect(run(broken).lines.at(-1)).toBe("0 passed, 1 failed");
  expect(run(directoryOf("empty", {}))).toMatchObject({ status: 1 });
});

test("without a directory it says how it is called", () => {
  expect(run()).toEqual({ status: 2, lines: ["npm run vectors -- DIR: name a directory of vectors."] });
});

test.each([shared].filter((directory) => existsSync(directory)))(
  "all published vectors of %s hold",
  { timeout: 300_000 },
  (directory) => {
    const { lines } = run(directory);
    expect(lines.at(-1)).toMatch(/^\d+ passed, 0 failed$/);
    expect(lines.slice(0, -1).filter((line) => !line.startsWith("NOT CHECKED "))).toEqual([]);
  },
);
