import { CarbonOpsError } from "../errors.ts";
import { type ProcessStat, readDescendants, readProcessStat } from "../host/process.ts";
import type { HostRoots } from "../host/roots.ts";

interface TrackedProcess {
  readonly stat: ProcessStat;
  /** Its parent is no longer one of ours: nobody of ours will ever be credited with its time when it ends. */
  readonly orphaned: boolean;
}

interface ProcessSnapshot {
  readonly self: ProcessStat;
  readonly seen: Map<number, TrackedProcess>;
}

/** Where processes end all the time, the last of so many snapshots has to do. */
const snapshotAttempts = 3;

/**
 * CPU time and memory of everything that this process has started since construction: children, grandchildren, processes
 * that lived for milliseconds, and orphans that outlived their parent.
 *
 * When a parent waits for a child, the kernel moves the child's time to the parent's "reaped children" account, exactly, so
 * a process that no sample ever saw is counted there. The sum is therefore, without double counting,
 *
 *     reaped(self) + sum over live descendants of (own + reaped) + departed
 *
 * where `departed` is the last time seen of processes that ended without being waited for by one of ours (orphans, parents
 * that ignore SIGCHLD). What such a process did after its last sample is lost; the sum never decreases.
 */
export class TaskProcesses {
  readonly #roots: HostRoots;
  readonly #baselineReapedSeconds: number;
  #reapedSeconds: number;
  #tracked = new Map<number, TrackedProcess>();
  #departedSeconds = 0;
  #cpuSeconds = 0;
  #peakResidentBytes: number | null = null;

  /** Throws CarbonOpsError HOST_UNREADABLE when this process cannot be found under `roots.proc`. */
  constructor(roots: HostRoots) {
    this.#roots = roots;
    this.#baselineReapedSeconds = readSelf(roots).reapedChildrenCpuSeconds;
    this.#reapedSeconds = this.#baselineReapedSeconds;
  }

  /** Largest sum of resident memory at any sample; null while no process was seen. Shared pages count once per process. */
  get peakResidentBytes(): number | null {
    return this.#peakResidentBytes;
  }

  /** Processes that were alive, and not zombies, at the last sample. */
  get aliveCount(): number {
    return [...this.#tracked.values()].filter(({ stat }) => stat.state !== "Z").length;
  }

  /** Processes at the last sample, zombies included. */
  get pids(): readonly number[] {
    return [...this.#tracked.keys()];
  }

  /** CPU seconds so far. Throws CarbonOpsError HOST_UNREADABLE when this process cannot be read. */
  sample(): number {
    const { self, seen } = this.#readAll();
    this.#departedSeconds += this.#secondsLost(seen, self.reapedChildrenCpuSeconds - this.#reapedSeconds);
    this.#tracked = seen;
    this.#reapedSeconds = self.reapedChildrenCpuSeconds;

    let residentBytes = 0;
    let liveSeconds = 0;
    for (const { stat } of seen.values()) {
      residentBytes += stat.residentBytes;
      liveSeconds += secondsOf(stat);
    }
    if (seen.size > 0) this.#peakResidentBytes = Math.max(this.#peakResidentBytes ?? 0, residentBytes);
    const total = this.#reapedSeconds - this.#baselineReapedSeconds + liveSeconds + this.#departedSeconds;
    this.#cpuSeconds = Math.max(this.#cpuSeconds, total);
    return this.#cpuSeconds;
  }

  /**
   * Processes do not stand still while they are read: one that ends between the readings of its parent and of itself is in
   * neither. So when one is gone, all are read again, and its parent then says whether it waited for it.
   */
  #readAll(): ProcessSnapshot {
    let known: ReadonlyMap<number, TrackedProcess> = this.#tracked;
    for (let attempt = 1; ; attempt += 1) {
      const snapshot = this.#readOnce(known);
      const isAnyGone = [...known.values()].some(({ stat }) => !isSameProcess(stat, snapshot.seen.get(stat.pid)?.stat));
      if (!isAnyGone || attempt === snapshotAttempts) return snapshot;
      known = snapshot.seen;
    }
  }

  #readOnce(known: ReadonlyMap<number, TrackedProcess>): ProcessSnapshot {
    const self = readSelf(this.#roots);
    const seen = new Map<number, TrackedProcess>();
    for (const stat of readDescendants(this.#roots, self.pid)) seen.set(stat.pid, { stat, orphaned: false });
    for (const [pid, { stat: earlier }] of known) {
      if (seen.has(pid)) continue;
      const stat = readProcessStat(this.#roots, pid);
      if (stat === null || !isSameProcess(earlier, stat)) continue;
      seen.set(pid, { stat, orphaned: stat.parentPid !== self.pid && !seen.has(stat.parentPid) });
      for (const child of readDescendants(this.#roots, pid)) seen.set(child.pid, { stat: child, orphaned: false });
    }
    return { self, seen };
  }

  /** CPU seconds of processes that ended since the last sample and were credited to nobody of ours. */
  #secondsLost(seen: ReadonlyMap<number, TrackedProcess>, growthOfSelf: number): number {
    let orphanSeconds = 0;
    let endedSeconds = 0;
    let creditedSeconds = growthOfSelf;
    for (const [pid, known] of this.#tracked) {
      const now = seen.get(pid);
      if (now !== undefined && isSameProcess(known.stat, now.stat)) {
        creditedSeconds += now.stat.reapedChildrenCpuSeconds - known.stat.reapedChildrenCpuSeconds;
      } else if (known.orphaned) orphanSeconds += secondsOf(known.stat);
      else endedSeconds += secondsOf(known.stat);
    }
    return orphanSeconds + Math.max(0, endedSeconds - creditedSeconds);
  }
}

function readSelf(roots: HostRoots): ProcessStat {
  const self = readProcessStat(roots, "self");
  if (self !== null) return self;
  throw new CarbonOpsError("HOST_UNREADABLE", `${roots.proc}/self does not exist; mount /proc to measure processes.`);
}

/** A process id is used again after its process has ended; id and start together are not. */
function isSameProcess(earlier: ProcessStat, later: ProcessStat | undefined): boolean {
  return earlier.pid === later?.pid && earlier.startTicks === later.startTicks;
}

function secondsOf(stat: ProcessStat): number {
  return stat.ownCpuSeconds + stat.reapedChildrenCpuSeconds;
}
