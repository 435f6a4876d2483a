import { expect, test } from "vitest";
import type { CarbonEstimate } from "../../src/carbon/estimate.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { gramsOfPart } from "../../src/carbon/part-of-estimate.ts";

const errors = { gainLnSigma: 0.2, shareLnSigma: 0.12, additiveWh: 1e-5 };

async function estimateOf(meanWh: number, additiveWh: number): Promise<CarbonEstimate> {
  const energy = {
    ...errors,
    meanWh,
    additiveWh,
    gainSourceId: "gain/example",
    gainCitation: "an example",
    boundary: "package_and_dram" as const,
    provenance: "estimated" as const,
  };
  return new CarbonEstimator({ region: "GB" }).estimateOverSpan({
    startTs: "2026-03-01T10:00:00.000Z",
    endTs: "2026-03-01T10:01:00.000Z",
    energy,
  });
}

test.each([
  ["well known", 1e-5, 0.03],
  ["known to a third", 3.3e-4, 0.15],
])(
  "grams of an energy that is %s are those of an estimate of its own, the bounds to some per cent",
  async (_, additiveWh, tolerance) => {
    const reference = await estimateOf(1, 1e-4);
    const own = await estimateOf(1e-3, additiveWh);
    const part = gramsOfPart(reference, 3.6, { ...errors, additiveWh });
    expect((part?.grams ?? 0) / own.grams).toBeCloseTo(1, 2);
    expect(Math.abs(Math.log((part?.upperGrams ?? 0) / own.interval.upperGrams))).toBeLessThan(tolerance);
    expect((part?.lowerGrams ?? 0) / own.grams).toBeGreaterThan(0);
    expect(part?.lowerGrams).toBeLessThan(part?.grams ?? 0);
  },
);

test("an energy of nothing has grams of nothing, up to what its error allows", async () => {
  const part = gramsOfPart(await estimateOf(1, 1e-4), 0, errors);
  expect(part).toMatchObject({ grams: 0, lowerGrams: 0 });
  expect(part?.upperGrams).toBeGreaterThan(0);
});

test("what errors of the energy add makes the bounds wider, and leaves the grams", async () => {
  const reference = await estimateOf(1, 1e-4);
  const sharp = gramsOfPart(reference, 3.6, { gainLnSigma: 0, shareLnSigma: 0, additiveWh: 0 });
  const blunt = gramsOfPart(reference, 3.6, { gainLnSigma: 0.5, shareLnSigma: 0.1, additiveWh: 0 });
  expect(blunt?.grams).toBe(sharp?.grams);
  expect(blunt?.upperGrams).toBeGreaterThan(sharp?.upperGrams ?? 0);
  expect(blunt?.lowerGrams).toBeLessThan(sharp?.lowerGrams ?? 0);
});
