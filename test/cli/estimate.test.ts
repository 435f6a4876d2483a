import { expect, test } from "vitest";
import { z } from "zod";
import { carbonOps, temporaryDirectory } from "../support/program.ts";

const estimate = z.looseObject({
  grams: z.number(),
  energy_wh: z.number(),
  pue_used: z.number(),
  interval: z.looseObject({ lower_grams: z.number(), upper_grams: z.number(), level: z.number() }),
  intensity_g_per_kwh: z.number(),
  quality_flag: z.string(),
});

async function estimateJson(...flags: readonly string[]) {
  const { stdout, stderr, status } = await carbonOps(["estimate", "--json", ...flags]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return estimate.parse(JSON.parse(stdout.toString()));
}

test("an energy becomes grams: energy times PUE times intensity", async () => {
  const { grams, pue_used, intensity_g_per_kwh } = await estimateJson(
    "--energy-wh",
    "1000",
    "--region",
    "GB",
    "--pue",
    "1.2",
  );
  expect(pue_used).toBe(1.2);
  expect(grams).toBeCloseTo(1.2 * intensity_g_per_kwh, 6);
});

test("a power over a duration is the energy it makes", async () => {
  const { energy_wh } = await estimateJson("--power-w", "300", "--duration", "1h30m", "--region", "GB");
  expect(energy_wh).toBeCloseTo(450, 9);
});

test("a power from start to end is the energy it makes", async () => {
  const times = ["--start", "2026-01-01T00:00:00Z", "--end", "2026-01-01T00:30:00Z"];
  const { energy_wh } = await estimateJson("--power-w", "100", ...times, "--region", "GB");
  expect(energy_wh).toBeCloseTo(50, 9);
});

test("an uncertain energy makes a wider interval than an exact one", async () => {
  const exact = await estimateJson("--energy-wh", "10", "--region", "GB");
  const uncertain = await estimateJson("--energy-wh", "10", "--region", "GB", "--uncertainty", "50");
  const width = ({ interval }: typeof exact) => interval.upper_grams - interval.lower_grams;
  expect(width(uncertain)).toBeGreaterThan(width(exact));
});

test("an uncertain power makes a wider interval than an exact one", async () => {
  const power = ["--power-w", "300", "--duration", "2h", "--region", "DE"];
  const exact = await estimateJson(...power);
  const uncertain = await estimateJson(...power, "--uncertainty", "50");
  const width = ({ interval }: typeof exact) => interval.upper_grams - interval.lower_grams;
  expect(width(uncertain)).toBeGreaterThan(1.2 * width(exact));
});

test("a start and a duration make the span of an energy", async () => {
  const times = ["--start", "2026-01-01T00:00:00Z", "--duration", "2h"];
  const span = await estimateJson("--energy-wh", "5", ...times, "--region", "GB");
  expect(span).toMatchObject({ start_ts: "2026-01-01T00:00:00.000Z", end_ts: "2026-01-01T02:00:00.000Z" });
});

test("a region that was named is not said to be missing, even when it is the world", async () => {
  const { stdout } = await carbonOps(["estimate", "--energy-wh", "5", "--region", "world"]);
  expect(stdout.toString()).not.toMatch(/no region was given/i);
});

test("without a region the world average stands in, and is flagged", async () => {
  const { quality_flag } = await estimateJson("--energy-wh", "10");
  expect(quality_flag).toBe("fallback");
});

test("for people: the grams, the interval, the budget of the uncertainty", async () => {
  const { stdout } = await carbonOps(["estimate", "--energy-wh", "120", "--region", "DE"]);
  const text = stdout.toString();
  expect(text).toMatch(/g CO2e {2}95 % interval/);
  expect(text).toContain("Uncertainty budget");
  expect(text).toContain("average");
  expect(text).not.toContain("\u001b");
});

test.each([
  [[], "--energy-wh"],
  [["--energy-wh", "-5"], "--energy-wh is -5"],
  [["--energy-wh", "NaN"], "NaN"],
  [["--energy-wh", "1e999"], "1e999"],
  [["--energy-wh", "ten"], "ten"],
  [["--energy-wh", "1", "--power-w", "1"], "exclude"],
  [["--power-w", "10"], "--duration"],
  [["--power-w", "10", "--duration", "soon"], "soon"],
  [["--power-w", "10", "--duration", "-5"], "-5"],
  [["--power-w", "10", "--start", "2026-01-02T00:00:00Z", "--end", "2026-01-01T00:00:00Z"], "lies before --start"],
  [["--power-w", "10", "--duration", "0"], "--duration"],
  [["--power-w=-1", "--duration", "1h"], "--power-w is -1"],
  [["--energy-wh", "1", "--start", "2026-01-01T10:00"], "a day (its midnight UTC)"],
  [["--power-w", "10", "--start", "2026-01-02T00:00:00Z"], "--end"],
  [["--energy-wh", "1", "--duration", "2h"], "--start"],
  [["--energy-wh", "1", "--end", "2026-01-02T00:00:00Z"], "--start"],
  [
    ["--power-w", "1", "--duration", "2h", "--start", "2026-01-01T00:00:00Z", "--end", "2026-01-01T01:00:00Z"],
    "--duration is 2h, but --start and --end are 1 h 00 min apart",
  ],
  [["--energy-wh", "1", "--uncertainty", "1e9"], "--uncertainty"],
  [["--energy-wh", "1", "--uncertainty=-5"], "--uncertainty"],
  [["--power-w", "1", "--duration", "1h", "--uncertainty=-5"], "--uncertainty"],
  [["--power-w", "1", "--duration", "1e300"], '--duration is "1e300"'],
  [["--energy-wh", "1e308"], "--energy-wh is 1e+308"],
  [["--energy-wh", "1", "--start", "yesterday", "--end", "2026-01-01T00:00:00Z"], "yesterday"],
  [["--energy-wh", "1", "--region", "Germny"], "Germany"],
  [["--energy-wh", "1", "--pue", "hyperscael"], "hyperscale"],
  [["--energy-wh", "1", "--energy-wz", "1"], "--energy-wh"],
  [["--energy-wh", "1", "--config", "none.json"], "none.json"],
])("estimate %j: one sentence, status 2", async (flags, fault) => {
  const { status, stdout, stderr } = await carbonOps(["estimate", ...flags], { cwd: temporaryDirectory() });
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(stderr).toContain(fault);
  expect(stdout.toString()).toBe("");
  expect(status).toBe(2);
});
