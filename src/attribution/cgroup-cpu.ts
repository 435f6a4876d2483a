import { CarbonOpsError } from "../errors.ts";
import { type CgroupCpu, cgroupMount, readCgroupCpu } from "../host/cgroup.ts";
import type { HostRoots } from "../host/roots.ts";
import type { CpuMeter, CpuUse } from "./process-cpu.ts";

/**
 * CPU time by control group, each group without those below it, so that no second counts twice. The kernel counts precisely
 * and includes processes that lived and died between two samples. A group that is removed leaves what it did after its
 * last sample to its parent.
 */
export class CgroupCpuMeter implements CpuMeter {
  readonly #mount: string;
  #known: ReadonlyMap<string, CgroupCpu>;

  /** Throws CarbonOpsError HOST_UNREADABLE where no control groups of version 2 are mounted. */
  constructor(roots: Pick<HostRoots, "sys">) {
    const mount = cgroupMount(roots);
    if (mount === null) {
      throw new CarbonOpsError(
        "HOST_UNREADABLE",
        `${roots.sys}/fs/cgroup holds no control groups of version 2; leave out --cgroups to see processes.`,
      );
    }
    this.#mount = mount;
    this.#known = byPath(readCgroupCpu(mount));
  }

  sample(): CpuUse {
    const now = byPath(readCgroupCpu(this.#mount));
    const grown = new Map([...now].map(([path, group]) => [path, growthOf(group, this.#known.get(path))]));
    const cpuSecondsByConsumer = new Map(grown);
    for (const [path, { parentPath }] of now) {
      if (parentPath === null) continue;
      cpuSecondsByConsumer.set(parentPath, (cpuSecondsByConsumer.get(parentPath) ?? 0) - (grown.get(path) ?? 0));
    }
    for (const [path, seconds] of cpuSecondsByConsumer) cpuSecondsByConsumer.set(path, Math.max(0, seconds));
    this.#known = now;
    const names = new Map([...now.keys()].map((path) => [path, { pid: null, name: path }]));
    return { names, cpuSecondsByConsumer, heirs: new Map() };
  }
}

/** A group of the same name that was removed and made anew counts from 0 again. */
function growthOf(group: CgroupCpu, before: CgroupCpu | undefined): number {
  const growth = group.cpuSeconds - (before?.cpuSeconds ?? 0);
  return growth >= 0 ? growth : group.cpuSeconds;
}

function byPath(groups: readonly CgroupCpu[]): Map<string, CgroupCpu> {
  return new Map(groups.map((group) => [group.path, group]));
}
