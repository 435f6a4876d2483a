import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, symlinkSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { HostRoots } from "../../src/host/roots.ts";
import { kernelTree, writeKernelFile } from "./kernel-tree.ts";

/** Roots with a directory of registers beside /proc and /sys. */
export interface MsrRoots extends HostRoots {
  readonly msr: string;
}

export function msrRoots(): MsrRoots {
  const roots = kernelTree();
  return { ...roots, msr: join(dirname(roots.sys), "cpu") };
}

/** Says that these CPUs are online; `packages` has the package of each CPU, `dies` its die. */
export function placeCpus(roots: MsrRoots, packages: readonly number[], dies: readonly number[] = []): void {
  for (const [cpu, packageId] of packages.entries()) {
    const topology = join(roots.sys, "devices/system/cpu", `cpu${cpu}`, "topology");
    writeKernelFile(join(topology, "physical_package_id"), `${packageId}\n`);
    writeKernelFile(join(topology, "die_id"), `${dies[cpu] ?? 0}\n`);
  }
  setOnline(roots, [...packages.keys()]);
}

function setOnline(roots: MsrRoots, cpus: readonly number[]): void {
  writeKernelFile(join(roots.sys, "devices/system/cpu/online"), `${cpus.join(",")}\n`);
}

export function registerFile(roots: MsrRoots, cpu: number): string {
  return join(roots.msr, String(cpu), "msr");
}

/** Sets registers of a CPU: 8 bytes, little endian, at the offset that is the register's number. Others read 0. */
export function setRegisters(roots: MsrRoots, cpu: number, registers: Readonly<Record<number, bigint>>): void {
  const path = registerFile(roots, cpu);
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, "a+");
  closeSync(descriptor);
  const writable = openSync(path, "r+");
  for (const [register, value] of Object.entries(registers)) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    writeSync(writable, bytes, 0, 8, Number(register));
  }
  closeSync(writable);
}

/** Takes a CPU away, as the kernel does when it goes offline: whoever holds its file open can read it no more. */
export function takeOffline(roots: MsrRoots, cpu: number, remaining: readonly number[]): void {
  const descriptor = openSync(registerFile(roots, cpu), "r+");
  rmSync(registerFile(roots, cpu));
  ftruncateSync(descriptor, 0);
  closeSync(descriptor);
  setOnline(roots, remaining);
}

/** Reading any register of this CPU fails with EIO: nothing is mapped at the first pages of a process. */
export function failReading(roots: MsrRoots, cpu: number): void {
  rmSync(registerFile(roots, cpu), { force: true });
  mkdirSync(dirname(registerFile(roots, cpu)), { recursive: true });
  symlinkSync("/proc/self/mem", registerFile(roots, cpu));
}
