import type { CpuIdentity } from "../host/cpu-identity.ts";
import { type CpuPlace, readOnlineCpus } from "../host/online-cpus.ts";
import type { DomainKind, HardwareCounter } from "./counter.ts";
import { type MsrFile, msrPath, openMsrFile } from "./msr-file.ts";
import {
  cpusOfPlace,
  type PackagePlace,
  type PackageRegisters,
  packagePlaces,
  packageRegisters,
  placeName,
} from "./msr-package.ts";
import { type MsrDomain, msrCount, msrLayoutOf, msrRule } from "./msr-registers.ts";

export interface MsrCounterRequest {
  /** "/dev/cpu", or a tree of the same shape. */
  readonly msrRoot: string;
  /** "/sys": says which CPUs are online, and in which package. */
  readonly sysRoot: string;
  readonly cpu: CpuIdentity;
  /** CPUs that may be read; by default any. Of those of one package, only one is. */
  readonly cpus?: readonly number[];
  /** Opens a CPU's registers; by default its file below `msrRoot`. */
  readonly openFile?: (cpu: number) => MsrFile;
}

export interface MsrCounters {
  /** Named as powercap names them: "package-0", "package-0/dram", and the platform rail beside the packages. The counters of a package share the file of one CPU. */
  readonly counters: readonly HardwareCounter[];
  /** Whether a package adds noise to its counters. */
  readonly isFiltered: boolean;
  /** Why units could not be read, one error for each package that did not answer. */
  readonly problems: readonly unknown[];
}

/** The RAPL registers of each package, through one online CPU of it; none where the processor, or its hypervisor, has none. */
export function openMsrCounters(request: MsrCounterRequest): MsrCounters {
  const { cpu, sysRoot, cpus } = request;
  const layout = msrLayoutOf(cpu);
  if (layout === null) return { counters: [], isFiltered: false, problems: [] };
  const problems: unknown[] = [];
  const listAllowed = (): CpuPlace[] =>
    readOnlineCpus({ sys: sysRoot }).filter((place) => cpus === undefined || cpus.includes(place.cpu));
  const { openFile = (number: number) => openMsrFile(msrPath(request.msrRoot, number)) } = request;
  const packages = packagePlaces(listAllowed(), layout.perDie).map((place) => {
    const registers = packageRegisters(() => cpusOfPlace(listAllowed(), place), openFile);
    const unitValue = valueOr0(registers, layout.unitRegister, (error) => problems.push(error));
    return { place, registers, unitValue };
  });
  // A package that cannot be read now is a gap of the total, not absent from it: its unit is its neighbour's.
  const anyUnit = packages.find(({ unitValue }) => unitValue !== 0n)?.unitValue ?? 0n;
  const counters = packages.flatMap(({ place, registers, unitValue }) =>
    (anyUnit === 0n ? [] : layout.domains)
      .filter((domain) => isThere(registers, domain))
      .map(({ kind, register }) => ({
        id: domainId(place, kind),
        kind,
        rule: msrRule(kind, cpu, unitValue || anyUnit),
        counted: kind === "package" || kind === "dram",
        readRaw: () => msrCount(registers.read(register)),
        close: () => registers.close(),
      })),
  );
  if (anyUnit === 0n) for (const { registers } of packages) registers.close();
  const { filterRegister } = layout;
  const isFiltered =
    filterRegister !== null && packages.some(({ registers }) => (valueOr0(registers, filterRegister) & 1n) === 1n);
  return { counters, isFiltered, problems };
}

/** As the kernel's driver does it: a counter that cannot be read or shows 0 is none. A package's own is always kept. */
function isThere(registers: PackageRegisters, { kind, register }: MsrDomain): boolean {
  return kind === "package" || msrCount(valueOr0(registers, register)) !== 0n;
}

function domainId(place: PackagePlace, kind: DomainKind): string {
  if (kind === "package") return placeName(place);
  if (kind === "psys") return place.packageId === 0 ? "psys" : `psys-${place.packageId}`;
  return `${placeName(place)}/${kind}`;
}

function valueOr0(registers: PackageRegisters, register: number, onError?: (error: unknown) => void): bigint {
  try {
    return registers.read(register);
  } catch (error) {
    onError?.(error);
    return 0n;
  }
}
