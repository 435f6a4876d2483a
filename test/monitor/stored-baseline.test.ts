import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { idleBaselineFor } from "../../src/monitor/energy-figures.ts";
import {
  baselineFilePath,
  findBaseline,
  type StoredBaseline,
  storeBaseline,
} from "../../src/monitor/stored-baseline.ts";
import { temporaryDirectory } from "../support/program.ts";
import { exampleSource } from "./scripted-host.ts";

const measuredAt = "2026-03-01T12:00:00.000Z";
const source = exampleSource();

function example(differences: Partial<StoredBaseline> = {}): StoredBaseline {
  return {
    host: "h1",
    energySource: "powercap",
    energySourceLabel: source.label,
    watts: 42,
    standardUncertaintyWatts: 0.3,
    hostBusyRatio: 0.01,
    durationSeconds: 60,
    measuredAt,
    carbonOpsVersion: "0.2.0",
    ...differences,
  };
}

const daysLater = (days: number): number => Date.parse(measuredAt) + days * 86_400_000;

function storedIn(...baselines: readonly StoredBaseline[]): string {
  const path = join(temporaryDirectory(), "state", "baseline.json");
  for (const baseline of baselines) storeBaseline(path, baseline);
  return path;
}

test("the file is in the XDG state directory, or where the standard puts that by default", () => {
  expect(baselineFilePath({ XDG_STATE_HOME: "/s", HOME: "/h" })).toBe("/s/carbon-ops/baseline.json");
  expect(baselineFilePath({ HOME: "/h" })).toBe("/h/.local/state/carbon-ops/baseline.json");
  expect(baselineFilePath({ XDG_STATE_HOME: "relative", HOME: "/h" })).toBe("/h/.local/state/carbon-ops/baseline.json");
  expect(baselineFilePath({})).toBeNull();
});

test("what was stored is found again for the same host and source, for 30 days", () => {
  const path = storedIn(example());
  expect(findBaseline(path, source, "h1", daysLater(29))).toEqual({ baseline: example(), note: null });
});

test("a baseline that is too old is not used, and that is said", () => {
  const { baseline, note } = findBaseline(storedIn(example()), source, "h1", daysLater(31));
  expect(baseline).toBeNull();
  expect(note).toMatch(/of 2026-03-01 is 31 days old and is not used after 30/);
});

test("a baseline of another source is not used, and that is said", () => {
  const path = storedIn(example({ energySourceLabel: "RAPL package-0 + dram through powercap" }));
  const { baseline, note } = findBaseline(path, source, "h1", daysLater(1));
  expect(baseline).toBeNull();
  expect(note).toContain("of another source (RAPL package-0 + dram through powercap) and is not used");
});

test("a baseline that was forced on a busy host is used, with a warning", () => {
  const { baseline, note } = findBaseline(storedIn(example({ hostBusyRatio: 0.4 })), source, "h1", daysLater(1));
  expect(baseline?.watts).toBe(42);
  expect(note).toContain("while the CPUs were busy for 40.0 %");
});

test("hosts that share a home directory keep their own baselines", () => {
  const path = storedIn(example(), example({ host: "h2", watts: 7 }), example({ watts: 43 }));
  expect(findBaseline(path, source, "h1", daysLater(1)).baseline?.watts).toBe(43);
  expect(findBaseline(path, source, "h2", daysLater(1)).baseline?.watts).toBe(7);
  expect(findBaseline(path, source, "h3", daysLater(1))).toEqual({ baseline: null, note: null });
});

test.each([
  ["nothing", ""],
  ["no JSON", "{"],
  ["an older program's format", '{"version":99,"baselines":[]}'],
  ["a negative power", '{"version":1,"baselines":[{"host":"h1","watts":-1}]}'],
])("a file that holds %s is not used, with the reason, and a new calibration replaces it", (_what, text) => {
  const path = join(temporaryDirectory(), "baseline.json");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  expect(findBaseline(path, source, "h1", daysLater(1)).note).toContain("is not a baseline file of version 1");
  storeBaseline(path, example());
  expect(findBaseline(path, source, "h1", daysLater(1)).baseline).toEqual(example());
});

test("no file is no news", () => {
  expect(findBaseline(join(temporaryDirectory(), "none"), source, "h1", 0)).toEqual({ baseline: null, note: null });
});

test("a directory that cannot be made is said, with what to do", () => {
  const file = join(temporaryDirectory(), "file");
  writeFileSync(file, "");
  expect(() => storeBaseline(join(file, "baseline.json"), example())).toThrow(
    /name a writable directory in XDG_STATE_HOME/,
  );
  expect(readFileSync(file, "utf8")).toBe("");
});

test("what the user states wins over what was calibrated, and that over what the source knows", () => {
  const calibrated = { watts: 42, standardUncertaintyWatts: 0.3, measuredAt: "2026-01-01T00:00:00.000Z" };
  expect(idleBaselineFor(source, 10, calibrated)).toEqual({ watts: 10, origin: "configured" });
  expect(idleBaselineFor(exampleSource({ idleWatts: 5 }), undefined, calibrated)).toEqual({
    ...calibrated,
    origin: "calibrated",
  });
});
