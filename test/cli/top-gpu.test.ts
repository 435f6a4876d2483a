import { spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { oneBoard, type StandIn, withNvmlStandIn } from "../support/nvml-stand-in.ts";
import { carbonOps } from "../support/program.ts";

const topView = z.looseObject({
  consumers: z.array(
    z.looseObject({ pid: z.number(), gpu_watts: z.number().nullable(), gpu_joules: z.number().nullable() }),
  ),
  gpus: z.array(
    z.looseObject({
      watts: z.number(),
      unattributed_watts: z.number().nullable(),
      processes: z.array(z.looseObject({ pid: z.number(), watts: z.number() })).nullable(),
    }),
  ),
});

/** A process that sleeps on its CPU while the board has work of it. */
function sleeper(): number {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child.pid ?? 0;
}

/** 200 W, with one process at work. */
function moveBoard(nvml: StandIn, pid: number): void {
  const startMs = performance.now();
  const move = (): void => {
    const milliseconds = performance.now() - startMs;
    nvml.set({
      ...oneBoard,
      "0.energy": 1_000_000 + Math.round(milliseconds * 200),
      "0.busy": 50,
      "0.samples": `${pid}:${Math.round(milliseconds * 1000) + 1}:50`,
      "0.running": `${pid}:1000`,
    });
  };
  move();
  const timer = setInterval(move, 20);
  onTestFinished(() => clearInterval(timer));
}

withNvmlStandIn("GPU watts by process in top", (standIn) => {
  test("a process that only works on a GPU is listed with its part of the board's watts; parts add up to the board", async () => {
    const nvml = standIn();
    const pid = sleeper();
    moveBoard(nvml, pid);
    const { stdout, status } = await carbonOps(["top", "--once", "--json", "--interval", "1"], {
      environment: { CARBON_OPS_NVML_LIBRARY: nvml.path },
    });
    expect(status).toBe(0);
    const { consumers, gpus } = topView.parse(JSON.parse(stdout.toString()));
    const [board] = gpus;
    expect(board?.processes?.map((process) => process.pid)).toEqual([pid]);
    const shared = (board?.processes ?? []).reduce((sum, { watts }) => sum + watts, 0);
    expect(shared + (board?.unattributed_watts ?? 0)).toBeCloseTo(board?.watts ?? Number.NaN, 6);
    const own = consumers.find((consumer) => consumer.pid === pid);
    // Nobody saw the board idle: half of its time was busy, and so half of its watts are the process's.
    expect((own?.gpu_watts ?? 0) / (board?.watts ?? 0)).toBeCloseTo(0.5, 6);
    expect(own?.gpu_joules).toBeGreaterThan(0);
    const others = consumers.filter((consumer) => consumer.pid !== pid);
    expect(others.every(({ gpu_watts: watts }) => watts === 0)).toBe(true);
  });

  test("the table has a column for it", async () => {
    const nvml = standIn();
    moveBoard(nvml, sleeper());
    const { stdout } = await carbonOps(["top", "--once", "--interval", "1"], {
      environment: { CARBON_OPS_NVML_LIBRARY: nvml.path },
    });
    const text = stdout.toString();
    expect(text).toMatch(/COMMAND +CPUs +GPU W +WATTS +JOULES/);
    expect(text).toMatch(/ sleep +0\.00 +\d+\.\d\d +0\.00/);
    for (const line of text.split("\n")) expect(Array.from(line).length).toBeLessThanOrEqual(80);
  });
});

test("where no driver tells processes apart, their GPU watts are null in the JSON", async () => {
  const { stdout } = await carbonOps(["top", "--once", "--json", "--interval", "0.5"], {
    environment: { CARBON_OPS_NVML_LIBRARY: "/nowhere/libnvidia-ml.so.1" },
  });
  const { consumers } = topView.parse(JSON.parse(stdout.toString()));
  // On an idle host nobody may have used a processor in the interval.
  expect(consumers.filter(({ gpu_watts: watts }) => watts !== null)).toEqual([]);
});
