import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseCount, readOptionalKernelFile } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

/**
 * The directory where control groups of version 2 are mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified where the host still
 * mounts version 1 beside it (systemd's "hybrid" layout). Null where there is neither. Only a mount of version 2 has
 * cgroup.controllers at its root (kernel Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files").
 */
export function cgroupMount(roots: Pick<HostRoots, "sys">): string | null {
  const mount = join(roots.sys, "fs", "cgroup");
  const candidates = [mount, join(mount, "unified")];
  return candidates.find((directory) => existsSync(join(directory, "cgroup.controllers"))) ?? null;
}

export interface CgroupCpu {
  /** Path below the mount: "/", "/system.slice/nginx.service". */
  readonly path: string;
  /** Null for the root. */
  readonly parentPath: string | null;
  /** CPU seconds of all that ever ran in it and below it, ended processes included; resolution 1 µs. */
  readonly cpuSeconds: number;
}

/** Groups that are read at most; a host with more has the rest in their parents, whose figures include them. */
const largestCgroupCount = 4096;

/**
 * CPU time of every group, parents before children. `usage_usec` of cpu.stat is there without the cpu controller too (kernel
 * Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files"). A group that goes away meanwhile is left out.
 *
 * The root's figure held the time stolen by the hypervisor before kernel commit db5fd3cf8bf4 (2025).
 */
export function readCgroupCpu(mount: string): CgroupCpu[] {
  const found: CgroupCpu[] = [];
  const pending: { readonly path: string; readonly parentPath: string | null }[] = [{ path: "/", parentPath: null }];
  for (let next = pending.shift(); next !== undefined && found.length < largestCgroupCount; next = pending.shift()) {
    const directory = join(mount, next.path);
    const cpuSeconds = usageSeconds(directory);
    if (cpuSeconds === null) continue;
    found.push({ ...next, cpuSeconds });
    for (const name of directoriesIn(directory)) pending.push({ path: join(next.path, name), parentPath: next.path });
  }
  return found;
}

function usageSeconds(directory: string): number | null {
  const text = readOptionalKernelFile(join(directory, "cpu.stat"));
  const usage = text === null ? undefined : /^usage_usec (\d+)$/m.exec(text)?.[1];
  const microseconds = usage === undefined ? null : parseCount(usage);
  return microseconds === null ? null : microseconds / 1e6;
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
