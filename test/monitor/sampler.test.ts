import { expect, test } from "vitest";
import { Sampler } from "../../src/monitor/sampler.ts";
import { scriptedHost } from "./scripted-host.ts";

test("the first reading is a baseline and not consumption", () => {
  const { now, sampled } = scriptedHost();
  Object.assign(now, { joules: 5000, taskCpuSeconds: 30 });
  const sampler = new Sampler(sampled, 0);
  expect(sampler.totals).toMatchObject({ tickCount: 0, hostJoules: 0, taskJoules: 0, taskCpuSeconds: 0 });
});

test("a tick is what happened since the last reading", () => {
  const { now, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 10);
  Object.assign(now, { seconds: 102, joules: 100, hostBusyCpuSeconds: 1004, taskCpuSeconds: 1 });
  expect(sampler.advance()).toBe(true);
  // 100 J - 10 W * 2 s are active; the task has 1 of 4 CPU seconds.
  expect(sampler.totals).toMatchObject({
    tickCount: 1,
    durationSeconds: 2,
    hostJoules: 100,
    hostBusyCpuSeconds: 4,
    taskCpuSeconds: 1,
    taskJoules: 20,
  });
});

test("microjoules beyond what a double holds are subtracted exactly", () => {
  const { sampled } = scriptedHost();
  const readings = [2n ** 60n, 2n ** 60n + 1n];
  const source = {
    ...sampled.source,
    read: () => ({ monotonicNs: 0n, hostMicrojoules: readings.shift() ?? 0n, domains: [], gaps: 0 }),
  };
  const sampler = new Sampler({ ...sampled, source }, 0);
  sampler.advance();
  expect(sampler.totals.hostJoules).toBe(1e-6);
});

test.each(["energy", "host", "task"] as const)(
  "a failed %s reading adds nothing, is counted, and the next reading covers its time",
  (failing) => {
    const { now, sampled } = scriptedHost();
    const sampler = new Sampler(sampled, 0);
    Object.assign(now, { seconds: 101, joules: 40, hostBusyCpuSeconds: 1002, taskCpuSeconds: 1, failing });
    expect(sampler.advance()).toBe(false);
    expect(sampler.totals.tickCount).toBe(0);
    expect(sampler.failedReadings).toBe(1);

    Object.assign(now, { seconds: 102, joules: 100, hostBusyCpuSeconds: 1004, taskCpuSeconds: 2, failing: null });
    expect(sampler.advance()).toBe(true);
    expect(sampler.totals).toMatchObject({
      tickCount: 1,
      durationSeconds: 2,
      hostJoules: 100,
      taskCpuSeconds: 2,
      taskJoules: 50,
    });
    expect(sampler.failedReadings).toBe(1);
  },
);

test("a host that cannot be read at all is an error at the start", () => {
  const { now, sampled } = scriptedHost();
  now.failing = "host";
  expect(() => new Sampler(sampled, 0)).toThrow(expect.objectContaining({ code: "HOST_UNREADABLE" }));
});

test("a new idle baseline counts from then on, and not for the time before", () => {
  const { now, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 0);
  Object.assign(now, { seconds: 101, joules: 50 });
  sampler.setIdleWatts(20);
  expect(sampler.totals.activeJoules).toBe(50);
  Object.assign(now, { seconds: 102, joules: 100 });
  sampler.advance();
  expect(sampler.totals.activeJoules).toBe(50 + 30);
  expect(sampler.idleWatts).toBe(20);
});

test("the gaps of the counters are those of the last good reading", () => {
  const { now, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 0);
  expect(sampler.sourceGaps).toBe(0);
  now.gaps = 2;
  sampler.advance();
  expect(sampler.sourceGaps).toBe(2);
});
