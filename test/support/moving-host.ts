import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { HostRoots } from "../../src/host/roots.ts";
import { energyFile, kernelTree, packageZone, writeKernelFile, writePowercap, writeProc } from "./kernel-tree.ts";

const cpuCount = 4;

/** A number at constant length, as files that are written over in place need it. */
export function digits(value: number): string {
  return String(Math.round(value)).padStart(12, "0");
}

/**
 * Keeps a kernel file moving until the test ends. It is written over in place, at constant length, as the kernel never shows an
 * empty one.
 */
export function keepMoving(path: string, text: (seconds: number) => string): void {
  const startNs = process.hrtime.bigint();
  writeKernelFile(path, text(0));
  const descriptor = openSync(path, "r+");
  const timer = setInterval(() => {
    writeSync(descriptor, text(Number(process.hrtime.bigint() - startNs) / 1e9), 0);
  }, 5);
  onTestFinished(() => {
    clearInterval(timer);
    closeSync(descriptor);
  });
}

/** A physical host named "quiet" with one package at constant power, whose CPUs are busy for the given part of the time. */
export function movingHost(watts: number, busyRatio: number): HostRoots {
  const roots = kernelTree();
  writeProc(roots, { hostname: "quiet", cpuCount });
  writePowercap(roots, [packageZone(0)]);
  keepMoving(energyFile(roots, "intel-rapl:0"), (seconds) => `${digits(1e6 + watts * seconds * 1e6)}\n`);
  keepMoving(join(roots.proc, "stat"), (seconds) => cpuLines(digits(seconds * 100 * cpuCount * busyRatio)));
  return roots;
}

/** As a program finds this host. */
export function environmentOf(roots: HostRoots): Readonly<Record<string, string>> {
  return { CARBON_OPS_SYS_ROOT: roots.sys, CARBON_OPS_PROC_ROOT: roots.proc };
}

function cpuLines(userTicks: string): string {
  const cpus = Array.from({ length: cpuCount }, (_, cpu) => `cpu${cpu} 0 0 0 0 0 0 0 0 0 0\n`).join("");
  return `cpu  ${userTicks} 0 0 0 0 0 0 0 0 0\n${cpus}`;
}
