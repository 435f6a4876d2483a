import type { CpuPlace } from "../host/online-cpus.ts";
import { systemErrorCode } from "../thrown.ts";
import type { MsrFile } from "./msr-file.ts";

/** A package, or a die of one, whose counters any of its CPUs shows. */
export interface PackagePlace {
  readonly packageId: number;
  /** Set only where the package has several dies with counters of their own. */
  readonly dieId: number | null;
}

/** The places that have counters, in order, from the CPUs that are online. */
export function packagePlaces(cpus: readonly CpuPlace[], perDie: boolean): PackagePlace[] {
  return ascending(cpus.map(({ packageId }) => packageId)).flatMap((packageId): PackagePlace[] => {
    const dies = ascending(cpus.filter((cpu) => cpu.packageId === packageId).map(({ dieId }) => dieId ?? 0));
    return perDie && dies.length > 1 ? dies.map((dieId) => ({ packageId, dieId })) : [{ packageId, dieId: null }];
  });
}

function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].toSorted((left, right) => left - right);
}

/** The online CPUs of a place, lowest first. */
export function cpusOfPlace(cpus: readonly CpuPlace[], { packageId, dieId }: PackagePlace): number[] {
  return cpus
    .filter((cpu) => cpu.packageId === packageId && (dieId === null || (cpu.dieId ?? 0) === dieId))
    .map(({ cpu }) => cpu);
}

/** "package-0", or "package-0-die-1", as powercap names it. */
export function placeName({ packageId, dieId }: PackagePlace): string {
  return dieId === null ? `package-${packageId}` : `package-${packageId}-die-${dieId}`;
}

/** The registers of a package through one of its CPUs; when that one goes, through the next. */
export interface PackageRegisters {
  /** Throws the error of the lowest CPU when none of them can be read. */
  read(register: number): bigint;
  close(): void;
}

/** @param listCpus the place's online CPUs as they are now, lowest first. */
export function packageRegisters(
  listCpus: () => readonly number[],
  openFile: (cpu: number) => MsrFile,
): PackageRegisters {
  let held: MsrFile | null = null;

  const close = (): void => {
    held?.close();
    held = null;
  };
  const readAnew = (register: number): bigint => {
    let firstError: unknown = new Error("no CPU of this package is online");
    for (const [index, cpu] of listCpus().entries()) {
      let fresh: MsrFile | null = null;
      try {
        fresh = openFile(cpu);
        const value = fresh.read(register);
        // Closed only now: a process that has given up root since cannot open another, and keeps what it has.
        close();
        held = fresh;
        return value;
      } catch (error) {
        fresh?.close();
        if (index === 0) firstError = error;
        // Every CPU of the package has the same registers: one that is not there on one is on none.
        if (systemErrorCode(error) === "EIO") break;
      }
    }
    throw firstError;
  };

  return {
    read: (register) => {
      if (held === null) return readAnew(register);
      try {
        return held.read(register);
      } catch (error) {
        if (systemErrorCode(error) === "EIO") throw error;
        return readAnew(register);
      }
    },
    close,
  };
}
