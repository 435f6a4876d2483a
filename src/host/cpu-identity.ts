export type CpuVendor = "intel" | "amd" | "hygon" | "arm" | "other";

/** What tells processors' energy counters apart. */
export interface CpuIdentity {
  readonly vendor: CpuVendor;
  /** CPU family in decimal; on ARM the implementer code. Null where the kernel does not say. */
  readonly family: number | null;
  /** CPU model in decimal; on ARM the part number. */
  readonly model: number | null;
  /** Whether the CPU says that it runs under a hypervisor. ARM has no such flag: there it is false. */
  readonly isGuest: boolean;
}

/** Of the first CPU in the text of /proc/cpuinfo, which stands for all: hosts that mix vendors or families do not exist. */
export function parseCpuIdentity(text: string): CpuIdentity | null {
  if (cpuField(text, "processor") === undefined) return null;
  const implementer = cpuNumber(text, "CPU implementer");
  return {
    vendor: implementer === null ? (vendors.get(cpuField(text, "vendor_id") ?? "") ?? "other") : "arm",
    family: implementer ?? cpuNumber(text, "cpu family"),
    model: cpuNumber(text, implementer === null ? "model" : "CPU part"),
    isGuest: (cpuField(text, "flags") ?? "").split(" ").includes("hypervisor"),
  };
}

const vendors: ReadonlyMap<string, CpuVendor> = new Map([
  ["GenuineIntel", "intel"],
  ["AuthenticAMD", "amd"],
  ["HygonGenuine", "hygon"],
]);

/** The first line of that name. */
export function cpuField(text: string, name: string): string | undefined {
  return new RegExp(`^${name}[ \\t]*:(.*)$`, "m").exec(text)?.[1]?.trim();
}

export function cpuNumber(text: string, name: string): number | null {
  const value = cpuField(text, name) ?? "";
  return /^(\d{1,9}|0x[0-9a-fA-F]{1,8})$/.test(value) ? Number(value) : null;
}
