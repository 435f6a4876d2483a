import { openMsrFile } from "../energy/msr-file.ts";
import { type MsrLayout, msrCount } from "../energy/msr-registers.ts";
import { messageOf, systemErrorCode } from "../errors.ts";

/** What the lowest online CPU of a package answered. */
export interface PackageProbe {
  readonly name: string;
  readonly path: string;
  readonly unit: bigint;
  readonly count: bigint;
  readonly isFiltered: boolean;
  /** What failed, and with which error ("EACCES"); null when all could be read. */
  readonly failure: { readonly step: "open" | "read"; readonly problem: string } | null;
}

export function probePackage(name: string, path: string, layout: MsrLayout): PackageProbe {
  const nothing = { name, path, unit: 0n, count: 0n, isFiltered: false };
  let file: ReturnType<typeof openMsrFile>;
  try {
    file = openMsrFile(path);
  } catch (error) {
    return { ...nothing, failure: { step: "open", problem: problemOf(error) } };
  }
  try {
    const unit = file.read(layout.unitRegister);
    const count = msrCount(file.read(packageRegister(layout)));
    return { name, path, unit, count, isFiltered: filteringBit(file, layout), failure: null };
  } catch (error) {
    return { ...nothing, failure: { step: "read", problem: problemOf(error) } };
  } finally {
    file.close();
  }
}

function problemOf(error: unknown): string {
  return systemErrorCode(error) ?? messageOf(error);
}

function packageRegister({ domains }: MsrLayout): number {
  return domains.find(({ kind }) => kind === "package")?.register ?? 0;
}

function filteringBit(file: ReturnType<typeof openMsrFile>, { filterRegister }: MsrLayout): boolean {
  if (filterRegister === null) return false;
  try {
    return (file.read(filterRegister) & 1n) === 1n;
  } catch {
    return false;
  }
}

const allOnes = 0xffff_ffffn;
/** RAPL updates about every millisecond: ten of them are enough to see any counter move. */
const longestWaitMs = 10;

/** Waits 10 ms, and only where every package shows 0 or all ones: whether all of them stay there. */
export function areSilent(probes: readonly PackageProbe[], layout: MsrLayout): boolean {
  if (!probes.every(({ count }) => count === 0n || count === allOnes)) return false;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, longestWaitMs);
  return probes.every(({ name, path, count }) => probePackage(name, path, layout).count === count);
}
