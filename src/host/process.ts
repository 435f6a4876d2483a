import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../errors.ts";
import { secondsFromTicks } from "./clock-tick.ts";
import { readKernelFile, unexpectedContent, unreadable } from "./kernel-file.ts";
import { bytesOfField } from "./memory.ts";
import { listKernelDirectory, parseCount, readOptionalKernelFile } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

type ProcRoot = Pick<HostRoots, "proc">;

export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** Start time in clock ticks since boot: pid and start together name one process, a pid alone may be used again. */
  readonly startTicks: number;
  /** CPU seconds of all its threads, ended ones too; resolution 10 ms. */
  readonly ownCpuSeconds: number;
  /** CPU seconds of children that have ended and been waited for, with their own such children. */
  readonly reapedChildrenCpuSeconds: number;
  /** Resident memory; 0 for a zombie or a kernel thread. Pages shared with others count in full. */
  readonly residentBytes: number;
  /** One letter of proc(5): R running, S sleeping, Z zombie, … */
  readonly state: string;
  readonly processGroup: number;
  /** Process group in the foreground of its terminal; -1 without a terminal. */
  readonly foregroundProcessGroup: number;
}

/**
 * One process, or null when it is gone. Throws HOST_UNREADABLE when it is there but may not be read, or is malformed.
 *
 * Resident memory is VmRSS of /proc/PID/status: in bytes whatever the page size is (16 and 64 KiB exist on ARM), and not
 * rounded down by per-CPU counters as the rss field of /proc/PID/stat is on large hosts (proc(5)).
 */
export function readProcessStat(roots: ProcRoot, pid: number | "self"): ProcessStat | null {
  const line = readUnlessGone(join(roots.proc, String(pid), "stat"));
  if (line === null) return null;
  return withMemory(roots, parseOrThrow(line, join(roots.proc, String(pid), "stat")));
}

/**
 * All live descendants of a process: children, their children and so on, zombies included (their CPU time reaches the parent
 * only when it waits for them). A process whose parent has ended belongs to the nearest subreaper or to init, and is not found.
 *
 * Costs as much as the tree is large where the kernel has /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN), else a scan of
 * all processes. A child that starts or ends during the call may be missed; the next call sees it.
 */
export function readDescendants(roots: ProcRoot, pid: number): ProcessStat[] {
  const hasChildrenFiles =
    readOptionalKernelFile(join(roots.proc, String(pid), "task", String(pid), "children")) !== null;
  const childrenOf = hasChildrenFiles ? childrenByFile(roots) : childrenByScan(roots);
  const found = new Map<number, ProcessStat>();
  const pending = [pid];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for (const child of childrenOf(parent)) {
      if (child.pid === pid || found.has(child.pid)) continue;
      const stat = withMemory(roots, child);
      if (stat === null) continue;
      found.set(stat.pid, stat);
      pending.push(stat.pid);
    }
  }
  return [...found.values()];
}

/** Whether this process's group is in the foreground of its terminal, and so receives its key presses. False without one. */
export function isForegroundProcessGroup(roots: ProcRoot): boolean {
  const path = join(roots.proc, "self", "stat");
  const { processGroup, foregroundProcessGroup } = parseOrThrow(readKernelFile(path), path);
  return processGroup === foregroundProcessGroup;
}

type StatLine = Omit<ProcessStat, "residentBytes">;

/**
 * Fields of /proc/PID/stat (proc(5)). The command name is in parentheses and may hold spaces and parentheses itself, so the
 * fields are counted from behind the last ")".
 */
export function parseProcessStat(line: string): StatLine | null {
  const nameEnd = line.lastIndexOf(")");
  const pid = parseCount(line.slice(0, Math.max(0, line.indexOf(" ("))));
  const fields = line.slice(nameEnd + 2).split(/\s+/);
  const state = fields[0] ?? "";
  const [parentPid, processGroup, , , foregroundProcessGroup] = fields.slice(1).map(parseInteger);
  const [userTicks, systemTicks, childUserTicks, childSystemTicks] = fields.slice(11).map(parseInteger);
  const startTicks = parseInteger(fields[19] ?? "");
  if (nameEnd < 0 || pid === null || !/^[A-Za-z]$/.test(state)) return null;
  if (parentPid == null || processGroup == null || foregroundProcessGroup == null || startTicks === null) return null;
  if (userTicks == null || systemTicks == null || childUserTicks == null || childSystemTicks == null) return null;
  return {
    pid,
    parentPid,
    startTicks,
    ownCpuSeconds: secondsFromTicks(userTicks + systemTicks),
    reapedChildrenCpuSeconds: secondsFromTicks(childUserTicks + childSystemTicks),
    state,
    processGroup,
    foregroundProcessGroup,
  };
}

function parseInteger(text: string): number | null {
  if (!text.startsWith("-")) return parseCount(text);
  const size = parseCount(text.slice(1));
  return size === null ? null : -size;
}

function parseOrThrow(line: string, path: string): StatLine {
  const stat = parseProcessStat(line);
  if (stat === null) throw unexpectedContent(path, "the process status that proc(5) describes");
  return stat;
}

function withMemory(roots: ProcRoot, stat: StatLine): ProcessStat | null {
  const status = readUnlessGone(join(roots.proc, String(stat.pid), "status"));
  return status === null ? null : { ...stat, residentBytes: bytesOfField(status, "VmRSS") ?? 0 };
}

type ChildrenOf = (pid: number) => StatLine[];

function childrenByFile(roots: ProcRoot): ChildrenOf {
  return (pid) => {
    const taskDirectory = join(roots.proc, String(pid), "task");
    const childPids = listKernelDirectory(taskDirectory).flatMap((thread) => {
      const children = readOptionalKernelFile(join(taskDirectory, thread, "children")) ?? "";
      return children.split(" ").filter((child) => parseCount(child) !== null);
    });
    return childPids.flatMap((child) => statOrNothing(roots, child));
  };
}

function childrenByScan(roots: ProcRoot): ChildrenOf {
  const visible = listKernelDirectory(roots.proc)
    .filter((name) => parseCount(name) !== null)
    .flatMap((name) => statOrNothing(roots, name));
  return (pid) => visible.filter(({ parentPid }) => parentPid === pid);
}

/** A process that ended meanwhile, or that this user may not see (hidepid), is left out. */
function statOrNothing(roots: ProcRoot, pid: string): StatLine[] {
  const line = readOptionalKernelFile(join(roots.proc, pid, "stat"));
  const stat = line === null ? null : parseProcessStat(line);
  return stat === null ? [] : [stat];
}

/** Null when the process is gone: ENOENT before the file is opened, ESRCH while it is read. */
function readUnlessGone(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw unreadable(path, error);
  }
}
