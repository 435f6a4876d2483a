import * as fc from "fast-check";
import { expect, test } from "vitest";
import { autoregressiveSum } from "../../src/uncertainty/correlated-sum.ts";
import {
  covarianceOf,
  differenceOfSourced,
  foldDays,
  type SourcedQuantity,
  sourcedFromJson,
  sourcedToJson,
  standardUncertaintyOf,
  sumOfSourced,
} from "../../src/uncertainty/named-sources.ts";

const ids = ["pue/site=x", "rapl.gain/host=a", "intensity.bias/zone=DE"];
const hours = Array.from({ length: 60 }, (_, hour) => hourId(hour));

function hourId(hour: number, family = "zone=DE"): string {
  return `intensity.hour/${family}/t=${new Date(hour * 3_600_000).toISOString().slice(0, 13)}Z`;
}

const quantity: fc.Arbitrary<SourcedQuantity> = fc
  .record({
    value: fc.double({ min: 0, max: 100, noNaN: true }),
    components: fc.dictionary(fc.constantFrom(...ids, ...hours), fc.double({ min: -5, max: 5, noNaN: true })),
    privateUncertainty: fc.double({ min: 0, max: 5, noNaN: true }),
  })
  .map(({ components, ...rest }) => ({ ...rest, components: new Map(Object.entries(components)) }));

function ofHours(components: readonly (readonly [number, number])[], family?: string): SourcedQuantity {
  return {
    value: 1,
    components: new Map(components.map(([hour, u]) => [hourId(hour, family), u])),
    privateUncertainty: 0,
  };
}

test("the same source adds linearly, different ones and private parts in quadrature", () => {
  const task: SourcedQuantity = { value: 10, components: new Map([["pue/site=x", 3]]), privateUncertainty: 4 };
  const other: SourcedQuantity = { value: 10, components: new Map([["pue/site=y", 8]]), privateUncertainty: 0 };
  expect(standardUncertaintyOf(task)).toBe(5);
  expect(standardUncertaintyOf(sumOfSourced([task, task]))).toBeCloseTo(Math.sqrt(6 ** 2 + 2 * 4 ** 2), 12);
  expect(standardUncertaintyOf(sumOfSourced([{ ...task, privateUncertainty: 6 }, other]))).toBeCloseTo(
    Math.hypot(3, 6, 8),
  );
});

test("what two versions share cancels in their difference", () => {
  const shared = new Map([["intensity.bias/zone=DE", 5]]);
  const a: SourcedQuantity = { value: 20, components: shared, privateUncertainty: 0.3 };
  const b: SourcedQuantity = { value: 18, components: shared, privateUncertainty: 0.4 };
  const difference = differenceOfSourced(a, b);
  expect(difference.value).toBe(2);
  expect(standardUncertaintyOf(difference)).toBeCloseTo(0.5, 14);
});

test("any grouping of a sum gives the same uncertainty", () => {
  fc.assert(
    fc.property(fc.array(quantity, { minLength: 2, maxLength: 8 }), fc.nat(), (all, at) => {
      const cut = at % all.length;
      const grouped = sumOfSourced([sumOfSourced(all.slice(cut)), sumOfSourced(all.slice(0, cut))]);
      const plain = sumOfSourced(all);
      expect(Math.abs(grouped.value - plain.value)).toBeLessThan(1e-10);
      expect(Math.abs(standardUncertaintyOf(grouped) - standardUncertaintyOf(plain))).toBeLessThan(1e-6);
      expect(grouped.privateUncertainty).toBeCloseTo(plain.privateUncertainty, 10);
    }),
  );
});

test("the variance of a sum is the variances and twice the covariance, hours included", () => {
  fc.assert(
    fc.property(quantity, quantity, (a, b) => {
      const sum = standardUncertaintyOf(sumOfSourced([a, b])) ** 2;
      const parts = standardUncertaintyOf(a) ** 2 + standardUncertaintyOf(b) ** 2 + 2 * covarianceOf(a, b);
      expect(Math.abs(sum - parts)).toBeLessThan(1e-8);
    }),
  );
});

test("hours of one family are correlated by the time between them; two families are independent", () => {
  const de = ofHours([
    [0, 2],
    [1, 3],
    [5, 1],
  ]);
  expect(standardUncertaintyOf(de, { autocorrelationPerHour: 0.8 })).toBeCloseTo(
    autoregressiveSum([2, 3, 1], 0.8, [1, 4]),
    12,
  );
  expect(standardUncertaintyOf(de, { autocorrelationPerHour: 0 })).toBeCloseTo(Math.sqrt(14), 12);
  const both = sumOfSourced([ofHours([[0, 3]]), ofHours([[0, 4]], "zone=FR")]);
  expect(standardUncertaintyOf(both)).toBeCloseTo(5, 12);
});

test("the order in which hours came does not matter", () => {
  expect(
    standardUncertaintyOf(
      ofHours([
        [5, 1],
        [0, 2],
        [1, 3],
      ]),
    ),
  ).toBeCloseTo(
    standardUncertaintyOf(
      ofHours([
        [0, 2],
        [1, 3],
        [5, 1],
      ]),
    ),
    14,
  );
});

test("a family may name its own autocorrelation, or the caller give it by family", () => {
  const named = ofHours(
    [
      [0, 3],
      [1, 4],
    ],
    "zone=DE/rho=0",
  );
  expect(standardUncertaintyOf(named, { autocorrelationPerHour: 1 })).toBeCloseTo(5, 12);
  const plain = ofHours([
    [0, 3],
    [1, 4],
  ]);
  const byFamily = (family: string): number | undefined => (family === "intensity.hour/zone=DE" ? 1 : undefined);
  expect(standardUncertaintyOf(plain, { autocorrelationPerHour: byFamily })).toBeCloseTo(7, 12);
});

test("folding a closed day of equal hours changes no uncertainty, and leaves one source for it", () => {
  const threeDays = ofHours(Array.from({ length: 72 }, (_, hour) => [hour, 1] as const));
  const folded = foldDays(threeDays, 48 * 3_600_000);
  expect([...folded.components.keys()].filter((id) => id.includes(".day/"))).toEqual([
    "intensity.day/zone=DE/t=1970-01-01",
    "intensity.day/zone=DE/t=1970-01-02",
  ]);
  expect(folded.components.size).toBe(26);
  expect(standardUncertaintyOf(folded)).toBeCloseTo(standardUncertaintyOf(threeDays), 10);
});

test("a day of unequal hours keeps its own variance when folded; its tie to the next day is that of equal hours", () => {
  const uneven = ofHours(Array.from({ length: 48 }, (_, hour) => [hour, 1 + (hour % 24) / 8] as const));
  const firstDay = ofHours(Array.from({ length: 24 }, (_, hour) => [hour, 1 + hour / 8] as const));
  expect(standardUncertaintyOf(foldDays(firstDay, 86_400_000))).toBeCloseTo(standardUncertaintyOf(firstDay), 12);
  const ratio = standardUncertaintyOf(foldDays(uneven, 2 * 86_400_000)) / standardUncertaintyOf(uneven);
  expect(Math.abs(ratio - 1)).toBeLessThan(0.02);
});

test("an hour that comes late for a folded day adds to it as if fully correlated", () => {
  const day = foldDays(ofHours(Array.from({ length: 24 }, (_, hour) => [hour, 1] as const)), 86_400_000);
  const late = sumOfSourced([day, ofHours([[12, 1]])]);
  const exact = ofHours(Array.from({ length: 24 }, (_, hour) => [hour, hour === 12 ? 2 : 1] as const));
  const refolded = foldDays(late, 86_400_000);
  expect(refolded.components.size).toBe(1);
  const ratio = standardUncertaintyOf(refolded) / standardUncertaintyOf(exact);
  expect(ratio).toBeGreaterThan(0.97);
  expect(ratio).toBeLessThan(1.05);
});

test("what is written as JSON comes back the same, and its text does not depend on the order of sources", () => {
  fc.assert(
    fc.property(quantity, (original) => {
      const text = JSON.stringify(sourcedToJson(original));
      const back = sourcedFromJson(JSON.parse(text));
      expect(back.components).toEqual(new Map([...original.components].map(([id, u]) => [id, u + 0])));
      expect(back.value).toBe(original.value + 0);
      expect(JSON.stringify(sourcedToJson({ ...back, components: new Map([...back.components].reverse()) }))).toBe(
        text,
      );
    }),
  );
});

test.each([
  [null, "must be an object"],
  [{ value: "1", components: {}, u_private: 0 }, "The value of"],
  [{ value: 1, components: [], u_private: 0 }, "set of components must be an object"],
  [{ value: 1, components: { a: null }, u_private: 0 }, 'component "a"'],
  [{ value: 1, components: {}, u_private: -1 }, "u_private"],
])("JSON that is no such quantity is refused: %j", (json, message) => {
  expect(() => sourcedFromJson(json)).toThrow(message);
});
