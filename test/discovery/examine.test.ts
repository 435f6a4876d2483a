import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { examineSources, type SourceExamination } from "../../src/discovery/examine.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import {
  intelRange,
  kernelTree,
  type ProcContents,
  packageZone,
  writePowercap,
  writeProc,
  type Zone,
} from "../support/kernel-tree.ts";
import { manualClock } from "../support/manual-clock.ts";

function hostWith(zones: readonly Zone[] | null, proc: ProcContents = {}): HostRoots {
  const roots = kernelTree();
  writeProc(roots, proc);
  if (zones !== null) writePowercap(roots, zones);
  return roots;
}

function entry(roots: HostRoots, id: SourceExamination["id"]): SourceExamination | undefined {
  return examineSources({ roots, clock: manualClock() }).find((examination) => examination.id === id);
}

test("every source has an entry, best first", () => {
  const ids = examineSources({ roots: hostWith(null), clock: manualClock() }).map(({ id }) => id);
  expect(ids).toEqual(["governor", "powercap", "msr", "model"]);
});

test("the governor is what asking its socket gave; where nobody asked, that is said", () => {
  const roots = hostWith(null);
  expect(entry(roots, "governor")).toMatchObject({ usable: false, mend: null, uncertainty: null });
  expect(entry(roots, "governor")?.why).toContain("Nobody asked");
  const governor = {
    id: "governor",
    title: "it",
    usable: true,
    why: "answers",
    mend: null,
    uncertainty: null,
  } as const;
  expect(examineSources({ roots, clock: manualClock(), governor })[0]).toBe(governor);
});

test("readable counters are usable, with their uncertainty", () => {
  const found = entry(hostWith([packageZone(0)]), "powercap");
  expect(found).toMatchObject({ usable: true, mend: null, uncertainty: { gainLnSigma: 0.03 } });
  expect(found?.why).toContain("package-0");
});

test("on a physical machine without zones, the driver is to be loaded", () => {
  expect(entry(hostWith(null), "powercap")).toMatchObject({ usable: false, mend: "sudo modprobe intel_rapl_msr" });
});

test("in a guest without zones nothing mends it, and the reason is told", () => {
  const found = entry(hostWith(null, { isGuest: true }), "powercap");
  expect(found).toMatchObject({ usable: false, mend: null });
  expect(found?.why).toContain("virtual machine");
});

test("a processor without RAPL is not told to load a driver", () => {
  expect(entry(hostWith(null, { vendorId: "Unknown" }), "powercap")).toMatchObject({ usable: false, mend: null });
});

test("zones whose links lead nowhere are hidden by a container", () => {
  const roots = hostWith([packageZone(0)]);
  rmSync(join(roots.sys, "devices"), { recursive: true });
  const found = entry(roots, "powercap");
  expect(found).toMatchObject({ usable: false, mend: null });
  expect(found?.why).toContain("container");
});

test.each([
  ["0", 0n],
  ["all ones", intelRange],
])("a counter that stays at %s does not count", (_, microjoules) => {
  const found = entry(hostWith([{ ...packageZone(0), microjoules }]), "powercap");
  expect(found).toMatchObject({ usable: false, mend: null, uncertainty: null });
  expect(found?.why).toContain("do not count");
});

test("one dead package beside a live one does not make the source unusable", () => {
  const found = entry(hostWith([{ ...packageZone(0), microjoules: 0n }, packageZone(1)]), "powercap");
  expect(found?.usable).toBe(true);
});

test("counters whose reading fails are named with the reason", () => {
  const roots = hostWith([packageZone(0)]);
  const path = join(roots.sys, "devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj");
  rmSync(path);
  mkdirSync(path);
  const found = entry(roots, "powercap");
  expect(found?.usable).toBe(false);
  expect(found?.why).toContain("EISDIR");
});

test("a package that cannot be read beside one that can: usable, and the total is said to be too low", () => {
  const roots = hostWith([packageZone(0), packageZone(1)]);
  rmSync(join(roots.sys, "devices/virtual/powercap/intel-rapl/intel-rapl:1/energy_uj"));
  const found = entry(roots, "powercap");
  expect(found?.usable).toBe(true);
  expect(found?.why).toContain("too low");
  expect(found?.why).toContain("package-1");
});

test("a guest's counters are called virtualised", () => {
  expect(entry(hostWith([packageZone(0)], { isGuest: true }), "powercap")?.why).toContain("virtualised counter");
});

test("the model is always there, says what it is, and how unsure", () => {
  const found = entry(hostWith(null, { isGuest: true }), "model");
  expect(found).toMatchObject({ usable: true, mend: null, uncertainty: { gainLnSigma: Math.hypot(0.2, 0.25) } });
  expect(found?.why).toContain("no measurement");
});

test("a host that cannot be read at all is examined without throwing", () => {
  const entries = examineSources({ roots: kernelTree(), clock: manualClock() });
  expect(entries.every(({ usable }) => !usable)).toBe(true);
});
