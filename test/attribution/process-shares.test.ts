import {
  type Arbitrary,
  array,
  assert,
  constant,
  constantFrom,
  double,
  oneof,
  option,
  property,
  record,
  tuple,
} from "fast-check";
import { expect, test } from "vitest";
import { addTick, zeroTotals } from "../../src/attribution/accumulator.ts";
import {
  addSharedTick,
  conservationResidueJoules,
  type Departures,
  foldExited,
  noShares,
  type SharedTick,
  type ShareTotals,
} from "../../src/attribution/process-shares.ts";

function tickOf(tick: Partial<SharedTick>, cpuSeconds: Readonly<Record<string, number>> = {}): SharedTick {
  return {
    durationSeconds: 1,
    hostJoules: 100,
    hostBusyCpuSeconds: 2,
    cpuSecondsByConsumer: new Map(Object.entries(cpuSeconds)),
    ...tick,
  };
}

test("power above idle is shared by CPU time; idle power is nobody's, and what no process used is unattributed", () => {
  // 100 J, of which 40 idle; 2 busy CPU seconds: a had 1, b had 0.5, and 0.5 were nobody's.
  const totals = addSharedTick(noShares, tickOf({}, { a: 1, b: 0.5 }), 40);
  expect(totals.consumers.get("a")?.marginalJoules).toBe(30);
  expect(totals.consumers.get("b")?.marginalJoules).toBe(15);
  expect(totals.unattributedJoules).toBe(15);
  expect(totals.idleJoules).toBe(40);
});

test("proportional joules spread idle power over the busy", () => {
  const totals = addSharedTick(noShares, tickOf({}, { a: 1, b: 1 }), 40);
  expect(totals.consumers.get("a")?.proportionalJoules).toBe(50);
  expect(totals.consumers.get("b")?.proportionalJoules).toBe(50);
});

test("a process that was busy while the host was quiet does not pay for what others did later", () => {
  const quiet = addSharedTick(noShares, tickOf({ hostJoules: 10, hostBusyCpuSeconds: 1 }, { early: 1 }), 0);
  const loud = addSharedTick(quiet, tickOf({ hostJoules: 190, hostBusyCpuSeconds: 1 }, { late: 1 }), 0);
  expect(loud.consumers.get("early")?.marginalJoules).toBe(10);
  expect(loud.consumers.get("late")?.marginalJoules).toBe(190);
});

test("in a tick without busy CPU time all that is above idle is unattributed", () => {
  const totals = addSharedTick(noShares, tickOf({ hostBusyCpuSeconds: 0 }, { a: 0.01 }), 40);
  expect(totals.consumers.get("a")?.marginalJoules).toBe(0);
  expect(totals.unattributedJoules).toBe(60);
});

test("processes that seem busier than their host are held at the host's time, and get the rest in the next tick", () => {
  const first = addSharedTick(noShares, tickOf({ hostBusyCpuSeconds: 1.98 }, { a: 1, b: 1 }), 0);
  expect(first.unattributedJoules).toBeCloseTo(0, 9);
  expect(first.consumers.get("a")?.carriedCpuSeconds).toBeCloseTo(0.01, 9);
  const second = addSharedTick(first, tickOf({ hostBusyCpuSeconds: 2 }, { a: 0.5, b: 0 }), 0);
  expect(second.consumers.get("b")?.marginalJoules).toBeCloseTo(50 + (100 * 0.01) / 2, 9);
});

const withoutHeirs = (isAlive: (key: string) => boolean): Departures => ({ isAlive, heirOf: () => null });

test("a parent inherits what its child was charged with, and its own carry stays its own", () => {
  const before = addSharedTick(noShares, tickOf({ hostBusyCpuSeconds: 1.4 }, { make: 0.5, cc: 1 }), 40);
  const after = foldExited(before, {
    isAlive: (key) => key === "make",
    heirOf: (key) => (key === "cc" ? "make" : null),
  });
  expect(after.exited.count).toBe(0);
  expect(after.consumers.get("make")?.marginalJoules).toBeCloseTo(60, 9);
  expect(after.consumers.get("make")?.cpuSeconds).toBe(1.5);
  expect(after.consumers.get("make")?.carriedCpuSeconds).toBe(before.consumers.get("make")?.carriedCpuSeconds);
});

test("processes that are gone take no more memory, and their joules stay in the sum", () => {
  const totals = foldExited(
    addSharedTick(noShares, tickOf({}, { a: 1, b: 0.5 }), 40),
    withoutHeirs((key) => key === "b"),
  );
  expect([...totals.consumers.keys()]).toEqual(["b"]);
  expect(totals.exited).toMatchObject({ count: 1, marginalJoules: 30, cpuSeconds: 1 });
  expect(conservationResidueJoules(totals)).toBeCloseTo(0, 12);
});

const consumer: Arbitrary<string> = constantFrom("a", "b", "c", "d", "e", "f");
const anyTick = record({
  durationSeconds: double({ min: 0.05, max: 60, noNaN: true }),
  hostJoules: double({ min: 0, max: 1e5, noNaN: true }),
  hostBusyCpuSeconds: oneof(constant(0), double({ min: 0.001, max: 500, noNaN: true })),
  cpuSecondsByConsumer: array(tuple(consumer, double({ min: 0, max: 200, noNaN: true }))).map(
    (entries) => new Map(entries),
  ),
});
const anyHistory = array(record({ tick: anyTick, gone: array(consumer), heir: option(consumer) }), { maxLength: 40 });

test("idle, processes, ended ones and the unattributed add up to the host, whatever happened", () => {
  assert(
    property(anyHistory, double({ min: 0, max: 500, noNaN: true }), (history, idleWatts) => {
      let totals: ShareTotals = noShares;
      for (const { tick, gone, heir } of history) {
        totals = foldExited(addSharedTick(totals, tick, idleWatts), {
          isAlive: (key) => !gone.includes(key),
          heirOf: () => heir,
        });
      }
      const scale = Math.max(1, totals.hostJoules, totals.idleJoules);
      expect(Math.abs(conservationResidueJoules(totals))).toBeLessThanOrEqual(1e-11 * scale);
    }),
  );
});

test("nobody gets more than there is: without an idle baseline all shares lie between nothing and the host", () => {
  assert(
    property(array(anyTick, { maxLength: 20 }), (ticks) => {
      const totals = ticks.reduce((sum, tick) => addSharedTick(sum, tick, 0), noShares);
      const slack = 1e-9 * Math.max(1, totals.hostJoules);
      for (const { marginalJoules, proportionalJoules } of totals.consumers.values()) {
        expect(marginalJoules).toBeGreaterThanOrEqual(0);
        expect(proportionalJoules).toBeLessThanOrEqual(totals.hostJoules + slack);
      }
      expect(totals.unattributedJoules).toBeGreaterThanOrEqual(-slack);
    }),
  );
});

test("one process alone gets what `carbon-ops run` gives a task with the same clocks", () => {
  assert(
    property(array(anyTick, { maxLength: 20 }), double({ min: 0, max: 50, noNaN: true }), (ticks, idleWatts) => {
      let shared: ShareTotals = noShares;
      let task = zeroTotals;
      for (const tick of ticks) {
        const taskCpuSeconds = tick.cpuSecondsByConsumer.get("a") ?? 0;
        shared = addSharedTick(shared, { ...tick, cpuSecondsByConsumer: new Map([["a", taskCpuSeconds]]) }, idleWatts);
        task = addTick(task, { ...tick, taskCpuSeconds }, idleWatts);
      }
      const ofProcess = shared.consumers.get("a")?.marginalJoules ?? 0;
      expect(Math.abs(ofProcess - task.taskJoules)).toBeLessThanOrEqual(1e-9 * Math.max(1, shared.hostJoules));
    }),
  );
});
