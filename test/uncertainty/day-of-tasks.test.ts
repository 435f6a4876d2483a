import { expect, test } from "vitest";
import { lognormalFromMean, lognormalQuantile, relativeFromLnSigma } from "../../src/uncertainty/lognormal.ts";
import { type SourcedQuantity, standardUncertaintyOf, sumOfSourced } from "../../src/uncertainty/named-sources.ts";
import { seededNormals } from "./seeded-normals.ts";

/** A day of 100 equal tasks, most of whose error is shared: gain, bias of the intensity, PUE, and the hours' own errors. */
const tasks = 100;
const shared = { gain: 0.05, bias: 0.08, pue: 0.05 };
const privateLnSigma = 0.1;
const hours = { lnSigma: 0.05, rho: 0.9 };
const draws = 6000;
const tolerance = 3.76 * Math.sqrt((0.95 * 0.05) / draws);

const hourOf = (task: number): number => Math.floor((task * 24) / tasks);

function recordOf(task: number): SourcedQuantity {
  const hour = `2026-01-01T${String(hourOf(task)).padStart(2, "0")}Z`;
  return {
    value: 1,
    components: new Map([
      ...Object.entries(shared).map(([id, lnSigma]): [string, number] => [id, relativeFromLnSigma(lnSigma)]),
      [`intensity.hour/zone=DE/rho=${hours.rho}/t=${hour}`, relativeFromLnSigma(hours.lnSigma)],
    ]),
    privateUncertainty: relativeFromLnSigma(privateLnSigma),
  };
}

const records = Array.from({ length: tasks }, (_, task) => recordOf(task));
const totals = drawnTotals();

/** True totals, each error drawn as it is stated: mean 1, lognormal. */
function drawnTotals(): readonly number[] {
  const normal = seededNormals(20270);
  const factor = (z: number, lnSigma: number): number => Math.exp(lnSigma * z - lnSigma ** 2 / 2);
  return Array.from({ length: draws }, () => {
    let common = 1;
    for (const lnSigma of Object.values(shared)) common *= factor(normal(), lnSigma);
    let sum = 0;
    let hourError = normal();
    for (let task = 0; task < tasks; task += 1) {
      if (task > 0 && hourOf(task) !== hourOf(task - 1)) {
        hourError = hours.rho * hourError + Math.sqrt(1 - hours.rho ** 2) * normal();
      }
      sum += common * factor(hourError, hours.lnSigma) * factor(normal(), privateLnSigma);
    }
    return sum;
  });
}

function heldBy(standardUncertainty: number): number {
  const distribution = lognormalFromMean(tasks, standardUncertainty);
  const [lower, upper] = [lognormalQuantile(distribution, 0.025), lognormalQuantile(distribution, 0.975)];
  return totals.filter((total) => total >= lower && total <= upper).length / draws;
}

test("the day's 95 % interval by named sources holds the truth 95 % of the time", () => {
  expect(Math.abs(heldBy(standardUncertaintyOf(sumOfSourced(records))) - 0.95)).toBeLessThan(tolerance);
});

test("quadrature of the tasks' totals is caught: it holds the truth about one time in five", () => {
  const naive = Math.hypot(...records.map((record) => standardUncertaintyOf(record)));
  expect(heldBy(naive)).toBeLessThan(0.3);
});

test("adding the tasks' uncertainties is caught too: it holds the truth too often", () => {
  const linear = records.reduce((sum, record) => sum + standardUncertaintyOf(record), 0);
  expect(heldBy(linear)).toBeGreaterThan(0.98);
});
