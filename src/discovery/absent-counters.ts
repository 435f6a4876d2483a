import { readdirSync } from "node:fs";
import { messageOf, systemErrorCode } from "../errors.ts";
import type { CpuInfo } from "../host/cpuinfo.ts";
import type { Finding } from "./finding.ts";

/** Why no RAPL package zone is to be seen, and what would bring one. */
export function absentCounters(powercapRoot: string, cpu: CpuInfo | null): Finding {
  if (cpu?.isGuest === true) return guestWithoutCounters;
  const listing = listingOf(powercapRoot);
  if (listing.problem !== null) return notListable(listing.problem);
  if (listing.names.some((name) => name.startsWith("intel-rapl:"))) return hiddenByContainer;
  const hasRapl = cpu?.vendor === "intel" || cpu?.vendor === "amd" || cpu?.vendor === "hygon";
  return hasRapl ? moduleNotLoaded(powercapRoot) : noSuchCounters;
}

const guestWithoutCounters: Finding = {
  usable: false,
  reason: "this virtual machine is offered no energy counters",
  why:
    "This is a virtual machine without energy counters. It sees its own CPU time and what the hypervisor took from it; the " +
    "host's counters, its other guests, and which of its CPUs share a core stay hidden. Nothing inside it mends that: only " +
    "the host's owner can offer a counter (QEMU: -accel kvm,rapl=on), or a bare-metal machine has its own.",
  mend: null,
};

const hiddenByContainer: Finding = {
  usable: false,
  reason: "a container hides the energy counters",
  why:
    "The kernel has RAPL zones, but what they link to is hidden, as container runtimes do by default. Nothing inside the " +
    "container mends that: start it with --security-opt systempaths=unconfined, or mount the host's sysfs at another path " +
    "and name it in CARBON_OPS_SYS_ROOT.",
  mend: null,
};

const noSuchCounters: Finding = {
  usable: false,
  reason: "this processor has no RAPL counters",
  why: "RAPL energy counters exist on Intel, AMD and Hygon processors; this is another one.",
  mend: null,
};

function moduleNotLoaded(powercapRoot: string): Finding {
  return {
    usable: false,
    reason: `the kernel module that reads RAPL is not loaded (${powercapRoot} has no zone of it)`,
    why:
      `The kernel module that reads RAPL is not loaded: ${powercapRoot} has no zone of it. The command loads it until the next ` +
      "boot (in a container, run it on the host); AMD processors need Linux 5.11 or later.",
    mend: "sudo modprobe intel_rapl_msr",
  };
}

function notListable(problem: string): Finding {
  return {
    usable: false,
    reason: `the energy zones cannot be listed (${problem})`,
    why: `The energy zones cannot be listed (${problem}).`,
    mend: null,
  };
}

interface Listing {
  readonly names: readonly string[];
  /** Null when it could be listed, or is not there. */
  readonly problem: string | null;
}

function listingOf(directory: string): Listing {
  try {
    return { names: readdirSync(directory), problem: null };
  } catch (error) {
    return { names: [], problem: systemErrorCode(error) === "ENOENT" ? null : messageOf(error) };
  }
}
