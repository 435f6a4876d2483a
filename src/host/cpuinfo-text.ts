export type CpuVendor = "intel" | "amd" | "hygon" | "arm" | "other";

export interface CpuInfo {
  readonly vendor: CpuVendor;
  /** CPU family in decimal; on ARM the implementer code. Null where the kernel does not say. */
  readonly family: number | null;
  /** CPU model in decimal; on ARM the part number. */
  readonly model: number | null;
  readonly stepping: number | null;
  /** As the kernel prints it, which a hypervisor may have shortened ("AMD EPYC"); null on ARM. */
  readonly modelName: string | null;
  /** Whether the CPU says that it runs under a hypervisor. ARM has no such flag: there it is false. */
  readonly isGuest: boolean;
  readonly logicalCpuCount: number;
}

/** The first CPU's block stands for all: hosts that mix vendors or families do not exist. */
export function parseCpuInfo(text: string): CpuInfo | null {
  const logicalCpuCount = text.split("\n").filter((line) => /^processor\s*:/.test(line)).length;
  if (logicalCpuCount === 0) return null;
  const fields = firstFields(text);
  const implementer = integerOf(fields.get("CPU implementer"));
  const vendor = implementer === null ? (vendors.get(fields.get("vendor_id") ?? "") ?? "other") : "arm";
  return {
    vendor,
    family: implementer ?? integerOf(fields.get("cpu family")),
    model: integerOf(implementer === null ? fields.get("model") : fields.get("CPU part")),
    stepping: integerOf(fields.get("stepping")),
    modelName: fields.get("model name") ?? null,
    isGuest: (fields.get("flags") ?? "").split(" ").includes("hypervisor"),
    logicalCpuCount,
  };
}

function firstFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const separator = line.indexOf(":");
    if (separator < 0) continue;
    const name = line.slice(0, separator).trim();
    if (!fields.has(name)) fields.set(name, line.slice(separator + 1).trim());
  }
  return fields;
}

const vendors: ReadonlyMap<string, CpuVendor> = new Map([
  ["GenuineIntel", "intel"],
  ["AuthenticAMD", "amd"],
  ["HygonGenuine", "hygon"],
]);

function integerOf(text: string | undefined): number | null {
  return text !== undefined && /^(\d{1,9}|0x[0-9a-fA-F]{1,8})$/.test(text) ? Number(text) : null;
}
