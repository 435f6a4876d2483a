import { expect, test } from "vitest";
import { z } from "zod";
import { electricityMapsRow, intensityService } from "../support/intensity-service.ts";
import { electricityMapsAt, hourOfTaskMs, withoutNetwork } from "../support/ledger-of-estimates.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";

const estimate = z.looseObject({
  grams: z.number(),
  method: z.string(),
  sampling: z.looseObject({ trials: z.number(), seed: z.number() }).nullable(),
  embodied: z.looseObject({ status: z.string(), grams: z.number().nullable() }),
  sci: z.looseObject({ status: z.string(), score: z.number().nullable() }),
  intensity: z.looseObject({ provider_id: z.string(), missing_policy: z.string(), coverage_pct: z.number() }),
});

const energy = ["--energy-wh", "120", "--region", "DE"];
const spanOfHours = ["--start", "2026-03-08T10:00:00Z", "--duration", "2h"];

async function estimateText(flags: readonly string[], environment: Record<string, string> = {}) {
  const { stdout, stderr, status } = await carbonOps(["estimate", ...energy, ...flags], { environment });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout.toString();
}

async function estimateJson(flags: readonly string[], environment: Record<string, string> = {}) {
  return estimate.parse(JSON.parse(await estimateText(["--json", ...flags], environment)));
}

test("Monte Carlo with trials and seed: the same bytes every time", async () => {
  const flags = ["--json", "--method", "monte_carlo", "--trials", "20000", "--seed", "7", ...spanOfHours];
  const [first, second] = [await estimateText(flags), await estimateText(flags)];
  expect(second).toBe(first);
  expect(estimate.parse(JSON.parse(first))).toMatchObject({
    method: "monte_carlo",
    sampling: { trials: 20_000, seed: 7 },
  });
});

test("hardware and a functional unit: its part of the grams, and a score", async () => {
  const hardware = ["--device", "server", "--resource-share", "0.25"];
  const unit = ["--functional-unit", "request", "--functional-unit-count", "1200"];
  const { grams, embodied, sci } = await estimateJson([...spanOfHours, ...hardware, ...unit]);
  expect(embodied.status).toBe("declared");
  expect(embodied.grams).toBeGreaterThan(0);
  expect(sci.score).toBeCloseTo(grams / 1200, 12);
});

test("hardware by its mass and lifetime is the share of both", async () => {
  const hardware = ["--manufacturing-kg", "1000", "--lifetime-years", "4", "--resource-share", "0.5"];
  const { embodied } = await estimateJson([...spanOfHours, ...hardware]);
  expect(embodied.grams).toBeCloseTo((1_000_000 * 0.5 * 7200) / (4 * 31_557_600), 9);
});

test("an energy with a duration declares hardware for that long, without a time of day", async () => {
  const hardware = ["--manufacturing-kg", "1000", "--lifetime-years", "4", "--resource-share", "0.5"];
  const { embodied } = await estimateJson([...hardware, "--duration", "2h"]);
  expect(embodied.grams).toBeCloseTo((1_000_000 * 0.5 * 7200) / (4 * 31_557_600), 9);
});

test("--budget shows every row with its figures, whoever it is shared with", async () => {
  const text = await estimateText([...spanOfHours, "--budget"]);
  expect(text).toMatch(/share +estimate +u +unit +type +distribution +source of the error/);
  expect(text).toMatch(/shifted_lognormal +pue\/profile=unknown/);
});

test("energy of hours without a value is filled, or left out, as the flag says", async () => {
  const service = await intensityService(() => ({
    body: { zone: "DE", data: [electricityMapsRow("DE", hourOfTaskMs, 300)] },
  }));
  const step = await estimateJson([...spanOfHours, "--pue", "1"], electricityMapsAt(service.url));
  const drop = await estimateJson([...spanOfHours, "--pue", "1", "--missing", "drop"], electricityMapsAt(service.url));
  expect([step.grams, drop.grams].map((grams) => Number(grams.toFixed(6)))).toEqual([36, 18]);
  expect(drop.intensity).toMatchObject({ missing_policy: "drop", coverage_pct: 50 });
});

test("without a network the packaged table answers, and the page says who did not", async () => {
  const cwd = temporaryDirectory();
  const environment = { ...withoutNetwork(cwd), CARBON_OPS_ELECTRICITY_MAPS_TOKEN: "em-SECRET-0123456789" };
  const text = (await estimateText(spanOfHours, environment)).replace(/\s+/g, " ");
  expect(text).toContain("2024 (Ember");
  expect(text).toContain("no answer electricity-maps (average)");
  expect(text).not.toContain("SECRET");
});

test("without any intensity, the reasons of all providers make one sentence", async () => {
  const service = await intensityService(() => ({ status: 401, body: { error: "Invalid auth-token" } }));
  const flags = ["estimate", ...energy, ...spanOfHours, "--intensity", "electricity-maps"];
  const { stderr, status } = await carbonOps(flags, { environment: electricityMapsAt(service.url) });
  expect(stderr).toContain("set a valid one in CARBON_OPS_ELECTRICITY_MAPS_TOKEN); add the static provider");
  expect(status).toBe(1);
});

test.each([
  [["--method", "bootstrap"], "--method"],
  [["--trials", "1000"], "monte_carlo"],
  [["--method", "monte_carlo", "--trials", "many"], "--trials"],
  [["--method", "monte_carlo", "--trials", "10"], "--trials is 10"],
  [["--method", "monte_carlo", "--seed=-1"], "--seed is -1"],
  [["--missing", "guess"], "--missing"],
  [["--device", "servr", "--resource-share", "1"], "server"],
  [["--device", "server", "--manufacturing-kg", "5"], "exclude"],
  [["--device", "server", "--resource-share", "2", "--duration", "1h"], "--resource-share is 2"],
  [["--device", "server", "--resource-share", "0.5"], "--duration"],
  [["--device", "server", "--resource-share", "0.5", "--duration", "0"], "--duration is 0"],
  [["--device", "server", "--duration", "1h"], "--resource-share"],
  [["--manufacturing-kg", "100", "--duration", "1h"], "--lifetime-years and --resource-share"],
  [["--lifetime-years", "4"], "--device"],
  [["--functional-unit-count", "5"], "--functional-unit"],
  [["--functional-unit", "job", "--functional-unit-count", "0"], "--functional-unit-count is 0"],
])("estimate %j: one sentence, status 2", async (flags, fault) => {
  const { status, stderr, stdout } = await carbonOps(["estimate", ...energy, ...flags]);
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(stderr).toContain(fault);
  expect([status, stdout.toString()]).toEqual([2, ""]);
});
