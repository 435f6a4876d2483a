import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { governorPlace, showMicrojoules, startGovernor, until } from "../support/governor.ts";
import { residueOf } from "./task-bench-top.ts";

test("a governor that is killed and returns while a task is open loses none of the energy, and the parts still add up", async () => {
  const place = governorPlace();
  const { socketPath, roots } = place;
  const first = await startGovernor(place);
  await using logger = await EnergyLogger.open({ energySource: "governor", governorSocket: socketPath });
  const task = logger.start("task", { enter: false });
  const busy = (): void => {
    const end = performance.now() + 50;
    while (performance.now() < end);
  };
  task.run(busy);
  await delay(200);
  await first.end("SIGKILL");
  showMicrojoules(roots, "intel-rapl:0", 31_000_000n);
  task.run(busy);
  await startGovernor(place);
  await until(async () => {
    task.run(busy);
    await delay(100);
    return (logger.taskReport().hostJoules ?? 0) > 29;
  });
  task.end();
  const report = logger.taskReport();
  expect(report.hostJoules).toBeCloseTo(30, 2);
  expect(report.tasks[0]?.marginalJoules).toBeGreaterThan(0);
  expect(Math.abs(residueOf(report))).toBeLessThan(1e-9);
});

test("what the process did before the first task is no task's, however long it kept the readings waiting", async () => {
  const place = governorPlace();
  await startGovernor(place);
  await using logger = await EnergyLogger.open({ energySource: "governor", governorSocket: place.socketPath });
  const busy = (milliseconds: number): void => {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  };
  await delay(300);
  showMicrojoules(place.roots, "intel-rapl:0", 501_000_000n);
  busy(900);
  const { metric } = await logger.monitor("task", async () => {
    await delay(200);
    showMicrojoules(place.roots, "intel-rapl:0", 511_000_000n);
    busy(100);
    await delay(400);
  });
  const report = logger.taskReport();
  expect((metric.energy.energyWhTotal ?? 0) * 3600).toBeCloseTo(10, 2);
  expect(report.hostJoules).toBeCloseTo(10, 2);
  expect(Math.abs(residueOf(report))).toBeLessThan(1e-9);
});
