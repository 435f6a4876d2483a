import type { CpuInfo } from "../../host/cpuinfo.ts";
import { formatWatts } from "../../units.ts";
import type { EnergyBoundary } from "../source.ts";
import { type ServerFamily, unknownFamily } from "./families.ts";
import { recogniseFamily } from "./recognise.ts";
import { fractionOfTdp, knownTdpOf, memoryWattsPerGigabyte } from "./thermal-design-power.ts";

/** Watts of a host as a function of how many of its CPUs are busy. */
export interface PowerModel {
  /** Stable name: "ccf-aws/epyc-gen4". */
  readonly id: string;
  readonly description: string;
  readonly boundary: EnergyBoundary;
  readonly gainLnSigma: number;
  readonly citation: string;
  /** @param busyCpus CPU seconds spent per second, from 0 to `logicalCpuCount`. */
  watts(logicalCpuCount: number, busyCpus: number): number;
}

export interface ModelledHost {
  readonly cpu: CpuInfo;
  /** CPU packages that the kernel shows; null where it does not say, which is taken for one. */
  readonly packageCount: number | null;
  /** Null where it cannot be read: then a model that must add memory power adds none. */
  readonly memoryBytes: number | null;
  /** Thermal design power of one package, when the user names it: this then decides, whatever the CPU is. */
  readonly cpuTdpWatts?: number;
}

/**
 * Log standard deviations by what is known of the CPU. On four hosts measured against RAPL, models by TDP missed by 37 to 50 %
 * on average (load profiles published by CodeCarbon); family, TDP alone and nothing are taken as +-40 %, +-60 % and a factor of
 * 2 to 3, read as about two standard deviations of the logarithm. Judgements, all three.
 */
const familyLnSigma = 0.2;
const tdpLnSigma = 0.35;
const unknownLnSigma = 0.55;

/**
 * What a guest adds. It does not see whether the other hardware thread of its core is busy: then its thread draws about
 * 1.6 times less, so the logarithm is rectangular over ln 1.6, 0.14. And it does not see how full its host is, whose idle power it
 * shares (0.2). Both independent: sqrt(0.14^2 + 0.2^2) = 0.25. Judgements.
 */
const guestLnSigma = 0.25;

/** A user's TDP first, then the CPU's family, then a TDP known by the CPU's name, at last the number of CPUs alone. */
export function choosePowerModel(host: ModelledHost): PowerModel {
  const { cpu, cpuTdpWatts } = host;
  if (cpuTdpWatts !== undefined) return fromTdp(host, cpuTdpWatts, "as configured", 1);
  const family = recogniseFamily(cpu);
  if (family !== null) return fromFamily(family, cpu);
  const known = knownTdpOf(cpu.modelName ?? "");
  if (known !== null)
    return fromTdp(host, known.watts, `of ${cpu.modelName}`, shareOfPackage(cpu, known.physicalCores));
  return fromFamily(unknownFamily, cpu);
}

/** A guest's CPUs are hardware threads of a package that it has only a part of. */
function shareOfPackage(cpu: CpuInfo, physicalCores: number): number {
  return cpu.isGuest ? Math.min(1, cpu.logicalCpuCount / (2 * physicalCores)) : 1;
}

function fromFamily(family: ServerFamily, cpu: CpuInfo): PowerModel {
  const { idleWattsPerThread, fullWattsPerThread, source, year, isProxy } = family;
  const cpuCount = `${cpu.logicalCpuCount} ${cpu.isGuest ? "vCPU" : "logical CPUs"}`;
  return {
    id: `ccf-aws/${family.id}`,
    description: `${family.name}, ${cpuCount}`,
    boundary: "server_wall",
    gainLnSigma: widened(isProxy ? unknownLnSigma : familyLnSigma, cpu),
    citation: `${source} to ${year}; the width is a judgement`,
    watts: (logicalCpuCount, busyCpus) =>
      idleWattsPerThread * logicalCpuCount + (fullWattsPerThread - idleWattsPerThread) * busyCpus,
  };
}

function fromTdp(host: ModelledHost, tdpWatts: number, origin: string, share: number): PowerModel {
  const packageCount = host.packageCount ?? 1;
  const packageWatts = tdpWatts * packageCount * share;
  const memoryWatts = ((host.memoryBytes ?? 0) / 1e9) * memoryWattsPerGigabyte;
  const packages = packageCount === 1 ? "" : `${packageCount} x `;
  return {
    id: `teads/tdp-${tdpWatts}w`,
    description: `${packages}TDP ${formatWatts(tdpWatts)} ${origin}, memory ${formatWatts(memoryWatts)}`,
    boundary: "package_and_dram",
    gainLnSigma: widened(tdpLnSigma, host.cpu),
    citation: "Teads Engineering, Estimating AWS EC2 Instances Power Consumption; the width is a judgement",
    watts: (logicalCpuCount, busyCpus) => packageWatts * fractionOfTdp(busyCpus / logicalCpuCount) + memoryWatts,
  };
}

function widened(lnSigma: number, cpu: CpuInfo): number {
  return cpu.isGuest ? Math.hypot(lnSigma, guestLnSigma) : lnSigma;
}
