import { expect, test } from "vitest";
import { announcedRounds } from "../../src/comparison/announcement.ts";
import { type Comparison, compareRounds } from "../../src/comparison/comparison.ts";
import { judgeGate } from "../../src/comparison/gate.ts";
import { meanEnergyOf } from "../../src/comparison/mean-energy.ts";
import type { MeasuredRun } from "../../src/comparison/measured-run.ts";
import { interleavedRounds, type Round } from "../../src/comparison/rounds.ts";
import { clockLnUncertainty, uncancelledLnUncertainty } from "../../src/comparison/shared-errors.ts";
import { seededNormals } from "../uncertainty/seeded-normals.ts";
import { exampleRun } from "./example-runs.ts";

const usual = { level: 0.95, power: 0.9, isAllPairs: false, plannedDifferences: [0.05] };

function compared(rounds: readonly Round[], wanted: Partial<typeof usual> = {}): Comparison {
  const commands = (rounds[0] ?? []).map((_, command) => `command ${command}`);
  return compareRounds({ ...usual, ...wanted, commands, rounds });
}

/** Rounds from the energies of each command. */
function roundsOf(...energies: readonly (readonly number[])[]): readonly Round[] {
  return (energies[0] ?? []).map((_, index) =>
    energies.map((ofCommand, command) => exampleRun({ command, round: index + 1 }, ofCommand[index] ?? 0)),
  );
}

/** Runs of one command that all have the same errors. */
function runsWith(energyWh: number, errors: Parameters<typeof exampleRun>[2], isModelled = false): MeasuredRun[] {
  return [1, 2, 3].map((round) => ({ ...exampleRun({ command: 0, round }, energyWh, errors), isModelled }));
}

test("the gain of counters, which both commands share, is no error of their ratio", () => {
  const [a, b] = [runsWith(1, { gainLnSigma: 0.3 }), runsWith(2, { gainLnSigma: 0.3 })];
  expect(uncancelledLnUncertainty(a, b)).toBeCloseTo(0, 12);
});

test("a command's own share by CPU time is an error of the ratio, except where a model knows CPU time alone", () => {
  const errors = { shareLnSigma: 0.06 };
  expect(uncancelledLnUncertainty(runsWith(1, errors), runsWith(2, errors))).toBeCloseTo(0.06 * Math.SQRT2, 3);
  expect(uncancelledLnUncertainty(runsWith(1, errors, true), runsWith(2, errors, true))).toBe(0);
});

test("an idle baseline that is wrong matters as far as one command rests on it more than the other", () => {
  const idleOf = (standardUncertaintyWh: number) => ({ idle: { standardUncertaintyWh, sourceId: "idle/example" } });
  expect(uncancelledLnUncertainty(runsWith(1, idleOf(0.02)), runsWith(2, idleOf(0.04)))).toBeCloseTo(0, 12);
  expect(uncancelledLnUncertainty(runsWith(1, idleOf(0.02)), runsWith(2, idleOf(0.1)))).toBeCloseTo(0.03, 12);
});

test("the resolution of clocks is what runs scatter by at least", () => {
  const coarse = [1, 2, 3].map((round) => [
    exampleRun({ command: 0, round }, 1, { additiveWh: 0.1 }),
    exampleRun({ command: 1, round }, 1.2, { additiveWh: 0.12 }),
  ]);
  expect(clockLnUncertainty(coarse.flat().filter(({ command }) => command === 0))).toBeCloseTo(0.1, 12);
  expect(compared(coarse).pairs[0]?.lnDeviation).toBeCloseTo(Math.hypot(0.1, 0.1), 12);
  expect(compared(coarse).pairs[0]?.isReal).toBe(false);
});

test("energies without any scatter are taken to scatter by a counter's step", () => {
  const [equal, different] = [compared(roundsOf([2, 2, 2], [2, 2, 2])), compared(roundsOf([2, 2, 2], [2.1, 2.1, 2.1]))];
  expect(equal.pairs[0]).toMatchObject({ ratio: 1, isReal: false, pValue: 1 });
  expect(different.pairs[0]).toMatchObject({ isReal: true });
});

test("slow drift meets both alike: however large, it hides no difference", () => {
  const drift = [1, 1.4, 2, 2.5, 3.1, 3.4, 4];
  const noise = [1.01, 0.99, 1.005, 0.995, 1.002, 0.998, 1];
  const [a, b] = [drift, drift.map((level, index) => level * 1.05 * (noise[index] ?? 1))];
  expect(compared(roundsOf(a, b)).pairs[0]).toMatchObject({ isReal: true });
});

test("several commands are compared with the first, or all with one another, and p-values corrected for it", () => {
  const rounds = roundsOf([1, 1.02, 0.98, 1.01], [1.01, 1, 1, 0.99], [1.5, 1.52, 1.47, 1.5]);
  const [withFirst, all] = [compared(rounds), compared(rounds, { isAllPairs: true })];
  expect(withFirst.pairs.map(({ command, reference }) => [command, reference])).toEqual([
    [1, 0],
    [2, 0],
  ]);
  expect(all.pairs).toHaveLength(3);
  expect([withFirst.correction, all.correction]).toEqual(["holm", "holm"]);
  const [, pair] = withFirst.pairs;
  expect(pair?.adjustedPValue).toBeCloseTo(2 * (pair?.pValue ?? 0), 12);
  expect(withFirst.pairs.map(({ isReal }) => isReal)).toEqual([false, true]);
  expect(withFirst.commands.map(({ label }) => label)).toEqual(["A", "B", "C"]);
});

test("the plan says how many more rounds a difference takes, and what these show", () => {
  const normal = seededNormals(8);
  const draws = (): number[] => Array.from({ length: 10 }, () => Math.exp(0.05 * normal()));
  const [pair] = compareRounds({
    ...usual,
    plannedDifferences: [1, 0.01],
    commands: ["a", "b"],
    rounds: roundsOf(draws(), draws()),
  }).pairs;
  expect(pair?.plan[0]).toMatchObject({ difference: 1, more: 0 });
  expect(pair?.plan[1]?.more).toBe((pair?.plan[1]?.rounds ?? 0) - 10);
  expect(pair?.detectableDifference).toBeGreaterThan(0.01);
});

test("the limit is judged by the whole interval, not by its middle", () => {
  const a = [1, 1.01, 0.99, 1, 1.005];
  const scaled = (factor: number, scatter: number): number[] =>
    [0.5, -1, 0.2, 0.9, -0.6].map((z) => factor * Math.exp(scatter * z));
  const verdicts = [scaled(1.2, 0.01), scaled(1.07, 0.05), scaled(1, 0.01)].map(
    (b) => judgeGate(compared(roundsOf(a, b)), 0.05)[0],
  );
  expect(verdicts).toMatchObject([
    { isWorse: true, mayBeWorse: true },
    { isWorse: false, mayBeWorse: true },
    { isWorse: false, mayBeWorse: false },
  ]);
});

test("one round says nothing", () => {
  expect(() => compared(roundsOf([1], [2]))).toThrow("needs 2 rounds or more, not 1");
});

test("a mean run is known better by its scatter, and no better by what all runs share", () => {
  const runs = [0.9, 1, 1.1].map((energyWh, index) =>
    exampleRun({ command: 0, round: index + 1 }, energyWh, { shareLnSigma: 0.05 }),
  );
  const mean = meanEnergyOf(runs);
  expect(mean?.meanWh).toBeCloseTo(1, 12);
  expect(mean?.additiveWh).toBeCloseTo(0.1 / Math.sqrt(3), 12);
  expect(mean?.gainLnSigma).toBe(0.03);
  expect(mean?.shareLnSigma).toBeCloseTo(0.05, 12);
  expect(meanEnergyOf([])).toBeNull();
});

/** Pilot, announcement, turns and test as `compare` does them, on runs that scatter by 3 % and drift by 10 %. */
async function foundIn(trials: number, difference: number, seed: number): Promise<number> {
  const normal = seededNormals(seed);
  let found = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    let runs = 0;
    const run = async (command: number, round: number): Promise<MeasuredRun> => {
      runs += 1;
      const drift = 0.1 * Math.sin(trial + runs / 12);
      const energyWh = (command === 1 ? 1 + difference : 1) * Math.exp(0.03 * normal() + drift);
      return exampleRun({ command, round }, energyWh);
    };
    const stage = { commandCount: 2, seed: trial, run, isInterrupted: () => false };
    const pilot = await interleavedRounds({ ...stage, firstRound: 1, roundCount: 8 });
    const { rounds } = announcedRounds({ commandCount: 2, pilot: pilot.rounds, difference: 0.05, ...usual });
    const measured = await interleavedRounds({ ...stage, firstRound: 9, roundCount: rounds ?? 0 });
    if (compared(measured.rounds).pairs[0]?.isReal === true) found += 1;
  }
  return found;
}

test("the announced runs find 5 % nine times in ten, and tell twins apart once in twenty (bench/compare has the sharp figures)", async () => {
  const trials = 150;
  const [differing, twins] = [await foundIn(trials, 0.05, 1), await foundIn(trials, 0, 2)];
  expect(differing / trials).toBeGreaterThan(0.9 - 3 * Math.sqrt(0.09 / trials));
  expect(twins / trials).toBeLessThan(0.05 + 3 * Math.sqrt(0.0475 / trials));
});
