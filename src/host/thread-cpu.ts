import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { listKernelDirectory, parseCount } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

type ProcRoot = Pick<HostRoots, "proc">;

/** The CPU time of one thread, read again and again through a file that stays open. */
export interface ThreadCpuClock {
  /**
   * CPU seconds since the thread started; null once it has ended. The kernel brings the figure of a thread that runs up to date
   * at its scheduler's tick (4 ms at 250 Hz); that of the calling thread whenever its process's CPU time is asked for, so ask for that
   * first (getrusage(2), kernel kernel/sched/cputime.c, thread_group_cputime).
   */
  seconds(): number | null;
  close(): void;
}

/** Of the thread that calls; null where the kernel keeps no such statistics (CONFIG_SCHED_INFO). */
export function ownThreadCpuClock(roots: ProcRoot): ThreadCpuClock | null {
  return openClock(join(roots.proc, "thread-self", "schedstat"));
}

/** Of another thread of this process, by its kernel id; null where it is gone. */
export function threadCpuClock(roots: ProcRoot, threadId: number): ThreadCpuClock | null {
  return openClock(join(roots.proc, "self", "task", String(threadId), "schedstat"));
}

/** The kernel id of this process's youngest thread: the kernel lists threads in the order in which they started. */
export function youngestThreadId(roots: ProcRoot): number | null {
  return parseCount(listKernelDirectory(join(roots.proc, "self", "task")).at(-1) ?? "");
}

/** The first field of schedstat is the time on the CPU in nanoseconds (kernel Documentation/scheduler/sched-stats.rst). */
function openClock(path: string): ThreadCpuClock | null {
  const buffer = Buffer.alloc(96);
  try {
    if (parseCount(readFileSync(path, "latin1").split(" ")[0] ?? "") === null) return null;
    const descriptor = openSync(path, "r");
    let isOpen = true;
    return {
      seconds: () => {
        if (!isOpen) return null;
        try {
          const length = readSync(descriptor, buffer, 0, buffer.length, 0);
          const nanoseconds = parseCount(buffer.toString("latin1", 0, length).split(" ", 1)[0] ?? "");
          return nanoseconds === null ? null : nanoseconds / 1e9;
        } catch {
          return null;
        }
      },
      close: () => {
        if (isOpen) closeSync(descriptor);
        isOpen = false;
      },
    };
  } catch {
    return null;
  }
}
