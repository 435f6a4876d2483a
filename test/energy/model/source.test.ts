import { rmSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openModel } from "../../../src/energy/model/source.ts";
import { kernelTree, type ProcContents, setCpuTicks, writeProc } from "../../support/kernel-tree.ts";
import { manualClock } from "../../support/manual-clock.ts";

/** EPYC Genoa: 0.74 W idle and 2.28 W at full load for each of 4 threads. */
const genoa: ProcContents = { vendorId: "AuthenticAMD", family: 25, model: 17, modelName: "AMD EPYC", cpuCount: 4 };

function bench(proc: ProcContents = genoa) {
  const roots = kernelTree();
  writeProc(roots, proc);
  const clock = manualClock();
  return { roots, clock, source: openModel({ roots, clock }) };
}

test("an idle host draws its idle power", () => {
  const { clock, source } = bench();
  clock.advanceSeconds(10);
  expect(Number(source.read().hostMicrojoules) / 1e6).toBeCloseTo(10 * 4 * 0.74, 6);
  expect(source.idleWatts).toBeCloseTo(4 * 0.74, 12);
});

test("each busy CPU second adds the difference between full load and idle", () => {
  const { roots, clock, source } = bench();
  setCpuTicks(roots, { user: 500, system: 100 });
  clock.advanceSeconds(10);
  expect(Number(source.read().hostMicrojoules) / 1e6).toBeCloseTo(10 * 4 * 0.74 + 6 * (2.28 - 0.74), 6);
});

test("time that the hypervisor stole costs nothing", () => {
  const { roots, clock, source } = bench();
  setCpuTicks(roots, { user: 0, steal: 500 });
  clock.advanceSeconds(10);
  expect(Number(source.read().hostMicrojoules) / 1e6).toBeCloseTo(10 * 4 * 0.74, 6);
});

test("many short readings give what one long reading gives", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 30 }), (ticksPerSecond) => {
      const often = bench();
      const once = bench();
      let user = 0;
      for (const ticks of ticksPerSecond) {
        user += ticks;
        setCpuTicks(often.roots, { user });
        often.clock.advanceSeconds(1);
        often.source.read();
      }
      setCpuTicks(once.roots, { user });
      once.clock.advanceSeconds(ticksPerSecond.length);
      const difference = often.source.read().hostMicrojoules - once.source.read().hostMicrojoules;
      expect(difference >= -1n && difference <= 1n).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test("CPU time that goes backwards, or leaps, is a gap: idle power goes on, and nothing is invented", () => {
  const { roots, clock, source } = bench();
  setCpuTicks(roots, { user: 100_000 });
  clock.advanceSeconds(1);
  const leapt = source.read();
  expect(leapt.gaps).toBe(1);
  expect(Number(leapt.hostMicrojoules) / 1e6).toBeCloseTo(4 * 0.74, 6);
  setCpuTicks(roots, { user: 5 });
  clock.advanceSeconds(1);
  expect(source.read()).toMatchObject({ gaps: 2 });
});

test("two readings at one instant differ by nothing", () => {
  const { source } = bench();
  expect(source.read().hostMicrojoules).toBe(source.read().hostMicrojoules);
});

test("it says that it is a model, of what, and on which host its error is shared", () => {
  const { source } = bench({ ...genoa, isGuest: true, cpuCount: 2 });
  expect(source).toMatchObject({ id: "model", provenance: "estimated", boundary: "server_wall" });
  expect(source.label).toBe("power model: AMD EPYC Genoa (gen 4), 2 vCPU");
  expect(source.uncertainty.sourceId).toBe("model.ccf-aws/epyc-gen4/host=example");
});

test("when CPU times can no longer be read, reading fails", () => {
  const { roots, source } = bench();
  rmSync(join(roots.proc, "stat"));
  expect(() => source.read()).toThrow(expect.objectContaining({ code: "ENERGY_READ_FAILED" }));
});
