import { readDescendants, readProcessStat } from "../host/process.ts";
import type { HostRoots } from "../host/roots.ts";

/** Looks at all processes so often; each finds what was started before those that were found have stopped. */
const looks = 20;

export interface ProcessesToEnd {
  /** Where the pids are those of this process: not the host's files in a container. */
  readonly roots: Pick<HostRoots, "proc">;
  /** Throws where there is no such process any more. */
  sendSignal(pid: number, signal: NodeJS.Signals): void;
}

/**
 * Ends everything that this process has started and that still belongs to it, whatever it ignores. They are stopped first, so that none of
 * them starts another meanwhile. Throws HOST_UNREADABLE.
 */
export function endDescendants(place: ProcessesToEnd): void {
  const { roots } = place;
  const self = readProcessStat(roots, "self");
  if (self === null) return;
  const found = new Set<number>();
  const send = (pid: number, signal: NodeJS.Signals): void => {
    try {
      place.sendSignal(pid, signal);
    } catch {
      // It has ended by itself.
    }
  };
  for (let look = 0; look < looks; look += 1) {
    const fresh = readDescendants(roots, self.pid).filter(({ pid }) => !found.has(pid));
    if (fresh.length === 0) break;
    for (const { pid } of fresh) {
      found.add(pid);
      send(pid, "SIGSTOP");
    }
  }
  for (const pid of found) send(pid, "SIGKILL");
}
