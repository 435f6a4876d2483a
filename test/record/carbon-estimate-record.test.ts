import { expect, test } from "vitest";
import { buildCarbonEstimateRecord } from "../../src/record/carbon-estimate-record.ts";
import { parseRecord } from "../../src/record/parse-record.ts";
import { energyFigures, exampleEstimate, exampleRun } from "./example.ts";

test("a run is recorded with its grams, energy, provenance and budget under the original's names", async () => {
  const record = buildCarbonEstimateRecord(await exampleRun());
  expect(record).toMatchObject({
    kind: "carbon_estimate",
    schema_version: "1.2.0",
    type: "run",
    name: "train",
    start_ts: "2025-07-01T10:00:00.000Z",
    duration_seconds: 3600.5,
    region: "aws:eu-west-1",
    datacenter_type: "aws:eu-west-1",
    energy: {
      energy_wh_total: 12,
      allocation_ratio: 0.75,
      attribution_mode: "monitor_only",
      energy_source: "powercap",
    },
    intensity: { kind: "average", zone: "IE", mapping: "aws:eu-west-1 draws from grid zone IE" },
    cpu: { task_cpu_seconds: 3000 },
    command: { exit_status: 0, processes_left_running: 0 },
  });
});

test("labels and error sources keep their names", async () => {
  const record = buildCarbonEstimateRecord(await exampleRun());
  expect(record.labels).toEqual({ team: "web", "git.sha": "abc", camelCase: "kept" });
  expect(Object.keys(record.components)).toContain("rapl.gain/host=a");
});

test("a record survives being written and read", async () => {
  const record = buildCarbonEstimateRecord(await exampleRun());
  expect(parseRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

test("an estimate by an annual average is provisional: a better intensity may become known", async () => {
  const record = buildCarbonEstimateRecord({ type: "estimate", estimate: await exampleEstimate() });
  expect(record.status).toBe("provisional");
});

test("an estimate by an observation of its own span is settled", async () => {
  const estimate = await exampleEstimate();
  const observed = { ...estimate, intensity: { ...estimate.intensity, isEstimated: false } };
  expect(buildCarbonEstimateRecord({ type: "estimate", estimate: observed }).status).toBe("settled");
});

test("what is not known is null, never 0", async () => {
  const record = buildCarbonEstimateRecord({ type: "estimate", estimate: await exampleEstimate() });
  expect(record).toMatchObject({
    name: null,
    duration_seconds: null,
    energy: null,
    cpu: null,
    memory: null,
    command: null,
  });
  expect(record.labels).toEqual({});
});

test("a number that is not finite cannot be recorded", async () => {
  const run = await exampleRun();
  const broken = { ...run, energy: { ...energyFigures, gaps: Number.NaN } };
  expect(() => buildCarbonEstimateRecord(broken)).toThrow(
    expect.objectContaining({ code: "RECORD_INVALID", message: expect.stringContaining('"energy.gaps"') }),
  );
});

test("the energy of GPUs stands beside the host's, and nobody's part of it is null", async () => {
  const board = {
    id: "GPU-1",
    name: "Example GPU",
    source: "nvml",
    method: "energy_counter",
    energyWhTotal: 5,
    energyWhTask: null,
    idleWatts: null,
    gaps: 0,
    note: "it is divided into instances (MIG)",
  } as const;
  const gpu = { energyWhTotal: 5, energyWhTask: null, uncertainty: null, boards: [board] };
  const record = buildCarbonEstimateRecord({ ...(await exampleRun()), energy: { ...energyFigures, gpu } });
  expect(record.energy?.energy_wh_total).toBe(12);
  expect(record.energy?.gpu).toMatchObject({ energy_wh_total: 5, energy_wh_task: null, boards: [{ source: "nvml" }] });
  expect(parseRecord(record)).toEqual(record);
});

test("a record of 1.0.0, from before GPUs had energy, is still read", async () => {
  const record = { ...buildCarbonEstimateRecord(await exampleRun()), schema_version: "1.0.0" };
  expect(parseRecord(record)).toEqual(record);
});

/** A copy without some of its members. */
function without(value: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

test("a record of 1.1.0, from before embodied carbon and provenance, is still read", async () => {
  const now = buildCarbonEstimateRecord(await exampleRun());
  const added = ["embodied", "sci", "taxonomy", "attempts", "sampling", "operational_grams"];
  const firstProvenance = ["kind", "scope", "basis", "year", "period", "source", "licence", "is_estimated"];
  const kept = [...firstProvenance, "retrieved_at", "zone", "zone_name", "mapping"];
  const newer = Object.keys(now.intensity).filter((name) => !kept.includes(name));
  const record = {
    ...without(now, [...added, "energy_standard_uncertainty_wh"]),
    schema_version: "1.1.0",
    intensity: without(now.intensity, newer),
    budget: now.budget.map((row) => without(row, ["type", "degrees_of_freedom"])),
    marginal: null,
  };
  expect(newer).toContain("provider_id");
  expect(parseRecord(record)).toEqual(record);
});

test("what the hardware, the score and the providers were stands in the record", async () => {
  const record = buildCarbonEstimateRecord(await exampleRun());
  expect(record).toMatchObject({
    embodied: { status: "not_declared", grams: null },
    sci: { status: "no_functional_unit", score: null },
    taxonomy: null,
    attempts: [
      { provider_id: "static", kind: "average", outcome: "answered" },
      { provider_id: "static", kind: "marginal", outcome: "answered" },
    ],
    intensity: {
      provider_id: "static",
      provider_zone: "IE",
      missing_policy: "step",
      coverage_pct: 100,
      buckets: [{ start_ts: "2025-07-01T10:00:00.000Z", end_ts: "2025-07-01T11:00:00.000Z", energy_share: 1 }],
    },
  });
});

test("an observed value that its publisher may still revise keeps the record provisional", async () => {
  const estimate = await exampleEstimate();
  const observed = { ...estimate, intensity: { ...estimate.intensity, isEstimated: false, isProvisional: true } };
  expect(buildCarbonEstimateRecord({ type: "estimate", estimate: observed }).status).toBe("provisional");
});
