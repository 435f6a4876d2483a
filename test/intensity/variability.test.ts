import * as fc from "fast-check";
import { expect, test } from "vitest";
import { annualAverageError, hourlyVariability } from "../../src/intensity/variability.ts";

test("zones with modelled hourly data get 15 %, since their own flatness is an artefact", () => {
  expect(hourlyVariability("SG").total).toBe(0.15);
});

test("a longer span is never further from the annual average than a shorter one", () => {
  const duration = fc.integer({ min: 0, max: 400 * 86_400_000 });
  fc.assert(
    fc.property(duration, duration, (left, right) => {
      const [shorter, longer] = left < right ? [left, right] : [right, left];
      const variability = { total: 0.28, withinDay: 0.15 };
      expect(annualAverageError(variability, longer)).toBeLessThanOrEqual(annualAverageError(variability, shorter));
    }),
  );
});
