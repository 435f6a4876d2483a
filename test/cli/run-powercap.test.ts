import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { energyFile, intelRange, kernelTree, memoryZone, packageZone, writePowercap } from "../support/kernel-tree.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";
import { parseRunResult } from "../support/run-result.ts";

/**
 * Keeps counters moving at constant power, from 50 J below the wrap of the first package on. Like the kernel, it never shows an
 * empty file: the text is written over in place, at constant length.
 */
function runCounters(roots: ReturnType<typeof kernelTree>, wattsByZone: Readonly<Record<string, number>>): void {
  const startNs = process.hrtime.bigint();
  const counters = Object.entries(wattsByZone).map(([zone, watts]) => ({
    watts,
    startMicrojoules: zone === "intel-rapl:0" ? intelRange - 50_000_000n : 1_000_000n,
    descriptor: openSync(energyFile(roots, zone), "r+"),
  }));
  const move = (): void => {
    const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
    for (const { watts, startMicrojoules, descriptor } of counters) {
      const shown = startMicrojoules + BigInt(Math.round(watts * seconds * 1e6));
      const wrapped = shown > intelRange ? shown - intelRange : shown;
      writeSync(descriptor, `${String(wrapped).padStart(12, "0")}\n`, 0);
    }
  };
  move();
  const timer = setInterval(move, 5);
  onTestFinished(() => {
    clearInterval(timer);
    for (const { descriptor } of counters) closeSync(descriptor);
  });
}

test("with readable counters: packages and memory are added up, a wrap loses nothing, core and psys are not added", async () => {
  const roots = kernelTree();
  const core = { name: "core", microjoules: 1_000_000n, range: intelRange };
  writePowercap(roots, [
    packageZone(0, [core, memoryZone()]),
    packageZone(1),
    { name: "psys", microjoules: 1_000_000n, range: intelRange },
  ]);
  runCounters(roots, {
    "intel-rapl:0": 60,
    "intel-rapl:0:0": 40,
    "intel-rapl:0:1": 8,
    "intel-rapl:1": 20,
    "intel-rapl:2": 150,
  });
  const cwd = temporaryDirectory();
  const { status, stderr } = await carbonOps(["run", "--json", "r.json", "--region", "GB", "--", "sleep", "2.5"], {
    cwd,
    environment: { CARBON_OPS_SYS_ROOT: roots.sys },
  });
  const result = parseRunResult(readFileSync(join(cwd, "r.json"), "utf8"));
  const joules = result.energy.energy_wh_total * 3600;
  expect(status).toBe(0);
  expect(result.energy.energy_source).toBe("powercap");
  expect(result.energy.gaps).toBe(0);
  // 88 W over the command's 2.5 s and the moments before and after it; the wrap after 50 J is in the middle.
  expect(joules).toBeGreaterThan(88 * 2.4);
  expect(joules).toBeLessThan(88 * 3.4);
  const summary = stderr.replace(/\s+/g, " ");
  expect(summary).toContain("package-0, package-1 + dram through powercap");
  expect(summary).toContain("idle power is not known");
});

test("a stated idle baseline is nobody's energy", async () => {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0)]);
  runCounters(roots, { "intel-rapl:0": 30 });
  const cwd = temporaryDirectory();
  await carbonOps(["run", "--json", "r.json", "--idle-watts", "30", "--quiet", "--", "sleep", "1"], {
    cwd,
    environment: { CARBON_OPS_SYS_ROOT: roots.sys },
  });
  const { energy } = parseRunResult(readFileSync(join(cwd, "r.json"), "utf8"));
  expect(energy.energy_wh_total * 3600).toBeGreaterThan(28);
  expect(Math.abs((energy.energy_wh_active ?? 1) * 3600)).toBeLessThan(6);
});
