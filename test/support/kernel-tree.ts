import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { HostRoots } from "../../src/host/roots.ts";

/** An empty pair of /proc and /sys, readable by every user, removed when the test ends. */
export function kernelTree(): HostRoots {
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops kernel "));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  const roots = { proc: join(directory, "proc"), sys: join(directory, "sys") };
  mkdirSync(roots.proc);
  mkdirSync(roots.sys);
  return roots;
}

/** Writes a file of the tree with the directories above it. */
export function writeKernelFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Largest values of real counters: 61 µJ a count (most Intel), 15 µJ (AMD, old Intel), 15.3 µJ (memory of Intel servers). */
export const intelRange = 262_143_328_850n;
export const amdRange = 65_532_610_987n;
const intelMemoryRange = 65_712_999_613n;

export interface Zone {
  readonly name: string;
  readonly microjoules: bigint;
  /** Text of max_energy_range_uj; null: no such file. */
  readonly range: bigint | null;
  readonly children?: readonly Zone[];
}

/** "package-0" with an Intel counter that shows 1 J. */
export function packageZone(number: number, children: readonly Zone[] = []): Zone {
  return { name: `package-${number}`, microjoules: 1_000_000n, range: intelRange, children };
}

export function memoryZone(): Zone {
  return { name: "dram", microjoules: 1_000_000n, range: intelMemoryRange };
}

/**
 * A powercap tree as the kernel builds it: zones nested below /sys/devices/virtual/powercap, named parent:index in hexadecimal,
 * and /sys/class/powercap with one link to each, flat. Every zone links back to the class.
 */
export function writePowercap(roots: HostRoots, zones: readonly Zone[], controlType = "intel-rapl"): void {
  const controlDirectory = join(roots.sys, "devices", "virtual", "powercap", controlType);
  linkIntoClass(roots, controlType, controlDirectory);
  writeZones(roots, controlDirectory, controlType, zones);
}

function writeZones(roots: HostRoots, parentDirectory: string, parentName: string, zones: readonly Zone[]): void {
  for (const [index, zone] of zones.entries()) {
    const zoneName = `${parentName}:${index.toString(16)}`;
    const directory = join(parentDirectory, zoneName);
    linkIntoClass(roots, zoneName, directory);
    writeKernelFile(join(directory, "name"), `${zone.name}\n`);
    writeKernelFile(join(directory, "energy_uj"), `${zone.microjoules}\n`);
    if (zone.range !== null) writeKernelFile(join(directory, "max_energy_range_uj"), `${zone.range}\n`);
    symlinkSync(join(roots.sys, "class", "powercap"), join(directory, "subsystem"));
    writeZones(roots, directory, zoneName, zone.children ?? []);
  }
}

function linkIntoClass(roots: HostRoots, name: string, directory: string): void {
  const classDirectory = join(roots.sys, "class", "powercap");
  mkdirSync(classDirectory, { recursive: true });
  mkdirSync(directory, { recursive: true });
  symlinkSync(directory, join(classDirectory, name));
}

/** The energy_uj of a zone, by its name in the class directory: "intel-rapl:0:1". */
export function energyFile(roots: HostRoots, zoneName: string): string {
  return join(roots.sys, "class", "powercap", zoneName, "energy_uj");
}

/** Sets a counter as the kernel would: readers that hold the file open see the new value. */
export function setMicrojoules(roots: HostRoots, zoneName: string, microjoules: bigint): void {
  writeFileSync(energyFile(roots, zoneName), `${microjoules}\n`);
}

/** Puts another file in the counter's place: readers that hold the old one open do not see it. */
export function replaceCounter(roots: HostRoots, zoneName: string, microjoules: bigint): void {
  const path = energyFile(roots, zoneName);
  writeFileSync(`${path}.new`, `${microjoules}\n`);
  renameSync(`${path}.new`, path);
}

export interface ProcContents {
  readonly vendorId?: string;
  readonly family?: number;
  readonly model?: number;
  readonly stepping?: number;
  readonly modelName?: string;
  readonly isGuest?: boolean;
  readonly cpuCount?: number;
  readonly memoryKibibytes?: number;
  readonly hostname?: string;
}

/** A minimal /proc: cpuinfo, stat, meminfo and the host's name; by default a physical Ice Lake server with 4 CPUs and 16 GiB. */
export function writeProc(roots: HostRoots, contents: ProcContents = {}): void {
  const cpuCount = contents.cpuCount ?? 4;
  writeKernelFile(join(roots.proc, "cpuinfo"), cpuInfoText(contents, cpuCount));
  writeKernelFile(join(roots.proc, "meminfo"), memoryText(contents.memoryKibibytes ?? 16 * 1024 * 1024));
  writeKernelFile(join(roots.proc, "sys", "kernel", "hostname"), `${contents.hostname ?? "example"}\n`);
  setCpuTicks(roots, { user: 0 }, cpuCount);
}

function memoryText(kibibytes: number): string {
  return `MemTotal:       ${kibibytes} kB\nMemFree:        1000 kB\nMemAvailable:   ${Math.floor(kibibytes / 2)} kB\n`;
}

function cpuInfoText(contents: ProcContents, cpuCount: number): string {
  const fields = [
    `vendor_id\t: ${contents.vendorId ?? "GenuineIntel"}`,
    `cpu family\t: ${contents.family ?? 6}`,
    `model\t\t: ${contents.model ?? 106}`,
    `model name\t: ${contents.modelName ?? "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz"}`,
    `stepping\t: ${contents.stepping ?? 6}`,
    `flags\t\t: fpu vme${contents.isGuest === true ? " hypervisor" : ""} sse2`,
  ];
  return Array.from({ length: cpuCount }, (_, cpu) => `processor\t: ${cpu}\n${fields.join("\n")}\n\n`).join("");
}

export interface CpuTicks {
  readonly user: number;
  readonly system?: number;
  readonly idle?: number;
  readonly steal?: number;
}

/** Rewrites /proc/stat with CPU times in ticks of 10 ms. */
export function setCpuTicks(roots: HostRoots, ticks: CpuTicks, cpuCount = 4): void {
  const { user, system = 0, idle = 0, steal = 0 } = ticks;
  const total = `cpu  ${user} 0 ${system} ${idle} 0 0 0 ${steal} 0 0\n`;
  const cpus = Array.from({ length: cpuCount }, (_, cpu) => `cpu${cpu} 0 0 0 0 0 0 0 0 0 0\n`).join("");
  writeKernelFile(join(roots.proc, "stat"), `${total}${cpus}intr 0\n`);
}
