import { expect, test } from "vitest";
import { openEnergySource } from "../../src/discovery/discover.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { kernelTree, packageZone, writePowercap, writeProc } from "../support/kernel-tree.ts";
import { manualClock } from "../support/manual-clock.ts";

function open(roots: HostRoots, wanted: "auto" | "powercap" | "model", cpuTdpWatts?: number) {
  const request = { roots, clock: manualClock(), wanted, ...(cpuTdpWatts === undefined ? {} : { cpuTdpWatts }) };
  const { source } = openEnergySource(request);
  source.close();
  return source;
}

function hostWithCounters(): HostRoots {
  const roots = kernelTree();
  writeProc(roots);
  writePowercap(roots, [packageZone(0)]);
  return roots;
}

test("auto takes counters where they can be read", () => {
  expect(open(hostWithCounters(), "auto").id).toBe("powercap");
});

test("auto takes the model where there are none", () => {
  const roots = kernelTree();
  writeProc(roots);
  expect(open(roots, "auto").id).toBe("model");
});

test("auto takes the model where counters stay at 0, as a hypervisor's do", () => {
  const roots = kernelTree();
  writeProc(roots, { isGuest: true });
  writePowercap(roots, [{ ...packageZone(0), microjoules: 0n }]);
  expect(open(roots, "auto").id).toBe("model");
});

test("the model can be chosen although there are counters", () => {
  expect(open(hostWithCounters(), "model").id).toBe("model");
});

test("a TDP reaches the model", () => {
  expect(open(hostWithCounters(), "model", 120).label).toContain("TDP 120 W");
});

test("powercap that is not there is an error that says why and what to do, in one line", () => {
  const roots = kernelTree();
  writeProc(roots);
  expect(() => open(roots, "powercap")).toThrow(expect.objectContaining({ code: "ENERGY_SOURCE_UNAVAILABLE" }));
  expect(() => open(roots, "powercap")).toThrow(/^powercap cannot be used because [^\n]*sudo modprobe intel_rapl_msr$/);
});

test("a host that cannot be read at all has no source, and the error names the file", () => {
  const roots = kernelTree();
  expect(() => open(roots, "auto")).toThrow(expect.objectContaining({ code: "ENERGY_SOURCE_UNAVAILABLE" }));
  expect(() => open(roots, "auto")).toThrow("cpuinfo");
});
