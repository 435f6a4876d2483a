import { expect, test } from "vitest";
import { taskPartUncertainty } from "../../src/attribution/task-uncertainty.ts";

const part = {
  joules: 10,
  partOfProcess: 0,
  partOfActive: 0,
  watched: 1,
  started: 1,
  meanSeconds: 0.01,
  tickSeconds: 0.1,
};

test("one task shorter than its ticks has anything between nothing and twice its joules", () => {
  expect(taskPartUncertainty(part).additiveJoules).toBeCloseTo(10 / Math.sqrt(3), 12);
});

test("over many tasks of a name that error falls with the root of their number", () => {
  const many = taskPartUncertainty({ ...part, watched: 10_000, started: 10_000 });
  expect(many.additiveJoules).toBeCloseTo(10 / Math.sqrt(30_000), 12);
});

test("in a long task only the first and the last tick are uncertain", () => {
  expect(taskPartUncertainty({ ...part, meanSeconds: 20 }).additiveJoules).toBeCloseTo(0.1 / Math.sqrt(3), 12);
});

test("where one call in a hundred is watched, its chance is in the uncertainty", () => {
  const sampled = taskPartUncertainty({ ...part, meanSeconds: 1000, watched: 100, started: 10_000 });
  expect(sampled.additiveJoules).toBeCloseTo(10 * Math.sqrt((2 * 0.99) / 100), 2);
});

test("a task that is nearly all that was active cannot be confused with anything", () => {
  expect(taskPartUncertainty({ ...part, partOfProcess: 1, partOfActive: 1 }).shareLnSigma).toBe(0);
  expect(taskPartUncertainty(part).shareLnSigma).toBeCloseTo(Math.hypot(0.12, 0.06), 12);
});

test("joules that are taken at a rate of before are between nothing and twice as much", () => {
  const settled = taskPartUncertainty({ ...part, meanSeconds: 20 });
  const open = taskPartUncertainty({ ...part, meanSeconds: 20, provisionalJoules: 3 });
  expect(open.additiveJoules).toBeCloseTo(Math.hypot(settled.additiveJoules, 3 / Math.sqrt(3)), 12);
});
