import type { Clock } from "../clock.ts";
import { openMsr } from "../energy/msr.ts";
import { msrPath } from "../energy/msr-file.ts";
import { cpusOfPlace, packagePlaces, placeName } from "../energy/msr-package.ts";
import { type MsrLayout, msrLayoutOf } from "../energy/msr-registers.ts";
import type { EnergySource } from "../energy/source.ts";
import { CarbonOpsError } from "../errors.ts";
import { type CpuInfo, readCpuInfo } from "../host/cpuinfo.ts";
import { readHostname } from "../host/hostname.ts";
import { readOnlineCpus } from "../host/online-cpus.ts";
import type { HostRoots } from "../host/roots.ts";
import type { Finding } from "./finding.ts";
import { failedOpening, failedReading, noPlaces, noRegisters, silentRegisters, zeroUnit } from "./msr-absence.ts";
import { areSilent, type PackageProbe, probePackage } from "./msr-probe.ts";

export interface MsrFinding extends Finding {
  /** Opens the source. Throws ENERGY_READ_FAILED when no register can be read. */
  open(): EnergySource;
}

/** Whether RAPL registers are there, readable and alive. Waits up to 10 ms, and only where every package's counter looks dead. */
export function examineMsr(request: { readonly roots: HostRoots; readonly clock: Clock }): MsrFinding {
  const { roots, clock } = request;
  const cpu = cpuInfoOrNull(roots);
  const layout = cpu === null ? null : msrLayoutOf(cpu);
  const msrRoot = roots.msr;
  if (msrRoot === undefined || cpu === null || layout === null) return { ...noRegisters(msrRoot, cpu), open: notThere };
  return {
    ...findingOf(roots, msrRoot, cpu, layout),
    open: () => openMsr({ msrRoot, sysRoot: roots.sys, clock, cpu, hostname: readHostname(roots) }),
  };
}

function notThere(): never {
  throw new CarbonOpsError(
    "ENERGY_READ_FAILED",
    "There are no RAPL registers to open; run `carbon-ops doctor` to see why.",
  );
}

function cpuInfoOrNull(roots: HostRoots): CpuInfo | null {
  try {
    return readCpuInfo(roots);
  } catch {
    return null;
  }
}

function findingOf(roots: HostRoots, msrRoot: string, cpu: CpuInfo, layout: MsrLayout): Finding {
  const cpus = readOnlineCpus(roots);
  const probes = packagePlaces(cpus, layout.perDie).map((place) =>
    probePackage(placeName(place), msrPath(msrRoot, cpusOfPlace(cpus, place)[0] ?? 0), layout),
  );
  if (probes.length === 0) return noPlaces(roots.sys);
  const readable = probes.filter(({ failure }) => failure === null);
  const failed = probes.filter(({ failure }) => failure !== null);
  if (readable.length === 0) {
    return failed.some(({ failure }) => failure?.step === "open")
      ? failedOpening(failed, cpu)
      : failedReading(failed, cpu);
  }
  if (readable.every(({ unit }) => unit === 0n)) return zeroUnit(cpu);
  if (areSilent(readable, layout)) return silentRegisters(readable, cpu);
  return aliveRegisters(readable, failed, cpu);
}

function aliveRegisters(readable: readonly PackageProbe[], failed: readonly PackageProbe[], cpu: CpuInfo): Finding {
  const names = readable.map(({ name }) => name).join(", ");
  const kind = cpu.isGuest
    ? "A virtualised counter: the hypervisor computes it, so it is an estimate and no measurement"
    : "Counted by the processor, read from its registers";
  const missing = failed.map(({ name, failure }) => `${name}: ${failure?.problem}`).join(", ");
  const tooLow = missing === "" ? "" : ` Totals are too low, as these cannot be read: ${missing}.`;
  const filtering = readable.some(({ isFiltered }) => isFiltered)
    ? " Energy filtering is on (IA32_MISC_PACKAGE_CTLS, bit 0): the processor adds noise, and short readings are off."
    : "";
  return {
    usable: true,
    reason: "the RAPL registers can be read",
    why: `${kind} (${names}).${tooLow}${filtering}`,
    mend: null,
  };
}
