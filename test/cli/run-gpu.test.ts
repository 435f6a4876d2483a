import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { oneBoard, type StandIn, withNvmlStandIn } from "../support/nvml-stand-in.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";

const result = z.looseObject({
  energy_wh: z.number(),
  energy: z.looseObject({
    energy_wh_task: z.number(),
    gpu: z.looseObject({
      energy_wh_total: z.number(),
      energy_wh_task: z.number().nullable(),
      boards: z.array(z.looseObject({ name: z.string(), idle_watts: z.number().nullable(), gaps: z.number() })),
    }),
  }),
});

const ledgerLine = z.looseObject({
  record: z.looseObject({
    budget: z.array(z.looseObject({ source_id: z.string(), share_of_variance: z.number() })),
  }),
});

/** A board at 200 W, of which 70 W while nobody holds it, with the command at work on it from its start on. */
function runBoard(nvml: StandIn, pidFile: string): void {
  const startMs = performance.now();
  const move = (): void => {
    const seconds = (performance.now() - startMs) / 1000;
    const pid = pidIn(pidFile);
    const work = { "0.samples": `${pid}:${Math.round(seconds * 1e6) + 1}:80`, "0.running": `${pid}:1000` };
    nvml.set({ ...oneBoard, "0.energy": 1_000_000 + Math.round(seconds * 200_000), ...(pid === null ? {} : work) });
  };
  move();
  const timer = setInterval(move, 20);
  onTestFinished(() => clearInterval(timer));
}

function pidIn(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim() || null;
  } catch {
    return null;
  }
}

withNvmlStandIn("the energy of GPUs in a run", (standIn) => {
  test("a command's GPU energy stands beside the host's, enters the grams with its own errors, and is recorded", async () => {
    const nvml = standIn();
    const cwd = temporaryDirectory();
    runBoard(nvml, join(cwd, "pid"));
    const command = ["sh", "-c", "echo $$ > pid; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exec sleep 2.5"];
    const { status, stderr } = await carbonOps(
      ["run", "--json", "r.json", "--region", "GB", "--ledger", "l.ndjson", "--", ...command],
      { cwd, environment: { CARBON_OPS_NVML_LIBRARY: nvml.path } },
    );
    expect(stderr).toContain("NVIDIA H100 80GB HBM3");
    expect(status).toBe(0);
    const { energy, energy_wh } = result.parse(JSON.parse(readFileSync(join(cwd, "r.json"), "utf8")));
    expect(energy.gpu.boards).toMatchObject([{ name: "NVIDIA H100 80GB HBM3", idle_watts: 70, gaps: 0 }]);
    const [boardJoules, taskJoules] = [energy.gpu.energy_wh_total * 3600, (energy.gpu.energy_wh_task ?? 0) * 3600];
    // 200 W over the command's 2.5 s and more, and the moments before and after it; 130 of them are above idle.
    expect(boardJoules).toBeGreaterThan(490);
    expect(taskJoules / boardJoules).toBeGreaterThan(0.5);
    expect(taskJoules / boardJoules).toBeLessThan(0.66);
    // The energy of the estimate is that of host and GPU together.
    expect(energy_wh).toBeGreaterThan(energy.gpu.energy_wh_task ?? 0);
    expect(energy_wh - (energy.gpu.energy_wh_task ?? 0)).toBeCloseTo(Math.max(0, energy.energy_wh_task), 3);
    const lines = readFileSync(join(cwd, "l.ndjson"), "utf8").trim().split("\n");
    const { record } = ledgerLine.parse(JSON.parse(lines.at(-1) ?? ""));
    expect(record).toMatchObject({
      schema_version: "1.3.0",
      energy: { gpu: { energy_wh_task: energy.gpu.energy_wh_task } },
    });
    const gain = record.budget.find(({ source_id }) => source_id.startsWith("nvml.gain/"));
    expect(gain?.share_of_variance).toBeGreaterThan(0);
  });

  test("a GPU that others use is not charged to the command", async () => {
    const nvml = standIn();
    const cwd = temporaryDirectory();
    const startMs = performance.now();
    const timer = setInterval(() => {
      const milliseconds = performance.now() - startMs;
      nvml.set({
        ...oneBoard,
        "0.energy": 1_000_000 + Math.round(milliseconds * 200),
        "0.samples": `${process.pid}:${Math.round(milliseconds * 1000) + 1}:90`,
        "0.running": `${process.pid}:1000`,
      });
    }, 20);
    onTestFinished(() => clearInterval(timer));
    const { status } = await carbonOps(["run", "--quiet", "--json", "r.json", "--", "sleep", "2"], {
      cwd,
      environment: { CARBON_OPS_NVML_LIBRARY: nvml.path },
    });
    expect(status).toBe(0);
    const { energy } = result.parse(JSON.parse(readFileSync(join(cwd, "r.json"), "utf8")));
    expect(energy.gpu.energy_wh_task).toBe(0);
    expect(energy.gpu.energy_wh_total * 3600).toBeGreaterThan(300);
  });
});

test("a run on a host without NVIDIA's library says nothing of it, and has no GPU energy", async () => {
  const cwd = temporaryDirectory();
  const environment = { CARBON_OPS_NVML_LIBRARY: "/nowhere/libnvidia-ml.so.1" };
  const { status, stderr } = await carbonOps(["run", "--json", "r.json", "--", "true"], { cwd, environment });
  expect(status).toBe(0);
  expect(stderr.toLowerCase()).not.toContain("nvidia");
  expect(JSON.parse(readFileSync(join(cwd, "r.json"), "utf8")).energy).not.toHaveProperty("gpu");
});
