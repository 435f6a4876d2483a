import { expect, test } from "vitest";
import type { EnergyReading, ReadingsAround } from "../../src/energy/source.ts";
import { spanBetween } from "../../src/monitor/moment.ts";
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
  sampler.beginSpan();
  const before = sampler.totals.taskJoules;
  Object.assign(now, { seconds: 102, joules: 20, hostBusyCpuSeconds: 1001 });
  sampler.advance();
  expect(sampler.totals.taskJoules).toBe(before);
});

test("a span that begins among others leaves them the CPU time that the host's clock has not shown yet", () => {
  const { now, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 0);
  Object.assign(now, { seconds: 101, joules: 10, taskCpuSeconds: 1 });
  sampler.beginSpan("a span among others");
  const before = sampler.totals.taskJoules;
  Object.assign(now, { seconds: 102, joules: 20, hostBusyCpuSeconds: 1001 });
  sampler.advance();
  expect(sampler.totals.taskJoules - before).toBeGreaterThan(0);
});

test("the latest moment reads nothing, and tells where a failed reading leaves a span without a start", () => {
  const { now, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 0);
  Object.assign(now, { seconds: 101, joules: 10 });
  expect(spanBetween(sampler.latest, sampler.latest)).toMatchObject({ totals: { tickCount: 0 }, gaps: 0 });
  sampler.advance();
  const { latest } = sampler;
  expect(spanBetween(sampler.opened, latest)).toMatchObject({ totals: { hostJoules: 10 }, gaps: 0, failure: null });
  now.failing = "energy";
  sampler.advance();
  expect(spanBetween(sampler.latest, latest).failure).toContain("its start could not be read");
  expect(spanBetween(sampler.opened, sampler.latest)).toMatchObject({ totals: { hostJoules: 10 }, gaps: 1 });
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

test("time in which nobody counted is no measured time, and has no idle energy", () => {
  const { now, sampled } = scriptedHost();
  let uncountedNs = 0n;
  const source = { ...sampled.source, read: () => ({ ...sampled.source.read(), uncountedNs }) };
  const sampler = new Sampler({ ...sampled, source }, 20);
  Object.assign(now, { seconds: 105, joules: 100 });
  uncountedNs = 4_000_000_000n;
  sampler.advance();
  expect(sampler.totals).toMatchObject({ durationSeconds: 1, hostJoules: 100, activeJoules: 80 });
});

/** The reading of a host that draws 100 W: at second 100 it has drawn nothing. */
function readingAt(seconds: number): EnergyReading {
  const hostMicrojoules = BigInt(Math.round((seconds - 100) * 100e6));
  return { monotonicNs: BigInt(Math.round(seconds * 1e9)), hostMicrojoules, domains: [], gaps: 0 };
}

/** A host whose readings arrive late: `arrived` holds those that are there, by second. */
function lateHost() {
  const { now, sampled } = scriptedHost();
  const arrived = [readingAt(100)];
  const late = { isAway: false, silentAfterSeconds: 2.5 };
  const readAround = (monotonicNs: bigint): ReadingsAround | null => {
    const at = Math.max(
      0,
      arrived.findLastIndex((reading) => reading.monotonicNs <= monotonicNs),
    );
    const before = arrived[at] ?? readingAt(100);
    const after = arrived[at + 1] ?? null;
    const apart = Number((after?.monotonicNs ?? monotonicNs) - before.monotonicNs) / 1e9;
    if (after === null && !late.isAway && monotonicNs > before.monotonicNs) return null;
    return { before, after, silence: apart > late.silentAfterSeconds ? "it is away" : null };
  };
  const source = { ...sampled.source, read: () => arrived.at(-1) ?? readingAt(100), readAround };
  const sampler = new Sampler({ ...sampled, source }, 0);
  const moveTo = (seconds: number, busySeconds = 0, taskSeconds = 0): void => {
    now.seconds = seconds;
    now.hostBusyCpuSeconds += busySeconds;
    now.taskCpuSeconds += taskSeconds;
  };
  const arrive = (...seconds: readonly number[]): void => void arrived.push(...seconds.map(readingAt));
  return { sampler, moveTo, arrive, late };
}

test("a span begins where it began, though the readings of that time arrive later", async () => {
  const { sampler, moveTo, arrive } = lateHost();
  moveTo(105, 4, 4);
  const start = sampler.beginSpan();
  moveTo(107, 2, 1);
  const end = sampler.endSpan(start);
  arrive(101, 102, 103, 104, 105, 106, 107);
  await sampler.settle();
  const { totals, gaps } = spanBetween(start, end);
  expect(totals).toMatchObject({ durationSeconds: 2, hostJoules: 200, taskJoules: 100, taskCpuSeconds: 1 });
  expect(gaps).toBe(0);
  expect(sampler.totals).toMatchObject({ durationSeconds: 7, hostJoules: 700 });
});

test("spans that adjoin add up to the whole, whenever their readings arrive", async () => {
  const { sampler, moveTo, arrive } = lateHost();
  const edges = [sampler.beginSpan()];
  for (const second of [103, 104, 109]) {
    moveTo(second, 1, 1);
    edges.push(sampler.endSpan(edges.at(-1) ?? sampler.opened, "a span"));
  }
  arrive(101, 102, 103, 104, 105, 106, 107, 108, 109);
  await sampler.settle();
  const joules = edges.slice(1).map((edge, index) => spanBetween(edges[index] ?? edge, edge).totals.hostJoules);
  expect(joules).toEqual([300, 100, 500]);
});

test("what was drawn while the source was silent is neither the span's that ended in it nor the one's that began in it", async () => {
  const { sampler, moveTo, arrive, late } = lateHost();
  const before = sampler.beginSpan();
  arrive(101, 102);
  moveTo(106, 3, 3);
  late.isAway = true;
  const end = sampler.endSpan(before);
  const start = sampler.beginSpan();
  late.isAway = false;
  arrive(110, 111);
  moveTo(111, 1, 1);
  const after = sampler.endSpan(start);
  await sampler.settle();
  expect(spanBetween(before, end)).toMatchObject({ totals: { hostJoules: 200 }, gaps: 1, failure: null });
  expect(spanBetween(start, after)).toMatchObject({ totals: { hostJoules: 100, durationSeconds: 1 }, gaps: 1 });
  expect(spanBetween(before, after)).toMatchObject({ totals: { hostJoules: 1100 }, gaps: 0 });
});

test("a span within a silence is not known, and says why", async () => {
  const { sampler, moveTo, late } = lateHost();
  late.isAway = true;
  moveTo(104);
  const start = sampler.beginSpan();
  moveTo(105);
  const end = sampler.endSpan(start);
  await sampler.settle();
  expect(spanBetween(start, end)).toMatchObject({ gaps: 1, failure: "its start could not be read: it is away" });
});

test("a span that is shorter than a tick ends with the next one", async () => {
  const { sampler, moveTo, arrive } = lateHost();
  const start = sampler.beginSpan();
  moveTo(100.25);
  const end = sampler.endSpan(start);
  arrive(101);
  await sampler.settle();
  expect(spanBetween(start, end)).toMatchObject({ totals: { hostJoules: 100, tickCount: 1 }, gaps: 0 });
});

test("a span whose end has no reading in time has a gap", async () => {
  const { sampler, moveTo, arrive } = lateHost();
  const start = sampler.beginSpan();
  arrive(101);
  moveTo(101);
  sampler.advance();
  moveTo(102);
  const end = sampler.endSpan(start);
  await sampler.settle();
  expect(spanBetween(start, end)).toMatchObject({ totals: { hostJoules: 100 }, gaps: 1, failure: null });
});
