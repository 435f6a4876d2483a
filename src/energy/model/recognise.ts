import type { CpuInfo } from "../../host/cpuinfo.ts";
import { type ServerFamily, serverFamilies } from "./families.ts";

/**
 * The server family of a CPU: by vendor, family and model number first, since guests often see a shortened name ("AMD EPYC"),
 * then by name. Null for a CPU that no SPECpower row describes.
 *
 * Numbers: kernel arch/x86/include/asm/intel-family.h; AMD's Processor Programming References (19h model 11h is Genoa).
 */
export function recogniseFamily(cpu: CpuInfo): ServerFamily | null {
  if (cpu.vendor === "intel") return intelByNumber(cpu) ?? intelByName(cpu.modelName ?? "");
  if (cpu.vendor === "amd") return amdByNumber(cpu) ?? amdByName(cpu.modelName ?? "");
  return cpu.vendor === "arm" ? armByNumber(cpu) : null;
}

const intelModels: ReadonlyMap<number, ServerFamily> = new Map([
  [42, serverFamilies.sandyBridge],
  [45, serverFamilies.sandyBridge],
  [58, serverFamilies.ivyBridge],
  [62, serverFamilies.ivyBridge],
  [60, serverFamilies.haswell],
  [63, serverFamilies.haswell],
  [71, serverFamilies.broadwell],
  [79, serverFamilies.broadwell],
  [86, serverFamilies.broadwell],
  [106, serverFamilies.iceLake],
  [108, serverFamilies.iceLake],
  [143, serverFamilies.sapphireRapids],
  [207, serverFamilies.emeraldRapids],
  [173, serverFamilies.graniteRapids],
  [174, serverFamilies.graniteRapids],
]);

/** Two model numbers were used for several families, told apart by the stepping. */
function intelByNumber({ family, model, stepping }: CpuInfo): ServerFamily | null {
  if (family !== 6 || model === null) return null;
  if (model === 85) return (stepping ?? 0) >= 5 ? serverFamilies.cascadeLake : serverFamilies.skylake;
  if (model === 158) return (stepping ?? 0) >= 10 ? serverFamilies.coffeeLake : null;
  return intelModels.get(model) ?? null;
}

/** The second digit of a Xeon Scalable number is its generation: 8175M, 8259CL, 8375C, 8488C, 8592+. */
const xeonGenerations: ReadonlyMap<string, ServerFamily> = new Map([
  ["1", serverFamilies.skylake],
  ["2", serverFamilies.cascadeLake],
  ["3", serverFamilies.iceLake],
  ["4", serverFamilies.sapphireRapids],
  ["5", serverFamilies.emeraldRapids],
]);

const xeonVersions: ReadonlyMap<string, ServerFamily> = new Map([
  ["", serverFamilies.sandyBridge],
  ["2", serverFamilies.ivyBridge],
  ["3", serverFamilies.haswell],
  ["4", serverFamilies.broadwell],
]);

function intelByName(name: string): ServerFamily | null {
  const scalable = /Xeon(?:\(R\))? (?:Platinum|Gold|Silver|Bronze) [3-9](\d)\d\d/i.exec(name)?.[1];
  if (scalable !== undefined) return xeonGenerations.get(scalable) ?? null;
  const numbered = /Xeon(?:\(R\))?(?: CPU)? E[357]-\d{4}[A-Z]{0,2}(?: ?v(\d))?/.exec(name);
  return numbered === null ? null : (xeonVersions.get(numbered[1] ?? "") ?? null);
}

/** Ryzen and Threadripper share numbers with EPYC, but no server row describes them. */
function amdByNumber({ family, model, modelName }: CpuInfo): ServerFamily | null {
  if (model === null || /Ryzen/.test(modelName ?? "")) return null;
  if (family === 23)
    return (
      new Map([
        [1, serverFamilies.epycGen1],
        [49, serverFamilies.epycGen2],
      ]).get(model) ?? null
    );
  if (family === 25) return zen3And4.get(model) ?? null;
  return family === 26 && (model === 2 || model === 17) ? serverFamilies.epycGen5 : null;
}

/** Milan; Genoa; Bergamo and Siena, which are Genoa with smaller cores. */
const zen3And4: ReadonlyMap<number, ServerFamily> = new Map([
  [1, serverFamilies.epycGen3],
  [17, serverFamilies.epycGen4],
  [160, serverFamilies.epycGen4],
]);

const epycGenerations: ReadonlyMap<string, ServerFamily> = new Map([
  ["1", serverFamilies.epycGen1],
  ["2", serverFamilies.epycGen2],
  ["3", serverFamilies.epycGen3],
  ["4", serverFamilies.epycGen4],
  ["5", serverFamilies.epycGen5],
]);

/** The last digit of an EPYC number is its generation: 7551, 7R32, 7B13, 9654, 9755. */
function amdByName(name: string): ServerFamily | null {
  const generation = /EPYC [789][0-9A-Z][0-9A-Z](\d)/.exec(name)?.[1];
  return generation === undefined ? null : (epycGenerations.get(generation) ?? null);
}

/** Neoverse N1, V1 and V2 by Arm (implementer 41h): AWS Graviton 2, 3 and 4, Ampere Altra (kernel arch/arm64/include/asm/cputype.h). */
function armByNumber({ family, model }: CpuInfo): ServerFamily | null {
  const isNeoverse = family === 0x41 && (model === 0xd0c || model === 0xd40 || model === 0xd4f);
  return isNeoverse ? serverFamilies.armNeoverse : null;
}
