import { expect, onTestFinished, test } from "vitest";
import type { EnergySource } from "../../src/energy/source.ts";
import type { EnergyMetric } from "../../src/monitor/metric.ts";
import type { OwnProcess } from "../../src/monitor/own-process.ts";
import { ProcessTasks } from "../../src/monitor/process-tasks.ts";
import { Sampler } from "../../src/monitor/sampler.ts";
import { SpanMeter } from "../../src/monitor/span-meter.ts";
import { type MeasuredProcess, taskFigures } from "../../src/monitor/task-statement.ts";
import { scriptedHost } from "./scripted-host.ts";

interface SpanBench {
  /** Measures a task that keeps the loop busy for so long, at 100 W. */
  readonly measure: (milliseconds: number) => Promise<EnergyMetric>;
  /** From now on the source cannot be read. */
  readonly break: () => void;
}

/** A process that does nothing but its spans: each millisecond of them is CPU time. */
function spanBench(differences: (read: EnergySource["read"]) => Partial<EnergySource> = () => ({})): SpanBench {
  let nowMs = 0;
  const { now: host, sampled } = scriptedHost();
  const source = { ...sampled.source, ...differences(() => sampled.source.read()) };
  const sampler = new Sampler({ ...sampled, source }, 0);
  const baseline = { watts: 0, origin: "configured" } as const;
  const own: OwnProcess = { source, sampler, baseline, childPids: () => [], childCpuSeconds: () => 0 };
  const roots = { proc: "/nowhere", sys: "/nowhere" };
  const measured = (): MeasuredProcess => ({ own, baseline, host: "a", firstTotals: tasks.firstTotals });
  const tasks = new ProcessTasks({
    roots,
    own,
    nowMs: () => nowMs,
    processCpuSeconds: () => nowMs / 1000,
    random: () => 0,
    figures: (task) => taskFigures(task, measured(), nowMs),
  });
  onTestFinished(() => tasks.close());
  const spans = new SpanMeter({
    own,
    tasks,
    gpus: { meter: null, close: async () => undefined },
    roots,
    clock: { wallMs: () => 1_767_225_600_000 + nowMs, monotonicNs: () => BigInt(Math.round(nowMs * 1e6)) },
    nowMs: () => nowMs,
    pid: 1,
    residentBytes: () => 1,
    measured,
    whyNothing: () => "there is no energy source",
  });
  const work = (milliseconds: number): void => {
    const seconds = milliseconds / 1000;
    nowMs += milliseconds;
    host.seconds += seconds;
    host.joules += 100 * seconds;
    host.hostBusyCpuSeconds += seconds;
    host.taskCpuSeconds += seconds;
  };
  return {
    measure: async (milliseconds) => {
      const span = spans.begin();
      const task = tasks.start("task", { enter: false });
      task.run(() => work(milliseconds));
      task.end();
      return spans.end(span, task);
    },
    break: () => {
      host.failing = "energy";
    },
  };
}

async function measuredInARow(bench: SpanBench, count: number): Promise<readonly EnergyMetric[]> {
  const metrics: EnergyMetric[] = [];
  for (let index = 0; index < count; index += 1) metrics.push(await bench.measure(10));
  return metrics;
}

test("spans that follow each other faster than they can be read have each its own energy, and no other's", async () => {
  const metrics = await measuredInARow(spanBench(), 100);
  // 10 ms at 100 W are 1 J.
  for (const { energy } of metrics) expect((energy.energyWhTask ?? Number.NaN) * 3600).toBeCloseTo(1, 6);
});

test("a span that was not read says so: what the host drew in it is not known", async () => {
  const metrics = await measuredInARow(spanBench(), 100);
  expect(metrics[0]?.energy).toMatchObject({
    energyWhTotal: expect.any(Number),
    measuredSeconds: expect.closeTo(0.01, 6),
  });
  expect(metrics.at(-1)).toMatchObject({
    overlapped: false,
    energy: { energyWhTotal: null, measuredSeconds: null, energySource: "powercap" },
    cpu: { taskCpuSeconds: expect.closeTo(0.01, 6), hostBusyCpuSeconds: null },
  });
});

test("a span in which the source failed is unknown, though spans come fast: nothing is made up", async () => {
  const bench = spanBench();
  await measuredInARow(bench, 30);
  bench.break();
  const metrics = await measuredInARow(bench, 30);
  const known = metrics.filter(({ energy }) => energy.energyWhTask !== null);
  // Until the next reading is tried, nobody knows that it fails.
  expect(known.length).toBeLessThan(25);
  expect(metrics.at(-1)?.energy.energyWhTask).toBe(null);
});

test("a span whose two ends are known is not kept waiting for later readings", async () => {
  const bench = spanBench((read) => ({
    readAround: () => {
      const reading = read();
      return { before: reading, after: null, silence: null };
    },
    settle: async () => Promise.reject(new Error("nobody may wait here")),
  }));
  const metric = await bench.measure(500);
  expect((metric.energy.energyWhTask ?? 0) * 3600).toBeCloseTo(50, 6);
});
