import type { Clock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import type { CpuInfo } from "../host/cpuinfo.ts";
import { type CpuPlace, readOnlineCpus } from "../host/topology.ts";
import { type CounterDomain, energyReading, isCounted, missAll, newDomain, sweep } from "./counter-domain.ts";
import { holdBackMirrors } from "./mirrors.ts";
import { type MsrFile, msrPath, openMsrFile } from "./msr-file.ts";
import {
  cpusOfPlace,
  type PackagePlace,
  type PackageRegisters,
  packagePlaces,
  packageRegisters,
  placeName,
} from "./msr-package.ts";
import { type MsrDomain, type MsrLayout, msrCount, msrLayoutOf, msrRule } from "./msr-registers.ts";
import { powercapUncertainty } from "./powercap-uncertainty.ts";
import type { EnergyReading, EnergySource, SourceUncertainty } from "./source.ts";

export interface MsrRequest {
  /** "/dev/cpu", or a tree of the same shape. */
  readonly msrRoot: string;
  /** "/sys": says which CPUs are online, and in which package. */
  readonly sysRoot: string;
  readonly clock: Clock;
  readonly cpu: CpuInfo;
  readonly hostname: string | null;
  /** CPUs that may be read; by default any. Of those of one package, only one is. */
  readonly cpus?: readonly number[];
  /** Opens a CPU's registers; by default its file below `msrRoot`. */
  readonly openFile?: (cpu: number) => MsrFile;
}

/**
 * Opens the RAPL registers as an energy source and takes the baseline reading: one online CPU of each package, and another one of
 * it when that goes offline, without a break in the count. Throws ENERGY_READ_FAILED when no package can be read.
 */
export function openMsr(request: MsrRequest): EnergySource {
  const { clock, cpu, hostname } = request;
  const layout = msrLayoutOf(cpu);
  const packages = layout === null ? [] : openPackages(request, layout);
  const domains = packages.flatMap((opened) => opened.domains);
  const isFiltered = packages.some((opened) => opened.isFiltered);

  const readAll = (): EnergyReading => {
    const monotonicNs = clock.monotonicNs();
    const failed = sweep(domains, clock);
    missAll(failed);
    if (!domains.some((domain) => domain.countable && !failed.includes(domain))) throw noRegisterLeft(request.msrRoot);
    holdBackMirrors(domains, clock.monotonicNs() - monotonicNs);
    return energyReading(monotonicNs, domains);
  };
  const close = (): void => {
    for (const { registers } of packages) registers.close();
  };
  try {
    readAll();
  } catch (error) {
    close();
    throw error;
  }
  const withMemory = domains.some(({ kind }) => kind === "dram");
  return {
    id: "msr",
    provenance: cpu.isGuest ? "estimated" : "measured",
    boundary: "package_and_dram",
    get label() {
      return labelOf(domains, cpu, isFiltered);
    },
    uncertainty: widened(powercapUncertainty(cpu, withMemory, hostname), isFiltered),
    idleWatts: null,
    wattsPerBusyCpu: null,
    read: readAll,
    close,
  };
}

interface OpenedPackage {
  readonly registers: PackageRegisters;
  readonly domains: readonly CounterDomain[];
  readonly isFiltered: boolean;
}

function openPackages(request: MsrRequest, layout: MsrLayout): OpenedPackage[] {
  const listAllowed = (): CpuPlace[] => allowedCpus(request);
  const { openFile = (cpu: number) => openMsrFile(msrPath(request.msrRoot, cpu)) } = request;
  const places = packagePlaces(listAllowed(), layout.perDie).map((place) => {
    const registers = packageRegisters(() => cpusOfPlace(listAllowed(), place), openFile);
    return { place, registers, unitValue: valueOrNull(registers, layout.unitRegister) ?? 0n };
  });
  // A package that cannot be read now is a gap of the total, not absent from it: its unit is its neighbour's.
  const anyUnit = places.find(({ unitValue }) => unitValue !== 0n)?.unitValue;
  if (anyUnit === undefined) return [];
  return places.map(({ place, registers, unitValue }) => {
    const domains = layout.domains
      .filter((domain) => isThere(registers, domain))
      .map((domain) => openDomain(request.cpu, registers, place, domain, unitValue === 0n ? anyUnit : unitValue));
    const filter = layout.filterRegister === null ? null : valueOrNull(registers, layout.filterRegister);
    return { registers, domains, isFiltered: filter !== null && (filter & 1n) === 1n };
  });
}

function allowedCpus({ sysRoot, cpus }: MsrRequest): CpuPlace[] {
  return readOnlineCpus({ sys: sysRoot }).filter(({ cpu }) => cpus === undefined || cpus.includes(cpu));
}

/** As the kernel's driver does it: a counter that cannot be read or shows 0 is none. A package's own is always kept. */
function isThere(registers: PackageRegisters, { kind, register }: MsrDomain): boolean {
  return kind === "package" || msrCount(valueOrNull(registers, register) ?? 0n) !== 0n;
}

function openDomain(
  cpu: CpuInfo,
  registers: PackageRegisters,
  place: PackagePlace,
  { kind, register }: MsrDomain,
  unitValue: bigint,
): CounterDomain {
  return newDomain({
    id: domainId(place, kind),
    kind,
    rule: msrRule(kind, cpu, unitValue),
    countable: kind === "package" || kind === "dram",
    counter: { read: () => msrCount(registers.read(register)), close: () => registers.close() },
  });
}

/** Named as powercap names them: "package-0", "package-0/dram", and the platform rail beside the packages. */
function domainId(place: PackagePlace, kind: MsrDomain["kind"]): string {
  if (kind === "package") return placeName(place);
  if (kind === "psys") return place.packageId === 0 ? "psys" : `psys-${place.packageId}`;
  return `${placeName(place)}/${kind}`;
}

function valueOrNull(registers: PackageRegisters, register: number): bigint | null {
  try {
    return registers.read(register);
  } catch {
    return null;
  }
}

function labelOf(domains: readonly CounterDomain[], cpu: CpuInfo, isFiltered: boolean): string {
  const counted = domains.filter(isCounted);
  const packages = counted.filter(({ kind }) => kind === "package").map(({ id }) => id);
  const memory = counted.some(({ kind }) => kind === "dram") ? " + dram" : " (no memory counter)";
  const filtered = isFiltered ? "; energy filtering is on: short readings are noisy" : "";
  return `${cpu.isGuest ? "virtualised counter" : "RAPL"} ${packages.join(", ")}${memory} through MSR${filtered}`;
}

/**
 * Energy filtering adds noise to every update so that programs cannot be told apart by their power (Intel, "Running Average Power
 * Limit Energy Reporting", CVE-2020-8694). It gives no figure for the sum over seconds; 0.1 is a judgement.
 */
const filteringLnSigma = 0.1;

function widened(uncertainty: SourceUncertainty, isFiltered: boolean): SourceUncertainty {
  if (!isFiltered) return uncertainty;
  return {
    ...uncertainty,
    gainLnSigma: Math.hypot(uncertainty.gainLnSigma, filteringLnSigma),
    citation: `${uncertainty.citation}; energy filtering (IA32_MISC_PACKAGE_CTLS) is on, its width is a judgement`,
  };
}

function noRegisterLeft(msrRoot: string): CarbonOpsError {
  return new CarbonOpsError(
    "ENERGY_READ_FAILED",
    `No RAPL register can be read below ${msrRoot}; run \`carbon-ops doctor\` to see why and what mends it.`,
  );
}
