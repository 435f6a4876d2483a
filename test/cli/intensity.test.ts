import { expect, test } from "vitest";
import { z } from "zod";
import { electricityMapsRow, halfHour, intensityService } from "../support/intensity-service.ts";
import { electricityMapsAt, hourOfTaskMs, withoutNetwork } from "../support/ledger-of-estimates.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";

const hourMs = 3_600_000;

const answer = z.object({
  series: z
    .looseObject({
      provider_id: z.string(),
      periods: z.array(z.looseObject({ start_ms: z.number(), grams_per_kwh: z.number() })),
    })
    .nullable(),
  attempts: z.array(
    z.looseObject({
      provider_id: z.string(),
      outcome: z.string(),
      code: z.string().nullable(),
      reason: z.string().nullable(),
    }),
  ),
});
const findings = z.looseObject({
  zone: z.string(),
  answers: z.object({ average: answer.optional(), marginal: answer.optional() }),
  counters: z.record(
    z.string(),
    z.looseObject({ cache_hits: z.number(), cache_misses: z.number(), requests: z.number() }),
  ),
});

async function intensityJson(argv: readonly string[], environment: Record<string, string> = {}, cwd?: string) {
  const { stdout, stderr, status } = await carbonOps(["intensity", ...argv, "--json"], {
    environment,
    ...(cwd === undefined ? {} : { cwd }),
  });
  expect([status, stderr]).toEqual([0, ""]);
  return findings.parse(JSON.parse(stdout.toString()));
}

/** Twelve hours from ten o'clock on, rising by ten. */
function twelveHours() {
  return intensityService(({ searchParams }) => {
    const zone = searchParams.get("zone") ?? "";
    const rows = Array.from({ length: 12 }, (_, index) =>
      electricityMapsRow(zone, hourOfTaskMs + index * hourMs, 100 + 10 * index),
    );
    return { body: { zone, data: rows } };
  });
}

test("without a network and a key the packaged table answers, both kinds apart, with year and licence", async () => {
  const cwd = temporaryDirectory();
  const { stdout, stderr, status } = await carbonOps(["intensity", "DE"], { cwd, environment: withoutNetwork(cwd) });
  const text = stdout.toString().replace(/\s+/g, " ");
  expect([status, stderr]).toEqual([0, ""]);
  for (const words of [
    "average 342 g/kWh",
    "annual value of 2024",
    "marginal 731 g/kWh",
    "2023 or 2024",
    "CC BY 4.0",
  ]) {
    expect(text).toContain(words);
  }
  expect(text).not.toContain("\u001b");
});

test("a service without a network is named with its reason, and the table answers behind it", async () => {
  const cwd = temporaryDirectory();
  const { answers } = await intensityJson(["GB", "--intensity", "uk,static"], withoutNetwork(cwd), cwd);
  expect(answers.average?.series?.provider_id).toBe("static");
  expect(answers.average?.attempts).toMatchObject([
    { provider_id: "uk-carbon-intensity", outcome: "failed", code: "INTENSITY_UNAVAILABLE" },
    { provider_id: "static", outcome: "answered" },
  ]);
});

test("at a time: the value of that hour alone", async () => {
  const service = await twelveHours();
  const { answers } = await intensityJson(["DE", "--at", "2026-03-08T12:30:00Z"], electricityMapsAt(service.url));
  expect(answers.average?.series?.periods).toMatchObject([{ start_ms: hourOfTaskMs + 2 * hourMs, grams_per_kwh: 120 }]);
});

test("now: the newest value that has begun, not a forecast of what comes", async () => {
  const service = await intensityService(() => {
    const halfMs = 1_800_000;
    const nowMs = Math.floor(Date.now() / halfMs) * halfMs;
    return { body: { data: [halfHour(nowMs - halfMs, 100, 99), halfHour(nowMs, 150), halfHour(nowMs + halfMs, 200)] } };
  });
  const environment = { CARBON_OPS_UK_CARBON_INTENSITY_URL: service.url };
  const { answers } = await intensityJson(["GB", "--intensity", "uk"], environment);
  // One value, and the later one only where a half hour ended between answer and question.
  expect(answers.average?.series?.periods).toHaveLength(1);
  expect([150, 200]).toContain(answers.average?.series?.periods[0]?.grams_per_kwh);
});

test("a range as a table and as columns that fit 80 columns without colour", async () => {
  const service = await twelveHours();
  const range = ["DE", "--from", "2026-03-08T10:00Z", "--to", "2026-03-08T22:00Z", "--kind", "average"];
  const environment = electricityMapsAt(service.url);
  const table = (await carbonOps(["intensity", ...range], { environment })).stdout.toString();
  const plot = (await carbonOps(["intensity", ...range, "--plot"], { environment })).stdout.toString();
  expect(table.match(/2026-03-08 \d\d:00Z +\d+ g\/kWh {2}observed/g)).toHaveLength(12);
  expect(plot).toContain("█");
  expect(plot).toMatch(/2026-03-08 10:00Z +2026-03-08 22:00Z/);
  expect(plot).toMatch(/^ +210 +/m);
  expect(plot).not.toContain("\u001b");
  expect(Math.max(...plot.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("the JSON counts what came from the cache and what was fetched", async () => {
  const service = await twelveHours();
  const cwd = temporaryDirectory();
  const at = ["DE", "--at", "2026-03-08T12:30:00Z", "--kind", "average"];
  const first = await intensityJson(at, electricityMapsAt(service.url), cwd);
  const second = await intensityJson(at, electricityMapsAt(service.url), cwd);
  expect(first.counters["electricity-maps"]).toMatchObject({ cache_misses: 1, requests: 1 });
  expect(second.counters["electricity-maps"]).toMatchObject({ cache_hits: 1, requests: 0 });
});

test("where nobody has a value it says why, and ends with status 1", async () => {
  const { status, stdout, stderr } = await carbonOps(["intensity", "KE", "--kind", "marginal"]);
  expect(status).toBe(1);
  expect(stdout.toString()).toContain("no value is known");
  expect(stderr).toMatch(/^carbon-ops: No provider has a marginal intensity of KE [^\n]+\n$/);
});

test.each([
  [["DE", "--at", "noon"], "--at"],
  [["DE", "--to", "2026-03-08"], "--from"],
  [["DE", "--from", "2026-03-09", "--to", "2026-03-08"], "not after"],
  [["DE", "--at", "2026-03-08", "--plot"], "--at"],
  [["DE", "--kind", "mean"], "--kind"],
  [["Germny"], "Germany"],
  [["DE", "--plott"], "--plot"],
])("intensity %j: what is wrong is one sentence with status 2", async (flags, fault) => {
  const { status, stderr } = await carbonOps(["intensity", ...flags]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(stderr).toContain(fault);
});
