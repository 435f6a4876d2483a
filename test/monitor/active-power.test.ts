import { expect, test } from "vitest";
import { ActivePower } from "../../src/monitor/active-power.ts";
import { scriptedHost } from "./scripted-host.ts";

function powerOf(idleWatts: number) {
  const { now, sampled } = scriptedHost();
  const power = new ActivePower(sampled.source, () => idleWatts);
  power.look();
  const pass = (seconds: number, joules: number): number | null => {
    now.seconds += seconds;
    now.joules += joules;
    return power.look();
  };
  return { now, pass };
}

test("power is that between the last two readings, above idle", () => {
  const { pass } = powerOf(20);
  expect(pass(0.1, 5)).toBeCloseTo(30, 6);
  expect(pass(0.1, 10)).toBeCloseTo(80, 6);
});

test("a host below its idle baseline still draws something, so that its ticks can be compared", () => {
  const { pass } = powerOf(20);
  expect(pass(0.1, 1)).toBeCloseTo(0.1, 6);
});

test("while readings fail, the last power holds, and the source is not asked every time", () => {
  const { now, pass } = powerOf(0);
  expect(pass(0.1, 5)).toBeCloseTo(50, 6);
  now.failing = "energy";
  expect(pass(0.1, 5)).toBeCloseTo(50, 6);
  now.failing = null;
  expect(pass(0.1, 50)).toBeCloseTo(50, 6);
});
