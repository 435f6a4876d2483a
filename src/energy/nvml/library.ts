import type { LibraryHandle } from "koffi";
import { messageOf } from "../../errors.ts";
import { nvmlStatus } from "./status.ts";

/**
 * The driver's library through FFI. Everything is loaded when it is first asked for, and nothing here throws: a part that is
 * missing is a sentence.
 *
 * Functions are called on worker threads, one at a time, because a call can block for seconds while the driver starts a board
 * that nobody holds open. One that does not come back in time counts as a timeout, and until it does come back no other is
 * made: a driver that hangs takes one thread, not all of them.
 */
export interface NvmlLibrary {
  readonly path: string;
  /** Whether the library has a function of this name: older ones lack the newer versions of a function. */
  has(name: NvmlFunction): boolean;
  /** The function's return code; FUNCTION_NOT_FOUND or TIMEOUT where there was none. Buffers among the arguments are filled. */
  call(name: NvmlFunction, ...parameters: readonly NvmlArgument[]): Promise<number>;
}

/** Structures and results go through buffers, handles and integers by value. */
export type NvmlArgument = Buffer | bigint | number | null;

/** Name of the library, as the driver installs it: the number is that of its binary interface. */
export const defaultNvmlLibrary = "libnvidia-ml.so.1";

/** A device handle is an opaque pointer: an integer of the same width is passed in the same register (System V, AAPCS64). */
const signatures = {
  nvmlInit_v2: [],
  nvmlShutdown: [],
  nvmlSystemGetDriverVersion: ["void *", "uint32"],
  nvmlDeviceGetCount_v2: ["void *"],
  nvmlDeviceGetHandleByIndex_v2: ["uint32", "void *"],
  nvmlDeviceGetName: ["uint64", "void *", "uint32"],
  nvmlDeviceGetUUID: ["uint64", "void *", "uint32"],
  nvmlDeviceGetPciInfo_v3: ["uint64", "void *"],
  nvmlDeviceGetMigMode: ["uint64", "void *", "void *"],
  nvmlDeviceGetEnforcedPowerLimit: ["uint64", "void *"],
  nvmlDeviceGetTotalEnergyConsumption: ["uint64", "void *"],
  nvmlDeviceGetPowerUsage: ["uint64", "void *"],
  nvmlDeviceGetUtilizationRates: ["uint64", "void *"],
  nvmlDeviceGetMemoryInfo_v2: ["uint64", "void *"],
  nvmlDeviceGetMemoryInfo: ["uint64", "void *"],
  nvmlDeviceGetComputeRunningProcesses_v3: ["uint64", "void *", "void *"],
  nvmlDeviceGetComputeRunningProcesses_v2: ["uint64", "void *", "void *"],
  nvmlDeviceGetComputeRunningProcesses: ["uint64", "void *", "void *"],
  nvmlDeviceGetProcessUtilization: ["uint64", "void *", "void *", "uint64"],
} as const;

export type NvmlFunction = keyof typeof signatures;

export type LibraryOpening =
  | { readonly library: NvmlLibrary; readonly problem: null }
  | { readonly library: null; readonly problem: string; readonly missing: "koffi" | "library" };

/** @param limitMs time after which a call counts as a timeout. */
export async function openNvmlLibrary(path: string, limitMs = 5000): Promise<LibraryOpening> {
  let koffi: typeof import("koffi");
  try {
    koffi = await import("koffi");
  } catch (error) {
    const why = `the optional package koffi, which calls NVIDIA's library, is not installed (${firstLine(error)})`;
    return { library: null, problem: why, missing: "koffi" };
  }
  try {
    return { library: boundLibrary(path, koffi.load(path), limitMs), problem: null };
  } catch (error) {
    const why = firstLine(error).replace(/^Failed to load shared library: /, "");
    return { library: null, problem: `${path} cannot be loaded (${why})`, missing: "library" };
  }
}

/** Without persistence mode the driver wakes every board when the library starts: a second or two each. */
const startFactor = 6;

type BoundFunction = (parameters: readonly NvmlArgument[]) => Promise<number>;

function boundLibrary(path: string, handle: LibraryHandle, limitMs: number): NvmlLibrary {
  const resolved = new Map<NvmlFunction, BoundFunction | null>();
  const functionNamed = (name: NvmlFunction): BoundFunction | null => {
    const known = resolved.get(name);
    if (known !== undefined) return known;
    const found = boundFunction(handle, name);
    resolved.set(name, found);
    return found;
  };
  let last: Promise<unknown> = Promise.resolve();
  let hangs = false;

  const callInTime = async (name: NvmlFunction, bound: BoundFunction, parameters: readonly NvmlArgument[]) => {
    if (hangs) return nvmlStatus.timeout;
    const answer = bound(parameters);
    const inTime = await within(answer, name === "nvmlInit_v2" ? limitMs * startFactor : limitMs);
    if (inTime !== null) return inTime;
    hangs = true;
    void answer.finally(() => {
      hangs = false;
    });
    return nvmlStatus.timeout;
  };

  return {
    path,
    has: (name) => functionNamed(name) !== null,
    call: (name, ...parameters) => {
      const bound = functionNamed(name);
      if (bound === null) return Promise.resolve(nvmlStatus.functionNotFound);
      const answer = last.then(() => callInTime(name, bound, parameters));
      last = answer;
      return answer;
    },
  };
}

/** Null where the library has no such function. */
function boundFunction(handle: LibraryHandle, name: NvmlFunction): BoundFunction | null {
  try {
    const foreign = handle.func(name, "int", [...signatures[name]]);
    return (parameters) =>
      new Promise<number>((resolve) => {
        try {
          foreign.async(...parameters, (error: unknown, code: unknown) => {
            resolve(error === null && typeof code === "number" ? code : unknownFailure);
          });
        } catch {
          // Too many calls under way, or an argument that koffi refuses.
          resolve(unknownFailure);
        }
      });
  } catch {
    return null;
  }
}

/** nvmlReturn_t's UNKNOWN. */
const unknownFailure = 999;

/** Null when the answer is not there in time. */
async function within(answer: Promise<number>, limitMs: number): Promise<number | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), limitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function firstLine(error: unknown): string {
  return (messageOf(error).split("\n")[0] ?? "").replace(/\.$/, "");
}
