import * as fc from "fast-check";
import { expect, test } from "vitest";
import { steadyParts } from "../../src/exporters/prometheus-steady.ts";

const parts = ["a", "b", "c"] as const;

function sumOf(values: Iterable<number>): number {
  return [...values].reduce((sum, value) => sum + value, 0);
}

test("parts that only grow are shown as they are", () => {
  const steady = steadyParts();
  expect([...steady(new Map([["a", 0.1]]))]).toEqual([["a", 0.1]]);
  const truth = new Map([
    ["a", 0.1 + 0.2],
    ["b", 7],
  ]);
  expect([...steady(truth)]).toEqual([...truth]);
});

test("a part that goes back stands still, and the others grow by as much less until it has caught up", () => {
  const steady = steadyParts();
  const of = (a: number, b: number, c: number) => [...steady(new Map(Object.entries({ a, b, c }))).values()];
  expect(of(10, 0, 0)).toEqual([10, 0, 0]);
  expect(of(6, 8, 8)).toEqual([10, 6, 6]);
  expect(of(11, 8, 8)).toEqual([11, 8, 8]);
});

test("whatever the parts do, none goes back, and they add up to a whole that does not", () => {
  const steps = fc.array(fc.tuple(...parts.map(() => fc.double({ min: -1, max: 4, noNaN: true }))), { maxLength: 30 });
  fc.assert(
    fc.property(steps, (all) => {
      const steady = steadyParts();
      const truth = new Map<string, number>(parts.map((part) => [part, 0]));
      let before: ReadonlyMap<string, number> = new Map();
      for (const step of all) {
        if (sumOf(step) < 0) continue;
        parts.forEach((part, index) => {
          truth.set(part, (truth.get(part) ?? 0) + (step[index] ?? 0));
        });
        const shown = steady(new Map(truth));
        for (const [part, value] of shown) expect(value).toBeGreaterThanOrEqual(before.get(part) ?? 0);
        expect(sumOf(shown.values())).toBeCloseTo(sumOf(truth.values()), 9);
        before = shown;
      }
    }),
  );
});
