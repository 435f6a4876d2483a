import { expect, test } from "vitest";
import { snakeCaseName, toSnakeCase } from "../src/snake-case.ts";

test.each([
  ["energyWhTotal", "energy_wh_total"],
  ["intensityGPerKwh", "intensity_g_per_kwh"],
  ["gCo2", "g_co2"],
  ["sha256", "sha256"],
  ["seq", "seq"],
])("%s becomes %s", (name, snakeCase) => {
  expect(snakeCaseName(name)).toBe(snakeCase);
});

test("names change at every depth, and values stay", () => {
  const value = { energyWhTotal: 1.5, gpuUse: [{ busyPercent: 20 }], isEstimated: true, ledgerId: "aB", endTs: null };
  expect(toSnakeCase(value)).toEqual({
    energy_wh_total: 1.5,
    gpu_use: [{ busy_percent: 20 }],
    is_estimated: true,
    ledger_id: "aB",
    end_ts: null,
  });
});

test("names that are data keep their form, and what lies below them does not", () => {
  const labels = new Map<string, unknown>([
    ["costCentre", "A1"],
    ["jobRun", { exitStatus: 0 }],
  ]);
  expect(toSnakeCase({ ownLabels: labels })).toEqual({
    own_labels: { costCentre: "A1", jobRun: { exit_status: 0 } },
  });
});

test("a bigint becomes a decimal string, beyond what a double holds", () => {
  expect(toSnakeCase({ microjoules: 2n ** 53n + 1n })).toEqual({ microjoules: "9007199254740993" });
});

test("a date becomes its ISO 8601 text", () => {
  expect(toSnakeCase({ startedAt: new Date(0) })).toEqual({ started_at: "1970-01-01T00:00:00.000Z" });
});

test("a member that is undefined or no data is left out, and null stays", () => {
  expect(toSnakeCase({ a: undefined, b: () => 1, c: Symbol("c"), d: null })).toEqual({ d: null });
});

test("in a list, what is no data is null, so that the others keep their places", () => {
  expect(toSnakeCase([1, undefined, "x"])).toEqual([1, null, "x"]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])("%d, for which JSON has no word, becomes null", (value) => {
  expect(toSnakeCase({ watts: value })).toEqual({ watts: null });
});
