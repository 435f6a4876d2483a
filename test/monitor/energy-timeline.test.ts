import { expect, test } from "vitest";
import { EnergyTimeline } from "../../src/monitor/energy-timeline.ts";

const minute = 60_000;

test("energy is kept in parts of a minute, and what is since then is a part of its own", () => {
  const timeline = new EnergyTimeline(0);
  for (let second = 1; second <= 90; second += 1) timeline.advanceTo(second * 1000, second * 36);
  expect(timeline.parts).toEqual([
    { startMs: 0, endMs: minute, energyWh: expect.closeTo(0.6, 12) },
    { startMs: minute, endMs: 90_000, energyWh: expect.closeTo(0.3, 12) },
  ]);
});

test("a long run has longer parts instead of more, and loses no energy", () => {
  const timeline = new EnergyTimeline(0);
  const minutes = 7 * 24 * 60;
  for (let at = 1; at <= minutes; at += 1) timeline.advanceTo(at * minute, at * 3600);
  const { parts } = timeline;
  expect(parts.length).toBeLessThanOrEqual(1025);
  expect(parts.reduce((sum, { energyWh }) => sum + energyWh, 0)).toBeCloseTo(minutes, 6);
  expect(parts.at(-1)?.endMs).toBe(minutes * minute);
  for (const [index, part] of parts.slice(1).entries()) expect(part.startMs).toBe(parts[index]?.endMs);
});

test("a difference that shrinks is no negative energy, and a clock that stands adds nothing", () => {
  const timeline = new EnergyTimeline(0);
  timeline.advanceTo(0, 50);
  expect(timeline.parts).toEqual([]);
  timeline.advanceTo(1000, -2);
  expect(timeline.parts).toEqual([{ startMs: 0, endMs: 1000, energyWh: 0 }]);
});
