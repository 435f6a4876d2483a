import { type ListedProcess, listProcesses } from "../host/process-list.ts";
import type { HostRoots } from "../host/roots.ts";

/** CPU time of consumers between two samples. */
export interface CpuUse {
  /** What each consumer is called; its keys are those that exist now. */
  readonly names: ReadonlyMap<string, ConsumerName>;
  /** CPU seconds since the last sample, 0 or more. */
  readonly cpuSecondsByConsumer: ReadonlyMap<string, number>;
  /** Of consumers that ended since the last sample, those whose earlier figures another one takes over, and that one. */
  readonly heirs: ReadonlyMap<string, string>;
}

export interface ConsumerName {
  /** Null for a control group. */
  readonly pid: number | null;
  readonly name: string;
}

/** What one sampler of consumers does; the first sample of each is the baseline. */
export interface CpuMeter {
  sample(): CpuUse;
}

const initPid = 1;

/** A process's time, and its account of children, are each the sum of two figures that are cut to 10 ms. */
const resolutionSeconds = 0.02;

/** A process id is used again after its process has ended; id and start together are not. */
function keyOf({ pid, startTicks }: ListedProcess): string {
  return `${pid}@${startTicks}`;
}

/**
 * CPU time by process. A process is charged with its own time and with that of children which ended before any sample saw
 * them: the kernel adds a child's time to its parent's account when the parent waits for it. Of that account, what was
 * already charged to children that were seen while they lived is left out; what they were charged, their parent inherits when
 * they end. Init inherits nothing: it waits for everybody whose parent is gone.
 *
 * A process that nobody waits for, and what a seen orphan did after its last sample, is in no account: it stays unattributed.
 */
export class ProcessCpuMeter implements CpuMeter {
  readonly #roots: Pick<HostRoots, "proc">;
  #known: ReadonlyMap<string, ListedProcess>;
  /**
   * Seconds, by the key of a process, that its account will show of children charged already. A child may be gone while its
   * parent, read a moment earlier, does not show it yet: what is not used up is kept for one more sample.
   */
  #awaited: ReadonlyMap<string, number> = new Map();

  constructor(roots: Pick<HostRoots, "proc">) {
    this.#roots = roots;
    this.#known = byKey(listProcesses(roots));
  }

  sample(): CpuUse {
    const now = byKey(listProcesses(this.#roots));
    const ancestors = this.#livingAncestors(now);
    const charged = this.#chargedChildren(ancestors);
    const stillAwaited = new Map<string, number>();
    const cpuSecondsByConsumer = new Map<string, number>();
    for (const [key, current] of now) {
      const before = this.#known.get(key);
      const ownSeconds = current.ownCpuSeconds - (before?.ownCpuSeconds ?? 0);
      const accountSeconds = current.reapedChildrenCpuSeconds - (before?.reapedChildrenCpuSeconds ?? 0);
      const earlier = this.#awaited.get(key) ?? 0;
      const fresh = charged.get(key) ?? 0;
      const unseenSeconds = Math.max(0, accountSeconds - earlier - fresh);
      // What was awaited since the last sample and still has not come never will: another process waited for that child. Only
      // what the clocks' cutting explains stays: it comes with a later child.
      const left = Math.min(fresh + resolutionSeconds, Math.max(0, earlier + fresh - accountSeconds));
      if (left > 0) stillAwaited.set(key, left);
      cpuSecondsByConsumer.set(key, Math.max(0, ownSeconds) + unseenSeconds);
    }
    const heirs = new Map([...ancestors].filter(([, heir]) => now.get(heir)?.pid !== initPid));
    this.#known = now;
    this.#awaited = stillAwaited;
    const names = new Map([...now].map(([key, { pid, name }]) => [key, { pid, name }]));
    return { names, cpuSecondsByConsumer, heirs };
  }

  /** Seconds charged so far to processes that ended since the last sample, by the nearest ancestor that lives on. */
  #chargedChildren(ancestors: ReadonlyMap<string, string>): Map<string, number> {
    const charged = new Map<string, number>();
    for (const [key, ancestor] of ancestors) {
      const ended = this.#known.get(key);
      if (ended === undefined) continue;
      const seconds = ended.ownCpuSeconds + ended.reapedChildrenCpuSeconds + (this.#awaited.get(key) ?? 0);
      charged.set(ancestor, (charged.get(ancestor) ?? 0) + seconds);
    }
    return charged;
  }

  /** For each process that ended since the last sample, the nearest ancestor that lives on, as both were at that sample. */
  #livingAncestors(now: ReadonlyMap<string, ListedProcess>): Map<string, string> {
    const keyByPid = new Map([...this.#known].map(([key, { pid }]) => [pid, key]));
    const ancestors = new Map<string, string>();
    for (const [key, ended] of this.#known) {
      const ancestor = now.has(key) ? null : this.#livingAncestor(ended, keyByPid, now);
      if (ancestor !== null) ancestors.set(key, ancestor);
    }
    return ancestors;
  }

  #livingAncestor(
    ended: ListedProcess,
    keyByPid: ReadonlyMap<number, string>,
    now: ReadonlyMap<string, ListedProcess>,
  ): string | null {
    let parentPid = ended.parentPid;
    // A chain of parents is no longer than there are processes; one read while it changed could be a circle.
    for (let step = 0; step <= this.#known.size; step += 1) {
      const key = keyByPid.get(parentPid);
      const parent = key === undefined ? undefined : this.#known.get(key);
      if (key === undefined || parent === undefined) return null;
      if (now.has(key)) return key;
      parentPid = parent.parentPid;
    }
    return null;
  }
}

function byKey(processes: readonly ListedProcess[]): Map<string, ListedProcess> {
  return new Map(processes.map((listed) => [keyOf(listed), listed]));
}
