import { type CpuIdentity, cpuField, cpuNumber, parseCpuIdentity } from "./cpu-identity.ts";

export interface CpuInfo extends CpuIdentity {
  readonly stepping: number | null;
  /** As the kernel prints it, which a hypervisor may have shortened ("AMD EPYC"); null on ARM. */
  readonly modelName: string | null;
  readonly logicalCpuCount: number;
}

export function parseCpuInfo(text: string): CpuInfo | null {
  const identity = parseCpuIdentity(text);
  if (identity === null) return null;
  return {
    ...identity,
    stepping: cpuNumber(text, "stepping"),
    modelName: cpuField(text, "model name") ?? null,
    logicalCpuCount: text.split("\n").filter((line) => /^processor\s*:/.test(line)).length,
  };
}
