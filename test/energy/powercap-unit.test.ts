import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rawFromMicrojoules, scaleFromRange } from "../../src/energy/powercap-unit.ts";

test.each([
  ["most Intel processors", 262_143_328_850n, 61_035n],
  ["AMD, and Intel before Haswell", 65_532_610_987n, 15_258n],
  ["memory of Intel servers", 65_712_999_613n, 15_300n],
  ["Silvermont", 137_438_953_440n, 32_000n],
  ["the platform rail of Sapphire Rapids", 4_294_967_295_000_000n, 1_000_000_000n],
])("the unit of %s is recovered from the range", (_, range, unitNanojoules) => {
  expect(scaleFromRange(range)).toEqual({ unitNanojoules, modulus: 2n ** 32n });
});

test("very old kernels did not cut the unit: microjoules are counted, and the wrap is where 2^32 of 2^-14 J are", () => {
  expect(scaleFromRange(262_143_999_938n)).toEqual({ unitNanojoules: 1000n, modulus: 262_144_000_000n });
});

test("a range that no unit explains is counted in microjoules, one count more than the range to a wrap", () => {
  expect(scaleFromRange(262_143_999_000n)).toEqual({ unitNanojoules: 1000n, modulus: 262_143_999_061n });
});

test.each([
  ["missing", null],
  ["zero", 0n],
  ["too small to be one", 65_535n],
])("a range that is %s gives no modulus", (_, range) => {
  expect(scaleFromRange(range).modulus).toBeNull();
});

test("every count comes back exactly from the microjoules that the driver cuts it to", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
      fc.bigInt({ min: 1000n, max: 10n ** 9n }),
      (raw, unitNanojoules) => {
        expect(rawFromMicrojoules((raw * unitNanojoules) / 1000n, unitNanojoules)).toBe(raw);
      },
    ),
  );
});
