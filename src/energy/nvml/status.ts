/** Return codes of the NVIDIA Management Library (NVML API reference, nvmlReturn_t), and what follows from each. */

/**
 * permanent: this board or driver will never answer; asking again is pointless.
 * passing: the next question may be answered.
 * lost: the library must be shut down and started again (driver reloaded or upgraded, board reset).
 */
export type NvmlTrouble = "permanent" | "passing" | "lost";

const codes: Readonly<Record<number, readonly [name: string, trouble: NvmlTrouble]>> = {
  1: ["UNINITIALIZED", "lost"],
  2: ["INVALID_ARGUMENT", "permanent"],
  3: ["NOT_SUPPORTED", "permanent"],
  4: ["NO_PERMISSION", "permanent"],
  6: ["NOT_FOUND", "passing"],
  7: ["INSUFFICIENT_SIZE", "passing"],
  8: ["INSUFFICIENT_POWER", "passing"],
  9: ["DRIVER_NOT_LOADED", "lost"],
  10: ["TIMEOUT", "passing"],
  11: ["IRQ_ISSUE", "passing"],
  12: ["LIBRARY_NOT_FOUND", "permanent"],
  13: ["FUNCTION_NOT_FOUND", "permanent"],
  14: ["CORRUPTED_INFOROM", "permanent"],
  15: ["GPU_IS_LOST", "lost"],
  16: ["RESET_REQUIRED", "lost"],
  17: ["OPERATING_SYSTEM", "permanent"],
  18: ["LIB_RM_VERSION_MISMATCH", "lost"],
  19: ["IN_USE", "passing"],
  20: ["MEMORY", "passing"],
  21: ["NO_DATA", "passing"],
  23: ["INSUFFICIENT_RESOURCES", "passing"],
  25: ["ARGUMENT_VERSION_MISMATCH", "permanent"],
  26: ["DEPRECATED", "permanent"],
  27: ["NOT_READY", "passing"],
  28: ["GPU_NOT_FOUND", "lost"],
  29: ["INVALID_STATE", "passing"],
};

export const nvmlStatus = {
  success: 0,
  notSupported: 3,
  notFound: 6,
  insufficientSize: 7,
  driverNotLoaded: 9,
  timeout: 10,
  functionNotFound: 13,
  versionMismatch: 18,
} as const;

/** What a code other than success means for the caller; one that is not in the list may pass, as 999 (UNKNOWN) may. */
export function troubleOf(code: number): NvmlTrouble {
  return codes[code]?.[1] ?? "passing";
}

/** "NVML NOT_SUPPORTED (3)". */
export function statusWords(code: number): string {
  return `NVML ${codes[code]?.[0] ?? "UNKNOWN"} (${code})`;
}
