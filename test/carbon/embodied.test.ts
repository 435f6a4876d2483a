import { expect, test } from "vitest";
import { CarbonEstimator, type CarbonEstimatorOptions } from "../../src/carbon/estimator.ts";

const clock = { wallMs: () => Date.parse("2025-07-01T12:00:00Z") };
const hour = { startTs: "2025-07-01T10:00:00Z", endTs: "2025-07-01T11:00:00Z" };

async function estimateWith(options: CarbonEstimatorOptions, counted: { readonly functionalUnitCount?: number } = {}) {
  const estimator = new CarbonEstimator({ region: "FR", pue: 1, clock, ...options });
  return estimator.estimateOverSpan({ ...hour, energyWh: 1000, ...counted });
}

/** ISO/IEC 21031:2024: TE 1000 kg over 4 years, 1 hour, the whole machine: 1e6 g x 1 h / 35,064 h = 28.5 g. */
test("a tonne over four years is 28.5 g an hour, beside what electricity caused", async () => {
  const embodied = { manufacturingKg: 1000, lifetimeYears: 4, resourceShare: 1 };
  const estimate = await estimateWith({ embodied });
  expect(estimate.embodied).toMatchObject({ status: "declared", reservedSeconds: 3600, missing: null });
  expect(estimate.embodied.grams).toBeCloseTo(28.52, 2);
  expect(estimate.operationalGrams).toBeCloseTo(44, 9);
  expect(estimate.grams).toBeCloseTo(44 + 28.52, 2);
});

test("half of the time and a thirty-second of the machine cost that part of it", async () => {
  const embodied = { manufacturingKg: 1000, lifetimeYears: 4, resourceShare: 1 / 32 };
  const estimator = new CarbonEstimator({ region: "FR", clock, embodied });
  const estimate = await estimator.estimateFromPowerTime({ powerWatts: 10, durationSeconds: 1800 });
  expect(estimate.embodied.grams).toBeCloseTo(28.52 / 64, 3);
});

test("its error enters the interval and the budget, whose shares still sum to 1", async () => {
  const embodied = {
    manufacturingKg: { value: 1000, standardUncertainty: 250 },
    lifetimeYears: { value: 4, standardUncertainty: 0.8 },
    resourceShare: 1,
    hardware: "R740",
  };
  const estimate = await estimateWith({ embodied });
  const rows = estimate.budget.filter(({ sourceId }) => sourceId.startsWith("embodied"));
  expect(rows.map(({ sourceId }) => sourceId)).toEqual(["embodied/hardware=R740", "embodied.lifetime/hardware=R740"]);
  expect(rows.every(({ shareOfVariance }) => shareOfVariance > 0)).toBe(true);
  expect(estimate.budget.reduce((sum, { shareOfVariance }) => sum + shareOfVariance, 0)).toBeCloseTo(1, 12);
  const parts = [...estimate.components.values(), estimate.privateUncertaintyGrams];
  expect(Math.hypot(...parts)).toBeCloseTo(estimate.standardUncertaintyGrams, 9);
  // 1/lifetime has the mean (1 + r^2)/lifetime: 4 % more for an uncertain one, since means are what adds up.
  expect(estimate.embodied.grams).toBeCloseTo(28.52 * 1.04, 2);
});

test("a class of device stands for a mass that is known only widely", async () => {
  const { embodied } = await estimateWith({ embodied: { device: "server", resourceShare: 0.1 } });
  const relative = (embodied.standardUncertaintyGrams ?? 0) / (embodied.grams ?? 1);
  expect(embodied).toMatchObject({ device: "server", lifetimeYears: 4, status: "declared" });
  expect(embodied.citation).toContain("Boavizta");
  expect(relative).toBeGreaterThan(0.5);
});

test.each([
  [undefined, "manufacturing mass, lifetime and share of the hardware"],
  [{ device: "laptop" }, "the reserved share of it"],
  [{ manufacturingKg: 100, resourceShare: 1 }, "its lifetime"],
  [{ resourceShare: 1 }, "the mass of its making (manufacturingKg or device), its lifetime"],
])("%j is not declared, which is not 0: what is missing is named", async (embodied, missing) => {
  const estimate = await estimateWith({ embodied });
  expect(estimate.embodied).toMatchObject({ status: "not_declared", grams: null, missing });
  expect(estimate.taxonomy).toBeNull();
  expect(estimate.notes).toContain(`Embodied carbon is not declared, which is not 0; unknown: ${missing}.`);
});

test("without a time nothing is known of what the hardware was reserved for", async () => {
  const embodied = { device: "laptop", resourceShare: 1 };
  const estimate = await new CarbonEstimator({ region: "FR", clock, embodied }).estimateFromEnergy({ energyWh: 1 });
  expect(estimate.embodied).toMatchObject({ grams: null, missing: "the time for which it was reserved" });
});

test.each([
  [{ device: "servr" }, 'There is no device class "servr"; did you mean server?'],
  [
    { device: "server", manufacturingKg: 1 },
    "The embodied input has both manufacturingKg and device; give one of them.",
  ],
  [{ manufacturingKg: -1 }, "The embodied manufacturingKg is -1"],
  [{ manufacturingKg: 0 }, "The embodied manufacturingKg is 0, but must be above 0; leave it out if it is not known."],
  [{ lifetimeYears: 0 }, "The embodied lifetimeYears is 0"],
  [{ resourceShare: 0 }, "The embodied resourceShare is 0"],
  [{ resourceShare: 1.5 }, "The embodied resourceShare is 1.5, but must be a number above 0 and at most 1."],
])("%j is refused in one sentence", (embodied, words) => {
  expect(() => new CarbonEstimator({ embodied })).toThrow(
    expect.objectContaining({ code: "INPUT_INVALID", message: expect.stringContaining(words) }),
  );
});

test("a Software Carbon Intensity is (O + M) per functional unit, with its interval", async () => {
  const embodied = { manufacturingKg: 1000, lifetimeYears: 4, resourceShare: 1 };
  const functionalUnit = { unit: "request", count: 1000 };
  const { sci, grams, interval } = await estimateWith({ embodied, functionalUnit });
  expect(sci).toMatchObject({ status: "stated", functionalUnit: "request", intensityKind: "average" });
  expect(sci.score).toBeCloseTo(grams / 1000, 12);
  expect(sci.upper).toBeCloseTo(interval.upperGrams / 1000, 12);
});

test("each estimate may say how many units it served", async () => {
  const embodied = { manufacturingKg: 1000, lifetimeYears: 4, resourceShare: 1 };
  const { sci, grams } = await estimateWith(
    { embodied, functionalUnit: { unit: "request" } },
    { functionalUnitCount: 20 },
  );
  expect(sci.score).toBeCloseTo(grams / 20, 12);
});

test("a score is null, with the reason, when the standard's parts are missing", async () => {
  expect((await estimateWith({})).sci).toMatchObject({ status: "no_functional_unit", score: null });
  const functionalUnit = { unit: "request", count: 10 };
  expect((await estimateWith({ functionalUnit })).sci).toMatchObject({ status: "embodied_not_declared", score: null });
});

test.each([
  [{ unit: "request", count: 0 }, "functionalUnit.count is 0"],
  [{ unit: " ", count: 1 }, 'The functional unit\'s name is " "'],
])("the functional unit %j is refused", (functionalUnit, words) => {
  expect(() => new CarbonEstimator({ functionalUnit })).toThrow(words);
});

test("a count without a unit is refused", async () => {
  await expect(estimateWith({}, { functionalUnitCount: 3 })).rejects.toThrow(
    "functionalUnitCount needs a unit to count",
  );
});

test.each([
  [0.001, "operational_dominated", true],
  [0.35, "marginal", true],
  [1, "embodied_dominated", false],
])("with a share of %s of the machine the task is %s", async (resourceShare, thetaRegime, optimizationViable) => {
  const embodied = { manufacturingKg: 1000, lifetimeYears: 4, resourceShare };
  const { taxonomy, grams } = await estimateWith({ embodied });
  expect(taxonomy).toMatchObject({ thetaRegime, optimizationViable });
  expect(taxonomy?.thetaFraction).toBeCloseTo((28.52 * resourceShare) / grams, 3);
});
