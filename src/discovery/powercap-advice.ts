import { join } from "node:path";
import type { CpuInfo } from "../host/cpuinfo.ts";
import type { HostRoots } from "../host/roots.ts";
import type { PowercapState } from "./powercap-state.ts";

export interface Advice {
  /** Why it is so, in plain words. */
  readonly why: string;
  /** The shell command that mends it on this host; null where nothing inside this machine can. */
  readonly mend: string | null;
}

/** Why powercap cannot be used, and what mends it. */
export function powercapAdvice(
  state: Exclude<PowercapState, { readonly kind: "usable" }>,
  roots: HostRoots,
  cpu: CpuInfo | null,
): Advice {
  switch (state.kind) {
    case "absent":
      return absentAdvice(roots, cpu);
    case "hidden":
      return {
        why: `The zones in ${join(roots.sys, "class", "powercap")} lead nowhere: this container hides the host's counters. Mount the host's /sys at another place.`,
        mend: "docker run -v /sys:/host/sys:ro -e CARBON_OPS_SYS_ROOT=/host/sys IMAGE carbon-ops doctor",
      };
    case "denied":
      return deniedAdvice(state.files);
    case "not_counting":
      return {
        why: isGuest(cpu)
          ? `The zones are there, but nothing counts in them (${state.why}): the hypervisor keeps the energy counters to itself.`
          : `The zones are there, but nothing counts in them (${state.why}).`,
        mend: null,
      };
  }
}

function absentAdvice(roots: HostRoots, cpu: CpuInfo | null): Advice {
  if (isGuest(cpu)) {
    return {
      why: "This is a virtual machine, and its hypervisor passes no energy counters (RAPL) through. Nothing inside the machine changes that: counters need a bare-metal instance, or a hypervisor that offers virtual ones (QEMU 9.1 with rapl=true).",
      mend: null,
    };
  }
  if (cpu !== null && (cpu.vendor === "arm" || cpu.vendor === "other")) {
    return { why: "This processor has no RAPL counters: Intel's have since 2011, AMD's since 2017.", mend: null };
  }
  return {
    why: `There is no RAPL zone in ${join(roots.sys, "class", "powercap")}: the kernel's driver is not loaded.`,
    mend: "sudo modprobe intel_rapl_msr",
  };
}

/**
 * The counters are for root alone since PLATYPUS (CVE-2020-8694, CVE-2020-12912), which read secrets from them. Giving them to one
 * group is the mildest opening that works at once; it lasts until the next start of the machine.
 */
function deniedAdvice(files: readonly string[]): Advice {
  const quoted = files.map(shellWord).join(" ");
  return {
    why: "The counters are there, but only root may read them. The command gives them to your group until the next reboot; whoever can read them can learn a little about what other programs compute (PLATYPUS), so give them to few.",
    mend: `sudo chgrp "$(id -g)" ${quoted} && sudo chmod g+r ${quoted}`,
  };
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function isGuest(cpu: CpuInfo | null): boolean {
  return cpu?.isGuest === true;
}
