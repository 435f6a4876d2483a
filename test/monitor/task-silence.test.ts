import { expect, test } from "vitest";
import type { Task } from "../../src/monitor/task.ts";
import { residueOf, type TaskBench, taskBench } from "./task-bench-top.ts";

/** A process whose background task keeps half of a CPU busy, at 60 W: 120 J for each CPU second. */
function governedBench() {
  const governor = { isAway: false };
  const bench = taskBench({ watts: 60, governor });
  const background = bench.tasks.start("background", { enter: false });
  let passedMs = 0;
  /** Ticks and windows as the logger has them. */
  const goOn = (milliseconds: number, task: Task = background): void => {
    for (const end = passedMs + milliseconds; passedMs < end; ) {
      task.run(() => bench.work(25));
      bench.wait(25);
      passedMs += 50;
      if (passedMs % 100 === 0) bench.tasks.endTick(true);
      if (passedMs % 1000 === 0) bench.settle();
    }
  };
  return { ...bench, governor, goOn };
}

function joulesPerCpuSecond({ watched }: Pick<TaskBench, "watched">, task: Task): number {
  const { marginalJoules, cpuSeconds } = watched(task);
  return (marginalJoules ?? Number.NaN) / cpuSeconds;
}

test("a task in an outage of the governor, and its span, have the joules of their CPU time once they are known", async () => {
  const bench = governedBench();
  const { tasks, sampler, governor, goOn, settle, watched, named, report } = bench;
  goOn(2350);
  governor.isAway = true;
  goOn(550);
  const [start, task] = [sampler.beginSpan("a span among others"), tasks.start("in the outage", { enter: false })];
  tasks.endWindow();
  goOn(400, task);
  task.end();
  tasks.endTick();
  const end = sampler.endSpan(start);
  tasks.endWindow();
  await sampler.settle();
  tasks.catchUp();
  goOn(1700);
  expect(watched(task)).toMatchObject({ isSettled: false });
  expect(joulesPerCpuSecond(bench, task)).toBeCloseTo(120, 6);
  governor.isAway = false;
  sampler.forget(end);
  goOn(3000);
  settle();
  expect(watched(task)).toMatchObject({ isSettled: true });
  expect(joulesPerCpuSecond(bench, task) / 120).toBeCloseTo(1, 1);
  expect((named("background").marginalJoules ?? 0) / named("background").cpuSeconds / 120).toBeCloseTo(1, 1);
  expect(report().process.marginalJoules).toBeCloseTo(report().hostJoules ?? 0, 6);
  expect(residueOf(report())).toBeCloseTo(0, 6);
});

test("where the governor stays away, what was known before counts at the end", () => {
  const { tasks, sampler, governor, goOn, named } = governedBench();
  goOn(2350);
  governor.isAway = true;
  goOn(2650);
  expect(named("background").marginalJoules).toBeCloseTo(120, 6);
  tasks.endTick();
  sampler.close();
  tasks.close();
  // Up to the last tick, at 2.3 s.
  expect(named("background").marginalJoules).toBeCloseTo(2.3 * 60, 6);
});
