import { array, assert, bigInt, constantFrom, double, property, tuple } from "fast-check";
import { expect, test } from "vitest";
import { tickHistory } from "../../../src/governor/daemon/history.ts";

const second = 1_000_000_000n;
const unit = { unitNanojoules: 1000n };

test("energy inside a tick is spread evenly over its time", () => {
  const history = tickHistory(10);
  history.push(0n, [0n], 0);
  history.push(second, [100n], 0);
  const window = history.window(second / 4n, (second * 3n) / 4n, [unit]);
  expect(window).toMatchObject({ microjoules: [50n], firstTickNs: 0n, lastTickNs: second, tickCount: 1 });
});

test("a window that starts and ends at ticks rests on no more than the ticks between", () => {
  const history = tickHistory(10);
  for (let tick = 0n; tick < 5n; tick += 1n) history.push(tick * second, [tick * 10n], 0);
  const window = history.window(second, 3n * second, [unit]);
  expect(window).toMatchObject({ microjoules: [20n], firstTickNs: second, lastTickNs: 3n * second, tickCount: 2 });
});

test("the oldest ticks make room, and the history says how far back it goes", () => {
  const history = tickHistory(3);
  expect(history.oldestNs).toBeNull();
  for (let tick = 0n; tick < 10n; tick += 1n) history.push(tick * second, [tick], 0);
  expect([history.oldestNs, history.newestNs]).toEqual([7n * second, 9n * second]);
  expect(history.window(7n * second, 9n * second, [unit]).microjoules).toEqual([2n]);
});

test("a domain that appears later has no energy before", () => {
  const history = tickHistory(10);
  history.push(0n, [0n], 0);
  history.push(second, [10n, 0n], 0);
  history.push(2n * second, [20n, 7n], 0);
  expect(history.window(0n, 2n * second, [unit, unit]).microjoules).toEqual([20n, 7n]);
});

test("gaps inside the window's ticks are told", () => {
  const history = tickHistory(10);
  for (const [tick, gaps] of [0, 0, 2, 2].entries()) history.push(BigInt(tick) * second, [0n], gaps);
  expect(history.window(second / 2n, second, [unit]).gaps).toBe(0);
  expect(history.window(second, 2n * second, [unit]).gaps).toBe(2);
  expect(history.window(2n * second, 3n * second, [unit]).gaps).toBe(0);
});

test("windows that adjoin add up to the window of both, to the microjoule", () => {
  const steps = array(tuple(bigInt(1n, 10n * second), bigInt(0n, 10n ** 7n)), {
    minLength: 1,
    maxLength: 20,
  });
  const instants = tuple(double({ min: 0, max: 1, noNaN: true }), double({ min: 0, max: 1, noNaN: true }));
  assert(
    property(steps, instants, constantFrom(15_258n, 61_035n, 1000n), (ticks, [left, right], unitNanojoules) => {
      const history = tickHistory(64);
      let [time, counts] = [0n, 0n];
      history.push(time, [counts], 0);
      for (const [duration, step] of ticks) {
        time += duration;
        counts += step;
        history.push(time, [counts], 0);
      }
      const at = (share: number): bigint => BigInt(Math.floor(Number(time) * share));
      const [first, last] = [at(Math.min(left, right)), at(Math.max(left, right))];
      const energy = (from: bigint, to: bigint): bigint =>
        history.window(from, to, [{ unitNanojoules }]).microjoules[0] ?? -1n;
      expect(energy(0n, first) + energy(first, last) + energy(last, time)).toBe(energy(0n, time));
      expect(energy(0n, time)).toBe((counts * unitNanojoules) / 1000n);
    }),
  );
});
