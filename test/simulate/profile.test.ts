import { expect, test } from "vitest";
import {
  constantPower,
  noisyPower,
  type PowerProfile,
  recordedPower,
  steppedPower,
} from "../../src/simulate/profile.ts";

const second = 1_000_000_000n;

/** Power at each tenth of a second, in watts. */
function wattsOver(profile: PowerProfile, seconds: number): number[] {
  return Array.from(
    { length: seconds * 10 },
    (_, tenth) => Number(profile((BigInt(tenth) * second) / 10n).microwatts) / 1e6,
  );
}

test("constant power never ends", () => {
  expect(constantPower(12.5)(77n)).toEqual({ microwatts: 12_500_000n, untilNs: null });
});

test("steps take turns, and begin again", () => {
  const profile = steppedPower([10, 20, 30], 0.5);
  expect(profile(0n)).toEqual({ microwatts: 10_000_000n, untilNs: second / 2n });
  expect(profile(second)).toMatchObject({ microwatts: 30_000_000n });
  expect(profile((3n * second) / 2n)).toEqual({ microwatts: 10_000_000n, untilNs: 2n * second });
});

test("noise stays within its share, differs from slot to slot, and is the same for the same seed", () => {
  const watts = wattsOver(noisyPower(constantPower(100), 0.3, 7), 100);
  expect(Math.min(...watts)).toBeGreaterThanOrEqual(70);
  expect(Math.max(...watts)).toBeLessThanOrEqual(130);
  expect(Math.max(...watts) - Math.min(...watts)).toBeGreaterThan(50);
  const mean = watts.reduce((sum, value) => sum + value, 0) / watts.length;
  expect(Math.abs(mean - 100)).toBeLessThan(3);
  expect(wattsOver(noisyPower(constantPower(100), 0.3, 7), 100)).toEqual(watts);
  expect(wattsOver(noisyPower(constantPower(100), 0.3, 8), 100)).not.toEqual(watts);
});

test("noise over steps ends a stretch where either ends", () => {
  const profile = noisyPower(steppedPower([10, 20], 0.25), 0.1, 1);
  expect(profile((21n * second) / 100n).untilNs).toBe(second / 4n);
});

test("a recording holds each power until the next line, and begins again after the last", () => {
  const profile = recordedPower("# seconds,watts\n10,5\n11,50\n13.5 , 20\n", "power.csv");
  expect(profile(0n)).toEqual({ microwatts: 5_000_000n, untilNs: second });
  expect(profile(2n * second)).toMatchObject({ microwatts: 50_000_000n });
  expect(profile(4n * second)).toEqual({ microwatts: 20_000_000n, untilNs: 6n * second });
  expect(profile(6n * second)).toEqual({ microwatts: 5_000_000n, untilNs: 7n * second });
});

test.each([
  ["one line", "0,5\n"],
  ["times that do not rise", "0,5\n2,6\n2,7\n"],
  ["words", "0,5\n1,much\n"],
  ["a negative power", "0,5\n1,-3\n"],
])("%s is no recording", (_, text) => {
  expect(() => recordedPower(text, "power.csv")).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
});
