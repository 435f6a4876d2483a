import { readdirSync } from "node:fs";
import { systemErrorCode } from "../errors.ts";
import type { CpuInfo } from "../host/cpuinfo.ts";

interface Absence {
  readonly why: string;
  readonly mend: string | null;
}

/** Why no RAPL package zone is to be seen, and what would bring one. */
export function absentCounters(powercapRoot: string, cpu: CpuInfo | null): Absence {
  if (cpu?.isGuest === true) {
    return {
      why:
        "This is a virtual machine without energy counters. It sees its own CPU time, and what the hypervisor took from it; the " +
        "host's counters, its other guests and which of its CPUs share a core stay hidden. Nothing inside it mends that: only " +
        "the host's owner can offer a counter (QEMU: -accel kvm,rapl=on), or you can rent a bare-metal machine.",
      mend: null,
    };
  }
  const entries = entriesOf(powercapRoot);
  if (entries === "forbidden") {
    return { why: `${powercapRoot} may not be listed by this user.`, mend: null };
  }
  if (entries.some((name) => name.startsWith("intel-rapl:"))) {
    return {
      why:
        "The kernel has RAPL zones, but what they link to is hidden, as container runtimes do by default. Nothing inside the " +
        "container mends that: start it with --security-opt systempaths=unconfined, or mount the host's sysfs at another " +
        "path and name it in CARBON_OPS_SYS_ROOT.",
      mend: null,
    };
  }
  if (cpu?.vendor === "intel" || cpu?.vendor === "amd" || cpu?.vendor === "hygon") {
    return {
      why: `The kernel module that reads RAPL is not loaded: ${powercapRoot} has no zone of it.`,
      mend: "sudo modprobe intel_rapl_msr",
    };
  }
  return { why: "Processors of this kind have no RAPL counters.", mend: null };
}

function entriesOf(directory: string): readonly string[] | "forbidden" {
  try {
    return readdirSync(directory);
  } catch (error) {
    return systemErrorCode(error) === "EACCES" ? "forbidden" : [];
  }
}
