import { expect, test } from "vitest";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { spin } from "./quiet-logger.ts";
import { residueOf } from "./task-bench-top.ts";

test("a task whose name is known late has all that it used under that name", async () => {
  await using logger = await EnergyLogger.open();
  let name = "unknown";
  const task = logger.start("first", { enter: false, nameLater: () => name });
  task.run(() => spin(20));
  name = "known";
  task.run(() => spin(20));
  task.end("failed");
  const { tasks } = logger.taskReport();
  expect(tasks.map((named) => [named.name, named.started, named.failed])).toEqual([["known", 1, 1]]);
  expect(tasks[0]?.cpuSeconds).toBeGreaterThan(0.01);
});

test("figures that are read before have what was used so far under the name of then, and all parts still add up", async () => {
  await using logger = await EnergyLogger.open();
  let name = "early";
  const task = logger.start("first", { enter: false, nameLater: () => name });
  task.run(() => spin(20));
  const before = logger.taskReport();
  name = "late";
  task.run(() => spin(20));
  task.end();
  const { tasks, ...parts } = logger.taskReport();
  expect(before.tasks.map((named) => [named.name, named.started])).toEqual([["early", 0]]);
  expect(tasks.map((named) => [named.name, named.started])).toEqual([
    ["early", 0],
    ["late", 1],
  ]);
  // Nothing that was told once is taken back.
  expect(tasks[0]?.cpuSeconds).toBe(before.tasks[0]?.cpuSeconds);
  expect(tasks[1]?.cpuSeconds).toBeGreaterThan(0.005);
  expect(Math.abs(residueOf({ tasks, ...parts }))).toBeLessThan(1e-9);
});

test("a name that cannot be asked for is the first one", async () => {
  await using logger = await EnergyLogger.open();
  const nameLater = (): string => {
    throw new Error("no name");
  };
  logger.start("first", { nameLater }).end();
  expect(logger.taskReport().tasks.map(({ name }) => name)).toEqual(["first"]);
});

test("a task that is no part of the one that runs leaves that one nothing of its own", async () => {
  await using logger = await EnergyLogger.open();
  const outer = logger.start("outer", { enter: false });
  const beside = outer.run(() => logger.start("beside", { enter: false, isRoot: true }));
  beside.run(() => spin(20));
  beside.end();
  outer.end();
  const figures = outer.figures();
  expect(figures?.withChildren.cpuSeconds).toBe(figures?.cpuSeconds);
});
