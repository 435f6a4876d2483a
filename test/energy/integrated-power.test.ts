import * as fc from "fast-check";
import { expect, test } from "vitest";
import { addPower, emptyIntegral, microjoulesOfIntegral, missPower } from "../../src/energy/integrated-power.ts";

const second = 1_000_000_000n;

test("constant power over time is their product, to the microjoule, however it is cut into samples", () => {
  const steps = fc.array(fc.integer({ min: 1, max: 1_000_000_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), steps, (milliwatts, stepsNs) => {
      let nowNs = 5n * second;
      let integral = addPower(emptyIntegral, milliwatts, nowNs, 1000);
      for (const stepNs of stepsNs) {
        nowNs += BigInt(stepNs);
        integral = addPower(integral, milliwatts, nowNs, 1000);
      }
      expect(integral.picojoules).toBe(BigInt(milliwatts) * (nowNs - 5n * second));
      expect(integral.gaps).toBe(0);
    }),
  );
});

test("a sample that failed costs nothing when the next one comes soon, and is counted", () => {
  const first = addPower(emptyIntegral, 100_000, 0n, 1000);
  const later = addPower(missPower(first), 100_000, 2n * second, 1000);
  expect(microjoulesOfIntegral(later)).toBe(200_000_000n);
  expect(later.gaps).toBe(1);
});

test.each([-1, 1_000_001, Number.NaN, 0.5])("%d milliwatts of a board of 1 kW is garbage", (milliwatts) => {
  const first = addPower(emptyIntegral, 100_000, 0n, 1000);
  expect(addPower(first, milliwatts, second, 1000)).toEqual({ ...first, gaps: 1 });
});
