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
    expect(sampler.gaps).toBe(1);

    Object.assign(now, { seconds: 102, joules: 100, hostBusyCpuSeconds: 1004, taskCpuSeconds: 2, failing: null });
    expect(sampler.advance()).toBe(true);
    expect(sampler.totals).toMatchObject({
      tickCount: 1,
      durationSeconds: 2,
      hostJoules: 100,
      taskCpuSeconds: 2,
      taskJoules: 50,
    });
    expect(sampler.gaps).toBe(1);
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
});

test("a failure that the source has counted itself is counted once", () => {
  const { now, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 0);
  now.failing = "energy";
  sampler.advance();
  Object.assign(now, { failing: null, gaps: 1 });
  sampler.advance();
  expect(sampler.gaps).toBe(1);
});

test("why a reading failed is known until one succeeds", () => {
  const { now, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 0);
  expect(sampler.lastFailure).toBeNull();
  now.failing = "host";
  sampler.advance();
  expect(sampler.lastFailure).toMatch(/./);
  now.failing = null;
  sampler.advance();
  expect(sampler.lastFailure).toBeNull();
});

test("CPU time that the host's clock has not shown yet is not claimed from another task's span", () => {
  const { now, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 0);
  Object.assign(now, { seconds: 101, joules: 10, taskCpuSeconds: 1 });
  sampler.advanceToNewSpan();
  const before = sampler.totals.taskJoules;
  Object.assign(now, { seconds: 102, joules: 20, hostBusyCpuSeconds: 1001 });
  sampler.advance();
  expect(sampler.totals.taskJoules).toBe(before);
});

test("after closing, the totals stay and nothing is read any more", () => {
  const { now, sampled } = scriptedHost();
  let reads = 0;
  let closed = false;
  const source = {
    ...sampled.source,
    read: () => {
      reads += 1;
      return sampled.source.read();
    },
    close: () => {
      closed = true;
    },
  };
  const sampler = new Sampler({ ...sampled, source }, 0);
  Object.assign(now, { seconds: 101, joules: 30 });
  sampler.close();
  const readsAtClosing = reads;
  Object.assign(now, { seconds: 102, joules: 90 });
  expect(sampler.advance()).toBe(false);
  expect(sampler.totals.hostJoules).toBe(30);
  expect({ closed, reads }).toEqual({ closed: true, reads: readsAtClosing });
});
