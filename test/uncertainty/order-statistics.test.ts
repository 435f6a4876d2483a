import * as fc from "fast-check";
import { expect, test } from "vitest";
import { coverageInterval, heldCount, selected, summarised } from "../../src/uncertainty/order-statistics.ts";

/** 1, 4, 9 … 10000. */
const squares = Array.from({ length: 100 }, (_, index) => (index + 1) ** 2);

test("the symmetric interval leaves out as many values below as above", () => {
  const shuffled = Float64Array.from(squares, (_, index) => squares[(index * 37) % 100] ?? 0);
  expect(coverageInterval(shuffled, 0.95, "symmetric")).toMatchObject({ lower: 9, upper: 9604 });
});

test("the shortest interval is the first of the smallest width", () => {
  expect(coverageInterval(Float64Array.from(squares), 0.95, "shortest")).toMatchObject({ lower: 1, upper: 9216 });
});

test("the upper limit starts at 0", () => {
  expect(coverageInterval(Float64Array.from(squares), 0.95, "upper_limit")).toMatchObject({ lower: 0, upper: 9025 });
});

test("selection finds what sorting would, with many equal values too", () => {
  const sample = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 3000 });
  fc.assert(
    fc.property(sample, fc.nat(), (values, place) => {
      const rank = (place % values.length) + 1;
      const sorted = Float64Array.from(values).sort();
      expect(selected(Float64Array.from(values), rank)).toBe(sorted[rank - 1]);
    }),
    { numRuns: 60 },
  );
});

test("the shortest interval by its tails is that of the sorted sample, at high and low levels", () => {
  const sample = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 50, maxLength: 400 });
  fc.assert(
    fc.property(sample, fc.constantFrom(0.1, 0.5, 0.9), (values, level) => {
      const sorted = Float64Array.from(values).sort();
      const held = Math.floor(level * sorted.length + 0.5);
      const widths = Array.from(sorted.subarray(held), (value, index) => value - (sorted[index] ?? 0));
      const { lower, upper } = coverageInterval(Float64Array.from(values), level, "shortest");
      expect(upper - lower).toBe(Math.min(...widths));
    }),
    { numRuns: 60 },
  );
});

test("the median of an even number of values is between the middle two", () => {
  expect(summarised(Float64Array.of(4, 1, 3, 2), 0.025, 0.975).median).toBe(2.5);
  expect(summarised(Float64Array.of(5, 4, 1, 3, 2), 0.025, 0.975).median).toBe(3);
});

test("too few values for the level are an error that says how many are needed", () => {
  expect(() => coverageInterval(Float64Array.of(1, 2, 3), 0.95, "symmetric")).toThrow("use at least 40");
});

test.each([
  [100, 0.95, 95],
  [40, 0.9, 36],
  [21, 0.95, 20],
])("of %d values an interval at level %d holds %d", (count, level, held) => {
  expect(heldCount(count, level)).toBe(held);
});
