import { expect, test } from "vitest";
import { otherNames } from "../../src/monitor/task-names.ts";
import { residueOf, taskBench } from "./task-bench-top.ts";

/** Lets other work in between, as an await of a timer or of a file does. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("tasks that overlap have each its own CPU time and energy, and the rest is beside them", async () => {
  const { tasks, work, settle, named, report } = taskBench();
  const run = async (name: string, milliseconds: number): Promise<void> => {
    const task = tasks.start(name, { enter: false });
    await task.run(async () => {
      for (let turn = 0; turn < 5; turn += 1) {
        work(milliseconds);
        await pause();
      }
    });
    task.end();
  };
  await Promise.all([run("a", 1), run("b", 3)]);
  work(10);
  settle();
  expect(named("a")).toMatchObject({ started: 1, completed: 1 });
  expect(named("a").cpuSeconds).toBeCloseTo(0.005, 9);
  expect(named("b").cpuSeconds).toBeCloseTo(0.015, 9);
  // 100 W for 5, 15 and 10 ms.
  expect(named("a").marginalJoules).toBeCloseTo(0.5, 9);
  expect(named("b").marginalJoules).toBeCloseTo(1.5, 9);
  expect(report().outsideTasks.marginalJoules).toBeCloseTo(1, 9);
  expect(residueOf(report())).toBeCloseTo(0, 9);
});

test("`start` makes the rest of the function, and what it awaits, part of the task", async () => {
  const { tasks, work, settle, named } = taskBench();
  const handler = async (): Promise<void> => {
    using task = tasks.start("handler");
    work(2);
    await pause();
    work(3);
    expect(task.hasEnded).toBe(false);
  };
  await handler();
  work(50);
  settle();
  expect(named("handler").cpuSeconds).toBeCloseTo(0.005, 9);
});

test("a task inside another has its own figures, and is in those of the outer one with its children", async () => {
  const { tasks, work, watched } = taskBench();
  const outer = tasks.start("outer", { enter: false });
  await outer.run(async () => {
    work(4);
    const inner = tasks.start("inner", { enter: false });
    await inner.run(async () => {
      await pause();
      work(6);
    });
    inner.end();
    work(1);
  });
  outer.end();
  expect(watched(outer).cpuSeconds).toBeCloseTo(0.005, 9);
  expect(watched(outer).withChildren.cpuSeconds).toBeCloseTo(0.011, 9);
});

test("a task that outlives the one around it is then one of the next one outwards", () => {
  const { tasks, work, watched } = taskBench();
  const outer = tasks.start("outer", { enter: false });
  const middle = outer.run(() => tasks.start("middle", { enter: false }));
  const inner = middle.run(() => tasks.start("inner", { enter: false }));
  middle.end();
  expect(watched(outer).openChildren).toBe(1);
  inner.run(() => work(7));
  inner.end();
  expect(watched(outer).openChildren).toBe(0);
  expect(watched(outer).withChildren.cpuSeconds).toBeCloseTo(0.007, 9);
});

test("a task that ends twice ended the first time", () => {
  const { tasks, named } = taskBench();
  const task = tasks.start("once");
  task.end("failed");
  task.end("completed");
  task[Symbol.dispose]();
  expect(named("once")).toMatchObject({ started: 1, failed: 1, completed: 0 });
  expect(tasks.openTasks).toBe(0);
});

test("a task may be ended in another task's context: that one goes on", () => {
  const { tasks, work, watched } = taskBench();
  const [first, second] = [tasks.start("first", { enter: false }), tasks.start("second", { enter: false })];
  second.run(() => {
    work(1);
    first.end();
    work(2);
  });
  expect(watched(second).cpuSeconds).toBeCloseTo(0.003, 9);
  expect(watched(first).cpuSeconds).toBe(0);
});

test("a task that never ends counts for its name all the same", () => {
  const { tasks, work, settle, named } = taskBench();
  const task = tasks.start("forever", { enter: false });
  task.run(() => work(5));
  settle();
  expect(named("forever")).toMatchObject({ started: 1, completed: 0 });
  expect(named("forever").marginalJoules).toBeCloseTo(0.5, 9);
});

test("what a task's callbacks do after its end is the task's around it, or nobody's", async () => {
  const { tasks, work, settle, named, report } = taskBench();
  const task = tasks.start("ended", { enter: false });
  const late = task.run(async () => {
    await pause();
    work(8);
  });
  task.end();
  await late;
  settle();
  expect(named("ended").cpuSeconds).toBe(0);
  expect(report().outsideTasks.cpuSeconds).toBeCloseTo(0.008, 9);
});

test("a function that calls itself two thousand deep, a task each time, has each its own time", () => {
  const { tasks, work, settle, named, report } = taskBench();
  const recurse = (depth: number): void => {
    using task = tasks.start(`level ${depth % 2}`);
    work(task.hasEnded ? 0 : 0.01);
    if (depth > 1) recurse(depth - 1);
  };
  recurse(2000);
  settle();
  expect(named("level 0").cpuSeconds).toBeCloseTo(0.01, 9);
  expect(named("level 1").cpuSeconds).toBeCloseTo(0.01, 9);
  expect(residueOf(report())).toBeCloseTo(0, 9);
});

test("an aborted signal ends the task as cancelled, and one that was aborted before too", () => {
  const { tasks, named } = taskBench();
  const abort = new AbortController();
  const task = tasks.start("download", { signal: abort.signal });
  abort.abort();
  const late = tasks.start("download", { signal: abort.signal });
  expect([task.hasEnded, late.hasEnded]).toEqual([true, true]);
  expect(named("download")).toMatchObject({ started: 2, cancelled: 2 });
});

test("what a function in a task throws passes through, and the task around goes on", () => {
  const { tasks, work, watched } = taskBench();
  const error = new RangeError("too much");
  const [outer, inner] = [tasks.start("outer", { enter: false }), tasks.start("inner", { enter: false })];
  outer.run(() => {
    expect(() =>
      inner.run(() => {
        throw error;
      }),
    ).toThrow(error);
    work(3);
  });
  expect(watched(outer).cpuSeconds).toBeCloseTo(0.003, 9);
});

test("a task shorter than its ticks says that it is not resolved alone; its name is right", () => {
  const { tasks, work, settle, named, watched } = taskBench();
  const all = Array.from({ length: 100 }, () => {
    const task = tasks.start("short", { enter: false });
    task.run(() => work(1));
    task.end();
    return task;
  });
  settle();
  const one = watched(all[7] ?? tasks.start("none"));
  expect(one).toMatchObject({ isResolvedAlone: false, isSettled: true });
  // Anything between nothing and twice its joules: 1 / sqrt(3) of them.
  expect(((one.uncertainty?.additiveWh ?? 0) * 3600) / (one.marginalJoules ?? 1)).toBeCloseTo(0.58, 2);
  expect(named("short").marginalJoules).toBeCloseTo(10, 9);
  const relative = ((named("short").uncertainty?.additiveWh ?? 1) * 3600) / 10;
  expect(relative).toBeLessThan(0.1);
});

test("a task of two ticks or more is resolved", () => {
  const { tasks, work, watched } = taskBench();
  const task = tasks.start("long");
  work(250);
  task.end();
  expect(watched(task)).toMatchObject({ isResolvedAlone: true, outcome: "completed" });
});

test("figures before the next window are provisional, and say so", () => {
  const { tasks, work, settle, watched } = taskBench();
  const task = tasks.start("task", { enter: false });
  task.run(() => work(100));
  settle();
  task.run(() => work(50));
  expect(watched(task).isSettled).toBe(false);
  expect(watched(task).marginalJoules).toBeCloseTo(15, 6);
  settle();
  expect(watched(task)).toMatchObject({ isSettled: true });
  expect(watched(task).marginalJoules).toBeCloseTo(15, 9);
});

test("sampling leaves totals right on average, and the parts add up to the process", () => {
  // A fixed sequence in place of chance: a 32-bit mixing generator (Mulberry32).
  let state = 2026;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const { tasks, work, settle, named, report } = taskBench({ random });
  for (let call = 0; call < 5000; call += 1) {
    const outer = tasks.start("outer", { enter: false, sampleRatio: 0.25 });
    outer.run(() => {
      work(0.2);
      const inner = tasks.start("inner", { enter: false, sampleRatio: 0.1 });
      inner.run(() => work(0.1));
      inner.end();
    });
    outer.end();
  }
  settle();
  expect(named("outer").started / 5000).toBeCloseTo(1, 1);
  expect(named("inner").started / 5000).toBeCloseTo(1, 1);
  expect(named("inner").watched).toBeLessThan(600);
  expect(Math.abs(named("outer").cpuSeconds - 1)).toBeLessThan(0.15);
  expect(Math.abs(named("inner").cpuSeconds - 0.5)).toBeLessThan(0.05);
  expect(residueOf(report())).toBeCloseTo(0, 9);
});

test.each([0, -1, 2, Number.NaN])("a sampling ratio of %f is no ratio: every call is watched", (sampleRatio) => {
  const { tasks, named } = taskBench({ random: () => 0.99 });
  tasks.start("task", { sampleRatio }).end();
  expect(named("task")).toMatchObject({ started: 1, watched: 1 });
});

test("names without end are counted as one from the thousandth on", () => {
  const { tasks, report, named } = taskBench();
  for (let user = 0; user < 1500; user += 1) tasks.start(`GET /users/${user}`).end();
  expect(report().tasks).toHaveLength(1001);
  expect(named(otherNames).started).toBe(500);
});

test("when readings fail in the middle of a task, its energy comes with the next one that succeeds", () => {
  const { tasks, host, work, settle, watched, report } = taskBench();
  const task = tasks.start("task", { enter: false });
  task.run(() => work(100));
  settle();
  host.failing = "energy";
  for (let second = 0; second < 5; second += 1) {
    task.run(() => work(100));
    settle();
  }
  host.failing = null;
  task.run(() => work(100));
  settle();
  expect(watched(task).marginalJoules).toBeCloseTo(70, 6);
  expect(report().gaps).toBeGreaterThan(0);
  expect(residueOf(report())).toBeCloseTo(0, 6);
});

test("where no energy can be read, CPU time is known and joules are null", () => {
  const { tasks, work, settle, named, watched, report } = taskBench({ isBlind: true });
  const task = tasks.start("task", { enter: false });
  task.run(() => work(30));
  task.end();
  settle();
  expect(named("task").cpuSeconds).toBeCloseTo(0.03, 9);
  expect(watched(task)).toMatchObject({ marginalJoules: null, uncertainty: null });
  expect(report().process.marginalJoules).toBeNull();
});

test("after closing, tasks run as before and nothing is known of them", () => {
  const { tasks } = taskBench();
  const open = tasks.start("open");
  tasks.close();
  const late = tasks.start("late");
  expect(late.run(() => 7)).toBe(7);
  late.end();
  open.end();
  expect([late.isWatched, late.figures(), late.hasEnded, open.hasEnded]).toEqual([false, null, true, true]);
});

test("options from plain JavaScript that are no options do not throw", () => {
  const { tasks } = taskBench();
  const odd: unknown = { signal: 7, labels: null };
  const task = Reflect.apply(tasks.start.bind(tasks), undefined, ["task", odd]);
  const none = Reflect.apply(tasks.start.bind(tasks), undefined, [undefined, null]);
  expect([task.run(() => 1), none.run(() => 2)]).toEqual([1, 2]);
});
