import { expect, onTestFinished, test, vi } from "vitest";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { taskEnergyOf } from "../../src/monitor/task-energy.ts";
import { oneBoard, type StandIn, withNvmlStandIn } from "../support/nvml-stand-in.ts";

const boardWatts = 200;
const idleWatts = 70;

interface MovingBoard {
  /** Shows the board as it is now, with this process's work on it or another's. */
  show(pid: number | null): void;
  /** Joules that it shows. */
  joules(): number;
}

/** A board at 200 W, of which 70 W while nobody holds it. */
function movingBoard(nvml: StandIn): MovingBoard {
  const startMs = performance.now();
  let shown = 0;
  return {
    show: (pid) => {
      const seconds = (performance.now() - startMs) / 1000;
      shown = Math.round(seconds * boardWatts * 1000);
      const work =
        pid === null ? {} : { "0.samples": `${pid}:${Math.round(seconds * 1e6) + 1}:80`, "0.running": `${pid}:1000` };
      nvml.set({ ...oneBoard, "0.energy": 1_000_000 + shown, "0.busy": pid === null ? 0 : 80, ...work });
    },
    joules: () => shown / 1000,
  };
}

function keepShowing(board: MovingBoard, pid: number | null): void {
  const timer = setInterval(() => board.show(pid), 10);
  onTestFinished(() => clearInterval(timer));
}

async function loggerOn(nvml: StandIn, sampleIntervalSeconds = 60): Promise<EnergyLogger> {
  vi.stubEnv("CARBON_OPS_NVML_LIBRARY", nvml.path);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const logger = await EnergyLogger.open({ sampleIntervalSeconds });
  onTestFinished(() => logger.close());
  return logger;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const joulesOf = (wattHours: number | null | undefined): number => (wattHours ?? Number.NaN) * 3600;

withNvmlStandIn("the energy of GPUs in spans of EnergyLogger", (standIn) => {
  test("a span has its board's energy, and of it this process's part above idle; it enters the estimate", async () => {
    const nvml = standIn();
    const board = movingBoard(nvml);
    board.show(null);
    const logger = await loggerOn(nvml);
    keepShowing(board, process.pid);
    await pause(200);
    const before = board.joules();
    const { metric } = await logger.monitor("inference", () => pause(600));
    const atMost = board.joules() - before;
    const { gpu } = metric.energy;
    expect(joulesOf(gpu?.energyWhTotal)).toBeGreaterThan(0.5 * 600e-3 * boardWatts);
    expect(joulesOf(gpu?.energyWhTotal)).toBeLessThan(1.2 * atMost);
    const part = joulesOf(gpu?.energyWhTask) / joulesOf(gpu?.energyWhTotal);
    expect(part).toBeCloseTo((boardWatts - idleWatts) / boardWatts, 1);
    expect(gpu?.boards).toMatchObject([{ name: "NVIDIA H100 80GB HBM3", idleWatts, gaps: 0, note: null }]);
    expect(taskEnergyOf(metric.energy)?.gpu?.meanWh).toBe(gpu?.energyWhTask);
    expect(JSON.parse(JSON.stringify(metric))).toMatchObject({
      energy: { gpu: { energy_wh_task: gpu?.energyWhTask } },
    });
  });

  test("spans that follow each other share the board's energy among them: none is counted twice", async () => {
    const nvml = standIn();
    const board = movingBoard(nvml);
    board.show(null);
    const logger = await loggerOn(nvml);
    keepShowing(board, process.pid);
    const whole = await (async () => {
      const before = board.joules();
      for (const name of ["a", "b", "c"]) await logger.monitor(name, () => pause(250));
      return board.joules() - before;
    })();
    const around = await logger.logMetrics("around");
    const parts = logger.metrics.slice(0, 3).map(({ energy }) => joulesOf(energy.gpu?.energyWhTotal));
    const sum = parts.reduce((total, joules) => total + joules, 0);
    expect(sum).toBeGreaterThan(0.5 * whole);
    expect(sum).toBeLessThanOrEqual(joulesOf(around.energy.gpu?.energyWhTotal) * 1.001);
  });

  test("a span that blocks this process has its part of the reading around it", async () => {
    const nvml = standIn();
    const board = movingBoard(nvml);
    board.show(null);
    const logger = await loggerOn(nvml);
    const { metric } = await logger.monitor("synchronous", () => {
      const endMs = performance.now() + 400;
      while (performance.now() < endMs) board.show(process.pid);
    });
    expect(joulesOf(metric.energy.gpu?.energyWhTotal)).toBeGreaterThan(0.5 * 0.4 * boardWatts);
    expect(joulesOf(metric.energy.gpu?.energyWhTask)).toBeGreaterThan(0);
  });

  test("a board that somebody else works on is not charged to this process", async () => {
    const nvml = standIn();
    const board = movingBoard(nvml);
    board.show(1);
    const logger = await loggerOn(nvml);
    keepShowing(board, 1);
    const { metric } = await logger.monitor("task", () => pause(300));
    expect(metric.energy.gpu?.energyWhTask).toBe(0);
    expect(joulesOf(metric.energy.gpu?.energyWhTotal)).toBeGreaterThan(10);
  });

  test("where the driver does not tell whose work it was, this process's part is null, not 0", async () => {
    const nvml = standIn({ state: { ...oneBoard, "0.mig": 1 } });
    const logger = await loggerOn(nvml);
    const { metric } = await logger.monitor("task", async () => {
      await pause(200);
      nvml.set({ ...oneBoard, "0.mig": 1, "0.energy": 1_030_000 });
    });
    expect(metric.energy.gpu?.energyWhTask).toBeNull();
    // The few milliseconds before the span have their part of the step.
    expect(joulesOf(metric.energy.gpu?.energyWhTotal)).toBeGreaterThan(15);
    expect(joulesOf(metric.energy.gpu?.energyWhTotal)).toBeLessThanOrEqual(30.000_001);
  });

  test("spans shorter than the counters' steps have no GPU energy, and wait for no driver", async () => {
    const logger = await loggerOn(standIn());
    const { metric } = await logger.monitor("short", () => 1);
    expect(metric.energy).not.toHaveProperty("gpu");
  });

  test("a driver that fails in the middle throws nothing into the application; the span has no GPU energy", async () => {
    const nvml = standIn();
    const logger = await loggerOn(nvml);
    const { result, metric } = await logger.monitor("task", async () => {
      nvml.set({ ...oneBoard, lost: 15 });
      await pause(200);
      return "done";
    });
    expect(result).toBe("done");
    expect(metric.energy).not.toHaveProperty("gpu");
    expect(metric.energy.energyWhTotal).toBeGreaterThan(0);
  });

  test("a driver that hangs holds up neither the application nor, for long, the end of a span", async () => {
    const nvml = standIn();
    const logger = await loggerOn(nvml);
    nvml.set({ ...oneBoard, "0.energy.sleep_ms": 2500 });
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 10);
    const { metric } = await logger.monitor("task", () => pause(150));
    clearInterval(turning);
    expect(metric.energy).not.toHaveProperty("gpu");
    expect(turns).toBeGreaterThan(5);
  });

  test("spans of 64 concurrent tasks share readings, and all have the board's energy", async () => {
    const nvml = standIn();
    const board = movingBoard(nvml);
    board.show(null);
    const logger = await loggerOn(nvml);
    keepShowing(board, process.pid);
    await Promise.all(Array.from({ length: 64 }, (_, index) => logger.monitor(`task ${index}`, () => pause(300))));
    const joules = logger.metrics.map(({ energy }) => joulesOf(energy.gpu?.energyWhTotal));
    expect(joules).toHaveLength(64);
    expect(Math.min(...joules)).toBeGreaterThan(0.5 * 0.3 * boardWatts);
  });
});

test("a host without a GPU has no GPU energy in its spans, and no problem to tell", async () => {
  vi.stubEnv("CARBON_OPS_NVML_LIBRARY", "/nowhere/libnvidia-ml.so.1");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  await using logger = await EnergyLogger.open();
  const { metric } = await logger.monitor("task", () => pause(120));
  expect(metric.energy).not.toHaveProperty("gpu");
  expect(logger.problems.join("\n")).not.toContain("GPU");
});
