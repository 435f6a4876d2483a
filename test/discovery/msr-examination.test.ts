import { chmodSync, mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { openEnergySource } from "../../src/discovery/discover.ts";
import { examineSources, type SourceExamination } from "../../src/discovery/examine.ts";
import { type ProcContents, packageZone, writePowercap, writeProc } from "../support/kernel-tree.ts";
import { manualClock } from "../support/manual-clock.ts";
import { failReading, type MsrRoots, msrRoots, placeCpus, registerFile, setRegisters } from "../support/msr-tree.ts";
import { asNobody, canBecomeNobody } from "../support/unprivileged.ts";

const usualUnit = 0xa0e03n;

function hostWith(proc: ProcContents = {}): MsrRoots {
  const roots = msrRoots();
  writeProc(roots, proc);
  placeCpus(roots, [0, 0]);
  return roots;
}

function hostWithRegisters(registers: Readonly<Record<number, bigint>>, proc: ProcContents = {}): MsrRoots {
  const roots = hostWith(proc);
  for (const cpu of [0, 1]) setRegisters(roots, cpu, registers);
  return roots;
}

function msrEntry(roots: MsrRoots): SourceExamination | undefined {
  return examineSources({ roots, clock: manualClock() }).find(({ id }) => id === "msr");
}

function open(roots: MsrRoots, wanted: "auto" | "msr") {
  const { source } = openEnergySource({ roots, clock: manualClock(), wanted });
  source.close();
  return source;
}

const counting = { 1542: usualUnit, 1553: 1000n };

test("registers that can be read are usable, with their uncertainty", () => {
  const found = msrEntry(hostWithRegisters(counting));
  expect(found).toMatchObject({ usable: true, mend: null, uncertainty: { gainLnSigma: 0.03 } });
  expect(found?.why).toContain("package-0");
});

test("auto takes powercap where it is, else the registers; asked for, they are taken beside it", () => {
  const roots = hostWithRegisters(counting);
  expect(open(roots, "auto").id).toBe("msr");
  writePowercap(roots, [packageZone(0)]);
  expect(open(roots, "auto").id).toBe("powercap");
  expect(open(roots, "msr").id).toBe("msr");
});

test("energy filtering is told", () => {
  expect(msrEntry(hostWithRegisters({ ...counting, 188: 1n }))?.why).toContain("Energy filtering is on");
});

test("not there on a physical machine: the module is to be loaded", () => {
  const found = msrEntry(hostWith());
  expect(found).toMatchObject({ usable: false, mend: "sudo modprobe msr" });
  expect(found?.why).toContain("ENOENT");
});

test("not there in a guest: nothing inside it is sure to mend that", () => {
  const found = msrEntry(hostWith({ isGuest: true }));
  expect(found).toMatchObject({ usable: false, mend: null });
  expect(found?.why).toContain("virtual machine");
});

test("a guest's unit register of 0 is no RAPL", () => {
  const found = msrEntry(hostWithRegisters({ 1542: 0n, 1553: 0n }, { isGuest: true }));
  expect(found).toMatchObject({ usable: false, mend: null });
  expect(found?.why).toContain("unit register is 0");
});

test.each([0n, 0xffff_ffffn])("a counter that stays at %s does not count", (count) => {
  expect(msrEntry(hostWithRegisters({ 1542: usualUnit, 1553: count, 39321: 0n }))).toMatchObject({
    usable: false,
    why: expect.stringContaining("do not count"),
  });
});

test("a processor that has its counters elsewhere answers EIO", () => {
  const roots = hostWith();
  for (const cpu of [0, 1]) failReading(roots, cpu);
  const found = msrEntry(roots);
  expect(found).toMatchObject({ usable: false, mend: null });
  expect(found?.why).toContain("EIO");
});

test("a processor without RAPL, and a host whose CPUs cannot be placed, are said to be so", () => {
  expect(msrEntry(hostWith({ vendorId: "Unknown" }))?.why).toContain("this is another one");
  const unplaced = msrRoots();
  writeProc(unplaced);
  expect(msrEntry(unplaced)?.why).toContain("Which CPUs belong to which package");
});

test("something else in the place of a register file is named with its error", () => {
  const roots = hostWith();
  for (const cpu of [0, 1]) mkdirSync(registerFile(roots, cpu), { recursive: true });
  expect(msrEntry(roots)?.why).toContain("EISDIR");
});

const asUser: <Result>(action: () => Result) => Result = canBecomeNobody ? asNobody : (action) => action();

test("without permission: group read is not enough, and the command says what else it takes", () => {
  const roots = hostWithRegisters(counting);
  for (const cpu of [0, 1]) chmodSync(registerFile(roots, cpu), canBecomeNobody ? 0o600 : 0);
  const found = asUser(() => msrEntry(roots));
  const file = `'${registerFile(roots, 0)}'`;
  expect(found).toMatchObject({
    usable: false,
    why: expect.stringContaining("group read alone is not enough"),
    mend: `sudo chgrp "$(id -g)" ${file} && sudo chmod g+r ${file} && sudo setcap cap_sys_rawio=ep "$(readlink -f "$(command -v node)")"`,
  });
});

test("asked for registers that are not there, the error says why and what to do, in one line", () => {
  expect(() => open(hostWith(), "msr")).toThrow(expect.objectContaining({ code: "ENERGY_SOURCE_UNAVAILABLE" }));
  expect(() => open(hostWith(), "msr")).toThrow(/^msr cannot be used because [^\n]*sudo modprobe msr$/);
});

test("without a directory of registers, none are looked for", () => {
  const { proc, sys } = hostWithRegisters(counting);
  const found = examineSources({ roots: { proc, sys }, clock: manualClock() }).find(({ id }) => id === "msr");
  expect(found).toMatchObject({ usable: false, mend: null });
});
