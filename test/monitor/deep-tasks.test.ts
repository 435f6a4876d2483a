import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import type { EnergyMetric } from "../../src/monitor/metric.ts";
import { quietLogger } from "./quiet-logger.ts";
import { taskBench } from "./task-bench-top.ts";

/** How often a function can call itself through another one. */
function depthOf(call: (work: () => void) => void): number {
  let depth = 0;
  const recurse = (): void => {
    depth += 1;
    call(recurse);
  };
  expect(recurse).toThrow(RangeError);
  return depth;
}

test("a recursion through tasks is about as deep as one through the runtime's own contexts", () => {
  const { tasks } = taskBench();
  tasks.start("first", { enter: false }).run(() => undefined);
  const storage = new AsyncLocalStorage();
  const ofContexts = depthOf((work) => storage.run({}, work));
  const ofTasks = depthOf((work) => {
    const task = tasks.start("level", { enter: false });
    task.run(work);
  });
  expect(ofTasks / ofContexts).toBeGreaterThan(0.8);
});

test("`monitor` follows a recursion of a thousand and more levels through itself", async () => {
  await using logger = await quietLogger({ historyLimit: 1 });
  const descend = async (levels: number): Promise<number> => {
    const { result } = await logger.monitor("level", async () => (levels > 0 ? (await descend(levels - 1)) + 1 : 0));
    return result;
  };
  expect(await descend(1600)).toBe(1600);
});

test("what is monitored where the stack has no room for a reading runs all the same, and its metric says why it has no energy", async () => {
  await using logger = await quietLogger();
  const ran = (): string => "ran";
  // Compiling a function takes more of the stack than calling it.
  await logger.monitor("first", ran);
  const answers: Promise<{ result: string; metric: EnergyMetric }>[] = [];
  let levels = 0;
  const descend = (): void => {
    try {
      descend();
    } catch {
      // The bottom.
    }
    levels += 1;
    if (levels === 40) answers.push(logger.monitor("deep", ran));
  };
  descend();
  const answer = await answers[0];
  expect(answer).toMatchObject({ result: "ran", metric: { operation: "deep", energy: { energyWhTotal: null } } });
  expect(answer?.metric.energy.energySourceLabel).toContain("the stack had no room");
});

test("where the stack is full, functions run all the same, and every task that was started has ended", () => {
  const { tasks, work, settle, named } = taskBench();
  const one = (): number => 1;
  // Compiling a function takes more of the stack than calling it.
  const first = tasks.start("first", { enter: false });
  let [levels, results] = [0, first.run(one)];
  first.end();
  /** Goes to the bottom of the stack, and runs a task in each of the last levels on the way back. */
  const descend = (): void => {
    try {
      descend();
    } catch {
      // The bottom.
    }
    levels += 1;
    if (levels > 2000) return;
    const task = tasks.start("deep", { enter: false });
    results += task.run(one);
    task.end();
  };
  descend();
  settle();
  expect(results).toBeGreaterThan(1500);
  expect(tasks.openTasks).toBe(0);
  const { started, completed } = named("deep");
  expect(started - completed).toBe(0);
  const after = tasks.start("after", { enter: false });
  after.run(() => work(4));
  after.end();
  settle();
  expect(named("after").cpuSeconds).toBeCloseTo(0.004, 9);
});
