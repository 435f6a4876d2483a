import type { CpuIdentity } from "../host/cpu-identity.ts";
import { type CounterRule, type DomainKind, limitsOf } from "./counter.ts";

/** The RAPL registers of a processor, and how their counts become joules. */
export interface MsrLayout {
  readonly unitRegister: number;
  /** Register whose bit 0 says that noise is added to the counters; null where there is none. */
  readonly filterRegister: number | null;
  readonly domains: readonly MsrDomain[];
  /** Whether the dies of a package have counters of their own, where the kernel tells them apart. */
  readonly perDie: boolean;
}

export interface MsrDomain {
  readonly kind: DomainKind;
  readonly register: number;
}

/**
 * Intel SDM volume 4, tables of the model-specific registers: MSR_RAPL_POWER_UNIT 606H, MSR_PKG_ENERGY_STATUS 611H, MSR_DRAM_ENERGY_STATUS
 * 619H, MSR_PP0_ENERGY_STATUS 639H, MSR_PP1_ENERGY_STATUS 641H, MSR_PLATFORM_ENERGY_COUNTER 64DH, IA32_MISC_PACKAGE_CTLS BCH. Which
 * of them a model has is found by reading them.
 */
const intelLayout: MsrLayout = {
  unitRegister: 0x606,
  filterRegister: 0xbc,
  domains: [
    { kind: "package", register: 0x611 },
    { kind: "dram", register: 0x619 },
    { kind: "core", register: 0x639 },
    { kind: "uncore", register: 0x641 },
    { kind: "psys", register: 0x64d },
  ],
  perDie: true,
};

/**
 * AMD PPR for family 17h, RAPL_PWR_UNIT C0010299H and PKG_ENERGY_STAT C001029BH. CORE_ENERGY_STAT C001029AH is one core's, not all cores',
 * and so of no use for a package; the kernel's dies share the package's counter.
 */
const amdLayout: MsrLayout = {
  unitRegister: 0xc0010299,
  filterRegister: null,
  domains: [{ kind: "package", register: 0xc001029b }],
  perDie: false,
};

/** Families with RAPL: Intel 6 (and 18, 19 announced as its successors), AMD 17h, 19h, 1Ah, Hygon 18h (kernel intel_rapl_msr.c). */
export function msrLayoutOf(cpu: CpuIdentity): MsrLayout | null {
  const family = cpu.family ?? 0;
  if (cpu.vendor === "intel") return family >= 6 && family !== 15 ? intelLayout : null;
  if (cpu.vendor === "amd") return family >= 0x17 ? amdLayout : null;
  return cpu.vendor === "hygon" ? amdLayout : null;
}

/** Intel family 6 models, decimal, whose units depart from MSR_RAPL_POWER_UNIT (kernel drivers/powercap/intel_rapl_common.c, rapl_ids). */
const serversWithFixedMemoryUnit: readonly number[] = [63, 79, 85, 87, 106, 108, 133];
const serversWithJoulePlatformUnit: readonly number[] = [143, 207];
const atomsThatCountMicrojoules: readonly number[] = [55, 74, 76, 90];

const modulus = 2n ** 32n;

/**
 * What one count of a domain is. The energy status unit, bits 12:8 of the unit register, is 1/2^ESU J; on Silvermont and
 * Airmont 2^ESU µJ. Memory of Haswell to Ice Lake servers counts 15.3 µJ, the platform rail of Sapphire and Emerald Rapids 1 J.
 * Only the low 32 bits of an energy register count, wherever it is wider.
 */
export function msrRule(kind: DomainKind, cpu: CpuIdentity, unitValue: bigint): CounterRule {
  const energyStatusUnit = (unitValue >> 8n) & 0x1fn;
  return { ...unitOf(kind, cpu, energyStatusUnit), modulus, limits: limitsOf(kind) };
}

function unitOf(kind: DomainKind, cpu: CpuIdentity, energyStatusUnit: bigint): Omit<CounterRule, "modulus" | "limits"> {
  const model = cpu.vendor === "intel" && cpu.family === 6 ? (cpu.model ?? 0) : 0;
  if (kind === "dram" && serversWithFixedMemoryUnit.includes(model)) return { unitNanojoules: 15_300n };
  if (kind === "psys" && serversWithJoulePlatformUnit.includes(model)) return { unitNanojoules: 1_000_000_000n };
  if (atomsThatCountMicrojoules.includes(model)) return { unitNanojoules: 1000n << energyStatusUnit };
  return { unitNanojoules: 1_000_000_000n, countsPerUnit: 1n << energyStatusUnit };
}

/** The count in an energy register. */
export function msrCount(value: bigint): bigint {
  return value & 0xffff_ffffn;
}
