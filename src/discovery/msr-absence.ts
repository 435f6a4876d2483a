import type { CpuInfo } from "../host/cpuinfo.ts";
import type { Finding } from "./finding.ts";
import type { PackageProbe } from "./msr-probe.ts";
import { shellQuoted } from "./shell.ts";

/** Why RAPL registers cannot be used, error by error (kernel arch/x86/kernel/msr.c, msr_open and msr_read). */

function unusable(reason: string, why: string, mend: string | null = null): Finding {
  return { usable: false, reason, why, mend };
}

export function noRegisters(msrRoot: string | undefined, cpu: CpuInfo | null): Finding {
  if (msrRoot === undefined) {
    return unusable(
      "no directory of registers was named",
      "Registers are not looked for, as no directory of them was named.",
    );
  }
  if (cpu === null) {
    return unusable(
      "the processor is unknown",
      "Which registers to read depends on the processor, and /proc/cpuinfo does not name it.",
    );
  }
  return unusable(
    "this processor has no RAPL registers",
    "RAPL registers exist on Intel (family 6 and later), AMD (family 17h and later) and Hygon processors; this is another one.",
  );
}

export function noPlaces(sysRoot: string): Finding {
  const where = `${sysRoot}/devices/system/cpu`;
  return unusable(
    `the packages of the CPUs are unknown (${where})`,
    `Which CPUs belong to which package cannot be read from ${where}; without it a package could be counted once for each CPU.`,
  );
}

export function failedOpening(failed: readonly PackageProbe[], cpu: CpuInfo): Finding {
  const { path, problem } = first(failed);
  const files = failed.map((probe) => shellQuoted(probe.path)).join(" ");
  switch (problem) {
    case "ENOENT":
    case "ENOTDIR":
      return moduleNotLoaded(path, cpu);
    case "EACCES":
      return unusable(
        `only root may open the registers (${path}: EACCES)`,
        `The registers are there, but ${path} is closed to this user (EACCES). Reading it takes two things: permission for the file, and the ` +
          "capability CAP_SYS_RAWIO, which the kernel checks when the file is opened, so that group read alone is not enough. The command " +
          "gives both; the capability then belongs to every program that this node runs, for every user. Milder: " +
          "`sudo modprobe intel_rapl_msr`, and powercap shows the same counters without it.",
        `sudo chgrp "$(id -g)" ${files} && sudo chmod g+r ${files} && ${giveCapability}`,
      );
    case "EPERM":
      return unusable(
        `this process lacks CAP_SYS_RAWIO (${path}: EPERM)`,
        `The file may be read, but the kernel refuses to open it (EPERM): it asks for the capability CAP_SYS_RAWIO in the host's own user ` +
          "namespace, which root inside a rootless container does not have either. The command gives it to every program that this node runs.",
        giveCapability,
      );
    case "ENXIO":
      return unusable(
        `the CPU went offline (${path}: ENXIO)`,
        `${path} belongs to a CPU that is offline (ENXIO), although the list of online CPUs names it; try again.`,
      );
    case "EIO":
      return unusable(
        `the CPU has no model-specific registers (${path}: EIO)`,
        `${path} cannot be opened (EIO): the CPU says that it has no model-specific registers, or the hypervisor hides them.`,
      );
    default:
      return unusable(`the registers cannot be opened (${path}: ${problem})`, `${path} cannot be opened (${problem}).`);
  }
}

const giveCapability = 'sudo setcap cap_sys_rawio=ep "$(readlink -f "$(command -v node)")"';

function moduleNotLoaded(path: string, cpu: CpuInfo): Finding {
  const reason = `the kernel module that shows registers is not loaded (${path} is not there)`;
  if (cpu.isGuest) {
    return unusable(
      reason,
      `${path} is not there (ENOENT). This is a virtual machine: the module could be loaded, but nearly all hypervisors answer 0 or an error ` +
        "for the RAPL registers. Only where the host's owner gave it virtual ones (QEMU: -accel kvm,rapl=on) would `sudo modprobe msr` help.",
    );
  }
  return unusable(
    reason,
    `${path} is not there (ENOENT): the kernel module that shows registers is not loaded, or a container hides it. The command loads it until ` +
      "the next boot (in a container, run it on the host and hand in /dev/cpu).",
    "sudo modprobe msr",
  );
}

export function failedReading(failed: readonly PackageProbe[], cpu: CpuInfo): Finding {
  const { path, problem } = first(failed);
  const cause = cpu.isGuest
    ? "the hypervisor offers no RAPL"
    : "this processor has its counters elsewhere (Granite Rapids and Sierra Forest: TPMI), where powercap finds them";
  return unusable(
    `reading the RAPL registers fails (${path}: ${problem})`,
    problem === "EIO"
      ? `${path} opens, but has no RAPL register (EIO): ${cause}. Nothing inside this machine mends that.`
      : `${path} opens, but reading its RAPL registers fails (${problem}).`,
  );
}

export function zeroUnit(cpu: CpuInfo): Finding {
  const cause = cpu.isGuest
    ? "the hypervisor answers for registers that this virtual machine does not have"
    : "a hypervisor or the firmware answers in their place";
  return unusable(
    "the RAPL unit register reads 0: there is no RAPL",
    `The registers can be read, but the RAPL unit register is 0: ${cause}. Taken literally it would make every count 1 J. There is no RAPL ` +
      "here, and nothing inside this machine mends that.",
  );
}

export function silentRegisters(probes: readonly PackageProbe[], cpu: CpuInfo): Finding {
  const values = probes.map(({ name, count }) => `${name} stays at ${count}`).join(", ");
  const cause = cpu.isGuest
    ? "the hypervisor answers in place of the hardware"
    : "firmware or a hypervisor has switched them off";
  return unusable(
    `the RAPL registers do not count (${values})`,
    `The registers are there, but do not count (${values}): ${cause}.`,
  );
}

function first(failed: readonly PackageProbe[]): { readonly path: string; readonly problem: string } {
  const [probe] = failed;
  return { path: probe?.path ?? "", problem: probe?.failure?.problem ?? "" };
}
