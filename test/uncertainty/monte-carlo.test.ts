import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { analyticalTruncated } from "../../src/uncertainty/analytical-truncated.ts";
import type { Distribution } from "../../src/uncertainty/distribution.ts";
import { lognormalFromMean } from "../../src/uncertainty/lognormal.ts";
import { type MonteCarloModel, monteCarlo } from "../../src/uncertainty/monte-carlo.ts";

function normal(mean: number, standardDeviation: number): Distribution {
  return { kind: "normal", mean, standardDeviation };
}

function lognormal(mean: number, u: number): Distribution {
  return { kind: "lognormal", ...lognormalFromMean(mean, u) };
}

function at(draws: Float64Array, index: number): number {
  return draws[index] ?? Number.NaN;
}

/** Grams of one task: an energy that is a difference, three factors, and something added. */
const task: Omit<MonteCarloModel, "seed" | "trials"> = {
  sources: [
    { id: "energy", distribution: { kind: "truncated_normal", parentMean: 0.02, parentSigma: 0.004 } },
    { id: "gain", distribution: lognormal(1, 0.05) },
    { id: "pue", distribution: { kind: "shifted_lognormal", shift: 1, lnMedian: Math.log(0.25), lnSigma: 0.2 } },
    { id: "intensity", distribution: lognormal(400, 40) },
    { id: "embodied", distribution: { kind: "gamma", shape: 4, scale: 0.2 } },
    { id: "timing", distribution: { kind: "arcsine", low: -0.01, high: 0.01 } },
    { id: "share", distribution: { kind: "student_t", location: 1, scale: 0.01, degreesOfFreedom: 9 } },
  ],
  model: (d) => at(d, 0) * at(d, 1) * at(d, 2) * at(d, 3) * at(d, 6) + at(d, 4) + at(d, 5),
};

const single = { sources: [{ id: "x", distribution: normal(20, 3) }], model: (d: Float64Array) => at(d, 0) };

test("the same seed gives the same bytes on every Node.js: the hash is that of Node.js 20, 22 and 24", () => {
  const results = [1, 2].map((seed) => monteCarlo({ ...task, seed, trials: 50_000 }));
  expect(createHash("sha256").update(JSON.stringify(results)).digest("hex")).toBe(
    "b4d6294fe27e588d3e7950989cf2548ec23389f6606a9136ad2f1f0d4c075f5e",
  );
});

test("another seed gives other figures, within their standard errors", () => {
  const [first, second] = [1, 2].map((seed) => monteCarlo({ ...task, seed, trials: 100_000 }));
  expect(first?.mean).not.toBe(second?.mean);
  expect(Math.abs((first?.mean ?? 0) - (second?.mean ?? 0))).toBeLessThan(6 * (first?.standardErrors.mean ?? 0));
});

test("a source's draws depend on its id and the seed alone, not on the other sources or their order", () => {
  const alone = monteCarlo({ ...single, seed: 3, trials: 5000 });
  const among = monteCarlo({
    sources: [{ id: "y", distribution: normal(0, 1) }, ...single.sources],
    model: (d) => at(d, 1),
    seed: 3,
    trials: 5000,
  });
  expect(among.mean).toBe(alone.mean);
});

test("a longer run goes through the shorter one's trials first", () => {
  const values = (trials: number): number[] => {
    const seen: number[] = [];
    const model = (d: Float64Array): number => {
      seen.push(at(d, 0));
      return at(d, 0);
    };
    monteCarlo({ ...single, model, seed: 3, trials });
    return seen;
  };
  expect(values(9000).slice(0, 5000)).toEqual(values(5000));
});

test("more trials make the interval steadier and never narrower: four times as many keep the width and halve its scatter", () => {
  const { ratioOfWidths, ratioOfVariances } = scaling((seed, trials) => {
    const { lower, upper } = monteCarlo({ ...single, seed, trials });
    return upper - lower;
  });
  expect(Math.abs(ratioOfWidths - 1)).toBeLessThan(0.01);
  expect(Math.abs(4 * ratioOfVariances - 1)).toBeLessThan(0.3);
});

test("the same test refuses an interval from a bootstrap of the mean, which shrinks with the number of trials", () => {
  const { ratioOfWidths } = scaling((seed, trials) => {
    const { standardUncertainty } = monteCarlo({ ...single, seed, trials });
    return (2 * 1.96 * standardUncertainty) / Math.sqrt(trials);
  });
  expect(ratioOfWidths).toBeCloseTo(0.5, 2);
});

/** Over 100 seeds: mean width and variance of the width at four times the trials, over those at once. */
function scaling(width: (seed: number, trials: number) => number): { ratioOfWidths: number; ratioOfVariances: number } {
  const [few, many] = [4000, 16_000].map((trials) => {
    const widths = Array.from({ length: 100 }, (_, seed) => width(seed, trials));
    const mean = widths.reduce((sum, value) => sum + value, 0) / widths.length;
    return { mean, variance: widths.reduce((sum, value) => sum + (value - mean) ** 2, 0) };
  });
  return {
    ratioOfWidths: (many?.mean ?? 0) / (few?.mean ?? 0),
    ratioOfVariances: (many?.variance ?? 0) / (few?.variance ?? 0),
  };
}

test("the adaptive scheme stops when two digits are stable, not before three blocks, and says so", () => {
  const result = monteCarlo({ ...single, seed: 5, trials: { digits: 2 } });
  expect(result).toMatchObject({ stable: true, tolerance: 0.05 });
  expect(result.trials).toBeGreaterThanOrEqual(30_000);
  expect(result.trials % 10_000).toBe(0);
  expect(Math.abs(result.lower - (20 - 1.96 * 3))).toBeLessThan(0.1);
});

test("an adaptive run is the run with the number of trials it came to", () => {
  const adaptive = monteCarlo({ ...task, seed: 5, trials: { digits: 1 } });
  const {
    stable: _stable,
    tolerance: _tolerance,
    ...fixed
  } = monteCarlo({ ...task, seed: 5, trials: adaptive.trials });
  expect(adaptive.lower).toBe(fixed.lower);
  expect(adaptive.mean).toBeCloseTo(fixed.mean, 12);
});

test("the adaptive scheme gives up at its cap and calls the result unstable", () => {
  const result = monteCarlo({ ...single, seed: 5, trials: { digits: 2, maximumTrials: 35_000 } });
  expect(result).toMatchObject({ stable: false, trials: 30_000 });
});

test("a model without any uncertainty is stable at once", () => {
  const sources = [{ id: "x", distribution: { kind: "exact", value: 7 } as const }];
  const result = monteCarlo({ ...single, sources, seed: 1, trials: { digits: 2 } });
  expect(result).toMatchObject({ mean: 7, standardUncertainty: 0, lower: 7, upper: 7, stable: true });
});

test("the upper limit runs from 0 to the quantile of the whole level", () => {
  const sources = [{ id: "x", distribution: { kind: "truncated_normal", parentMean: 0, parentSigma: 1 } as const }];
  const result = monteCarlo({ ...single, sources, seed: 1, trials: 200_000, interval: "upper_limit" });
  expect(result).toMatchObject({ lower: 0, intervalKind: "upper_limit" });
  expect(result.upper).toBeCloseTo(1.96, 2);
});

test("correlated sources have the correlation asked for, whatever their distributions", () => {
  const sum = (coefficient: number): number =>
    monteCarlo({
      sources: ["a", "b", "c"].map((id) => ({ id, distribution: normal(0, 1) })),
      correlations: [
        { between: ["a", "b"], coefficient },
        { between: ["c", "b"], coefficient: 0.2 },
      ],
      model: (d) => at(d, 0) + at(d, 1),
      seed: 9,
      trials: 200_000,
    }).standardUncertainty;
  expect(sum(0.9)).toBeCloseTo(Math.sqrt(3.8), 1);
  expect(sum(-0.5)).toBeCloseTo(1, 2);
});

test("fully correlated sources of different shapes rise and fall together", () => {
  const { lower } = monteCarlo({
    sources: [
      { id: "a", distribution: { kind: "exponential", mean: 1 } },
      { id: "b", distribution: { kind: "lognormal", lnMedian: 0, lnSigma: 1 } },
      { id: "c", distribution: { kind: "exponential", mean: 1 } },
    ],
    correlations: [
      { between: ["a", "b"], coefficient: 1 },
      { between: ["a", "c"], coefficient: 1 },
      { between: ["b", "c"], coefficient: 1 },
    ],
    model: (d) => -Math.abs(at(d, 0) - at(d, 2)),
    seed: 9,
    trials: 5000,
  });
  expect(Math.abs(lower)).toBeLessThan(1e-12);
});

test("correlations that no quantities can have together are refused", () => {
  const sources = ["a", "b", "c"].map((id) => ({ id, distribution: normal(0, 1) }));
  const pair = (first: string, second: string, coefficient: number) => ({
    between: [first, second] as const,
    coefficient,
  });
  const run = (...correlations: ReturnType<typeof pair>[]) =>
    monteCarlo({ ...single, sources, correlations, seed: 1, trials: 1000 });
  expect(() => run(pair("a", "b", 0.9), pair("b", "c", 0.9), pair("a", "c", -0.9))).toThrow("contradict");
  expect(() => run(pair("a", "b", 1.1))).toThrow("from -1 to 1");
  expect(() => run(pair("a", "d", 0.1))).toThrow('"d"');
  expect(() => run(pair("a", "a", 0.1))).toThrow("between two sources");
});

test.each([
  ["level", { level: 1 }],
  ["seed", { seed: -1 }],
  ["seed", { seed: 0.5 }],
  ["trials", { trials: 100 }],
  ["trials", { trials: 1e8 }],
  ["trials", { trials: { digits: 1, maximumTrials: 1000 } } as const],
])("a bad %s is refused with what is allowed", (what, change) => {
  expect(() => monteCarlo({ ...single, seed: 1, trials: 1000, ...change })).toThrow(what);
});

test("an interval of a kind that does not exist is refused, also where no compiler sees it", () => {
  const options: object = { interval: "widest" };
  expect(() => monteCarlo({ ...single, seed: 1, trials: 1000, ...options })).toThrow('The interval is "widest"');
});

test("a model of more sources than are copied at once sees the draw of each in its place", () => {
  const sources = Array.from({ length: 19 }, (_, index) => ({
    id: `x${index}`,
    distribution: { kind: "exact", value: index } as const,
  }));
  const model = (draws: Float64Array): number =>
    draws.length === 19 && draws.every((value, index) => value === index) ? 1 : 0;
  expect(monteCarlo({ sources, model, seed: 1, trials: 1000 })).toMatchObject({ mean: 1, standardUncertainty: 0 });
});

test("two sources of one id, and a model without a finite value, are refused", () => {
  const sources = [...single.sources, ...single.sources];
  expect(() => monteCarlo({ ...single, sources, seed: 1, trials: 1000 })).toThrow("same id");
  expect(() => monteCarlo({ ...single, model: (d) => Math.sqrt(20 - at(d, 0)), seed: 1, trials: 1000 })).toThrow(
    /The model's value is NaN in trial \d+/,
  );
});

/** Reference grid: parent mean over u of the energy, ln-sigma of the intensity, share of an embodied part. */
const grid = [-1, 0, 0.5, 1, 2, 3, 5, 10, 50].flatMap((ratio) =>
  [0.02, 0.3, 0.6].flatMap((intensity) => [0, 0.3].map((embodied) => ({ ratio, intensity, embodied }))),
);

test.each(grid)(
  "both methods agree (JCGM 101, clause 8): mu/u $ratio, intensity $intensity, embodied $embodied",
  ({ ratio, intensity, embodied }) => {
    const energy = { mean: ratio / 10, standardUncertainty: 0.1 };
    const factor = { mean: 400, standardUncertainty: 400 * Math.sqrt(Math.expm1(intensity ** 2)) };
    const addend = { mean: embodied * 40, standardUncertainty: embodied * 10 };
    const analytical = analyticalTruncated({ energy, factors: [factor], addend });
    const { lower, upper, standardErrors } = monteCarlo({
      sources: [
        { id: "energy", distribution: { kind: "truncated_normal", parentMean: energy.mean, parentSigma: 0.1 } },
        { id: "intensity", distribution: lognormal(factor.mean, factor.standardUncertainty) },
        {
          id: "embodied",
          distribution:
            embodied === 0 ? { kind: "exact", value: 0 } : lognormal(addend.mean, addend.standardUncertainty),
        },
      ],
      model: (d) => at(d, 0) * at(d, 1) + at(d, 2),
      seed: 11,
      trials: 100_000,
      interval: analytical.intervalKind === "upper_limit" ? "upper_limit" : "symmetric",
    });
    // 108 comparisons: 4 standard errors where one would take 3.
    expect(Math.abs(analytical.lower - lower)).toBeLessThanOrEqual(4 * standardErrors.lower);
    expect(Math.abs(analytical.upper - upper)).toBeLessThanOrEqual(4 * standardErrors.upper);
  },
);
