import type { Clock } from "../../../clock.ts";
import { examinePowercap } from "../../../discovery/powercap-examination.ts";
import type { CounterRule } from "../../../energy/counter.ts";
import { packageLimits } from "../../../energy/counter.ts";
import { rawFromMicrojoules, scaleFromRange } from "../../../energy/powercap-unit.ts";
import { listPowercapZones } from "../../../energy/powercap-zones.ts";
import { zoneFile } from "../../../energy/zone-file.ts";
import { readCpuInfo } from "../../../host/cpuinfo.ts";
import type { HostRoots } from "../../../host/roots.ts";
import { counterModulus } from "./counter-readers.ts";

/** One package's counter as two readers find it. */
export interface CounterSample {
  readonly monotonicNs: bigint;
  /** The register: counts of the processor's own unit. */
  readonly register: bigint;
  /** Microjoules kept in 32 bits, as a program does that masks `energy_uj` like a register. */
  readonly microjoules32: bigint;
}

export interface DemonstratedCounter {
  readonly description: string;
  readonly isSimulated: boolean;
  readonly rule: CounterRule;
  sample(): CounterSample;
  /** True energy from the first sample to the last; null on hardware, where nobody knows it. */
  trueJoules(): number | null;
  close(): void;
}

/** The first package that can be read. Null where there is none. */
export function hardwareCounter(roots: HostRoots, clock: Clock): DemonstratedCounter | null {
  if (!examinePowercap({ roots, clock }).usable) return null;
  const zones = listPowercapZones(`${roots.sys}/class/powercap`, vendorOrNull(roots));
  const zone = zones.find(({ kind, counted }) => kind === "package" && counted);
  if (zone === undefined) return null;
  const rule = { ...scaleFromRange(zone.rangeMicrojoules), limits: packageLimits };
  const file = zoneFile(zone.energyFile);
  return {
    description: `${zone.name} of ${zone.id} through powercap`,
    isSimulated: false,
    rule,
    sample: () => {
      const microjoules = file.read();
      return {
        monotonicNs: clock.monotonicNs(),
        register: rawFromMicrojoules(microjoules, rule.unitNanojoules),
        microjoules32: microjoules % counterModulus,
      };
    },
    trueJoules: () => null,
    close: () => file.close(),
  };
}

function vendorOrNull(roots: HostRoots) {
  try {
    return readCpuInfo(roots).vendor;
  } catch {
    return null;
  }
}

/** Unit of most Intel servers and clients, 2^-14 J as the driver rounds it (kernel drivers/powercap/intel_rapl_common.c). */
const simulatedUnitNanojoules = 61_035n;
/** Power swings by this part of its mean, once in so many seconds, as a load that comes and goes. */
const swing = 0.3;
const swingSeconds = 40;
/** The register starts so far below its end that it wraps within the first minute of a few hundred watts. */
const startBelowWrapJoules = 10_000;

/** A counter under a mean power with a slow swing; its energy is an integral in closed form, so the truth is known. */
export function simulatedCounter(watts: number, clock: Pick<Clock, "monotonicNs">): DemonstratedCounter {
  let startNs: bigint | null = null;
  const startCounts = counterModulus - (BigInt(startBelowWrapJoules) * 1_000_000_000n) / simulatedUnitNanojoules;
  const angularRate = (2 * Math.PI) / swingSeconds;
  let joules = 0;
  return {
    description: `a simulated package: ${watts} W on average, swinging by 30 % in ${swingSeconds} s`,
    isSimulated: true,
    rule: { unitNanojoules: simulatedUnitNanojoules, modulus: counterModulus, limits: packageLimits },
    sample: () => {
      const monotonicNs = clock.monotonicNs();
      startNs ??= monotonicNs;
      const seconds = Number(monotonicNs - startNs) / 1e9;
      joules = watts * seconds + ((watts * swing) / angularRate) * (1 - Math.cos(angularRate * seconds));
      const nanojoules = BigInt(Math.floor(joules * 1e9));
      return {
        monotonicNs,
        register: (startCounts + nanojoules / simulatedUnitNanojoules) % counterModulus,
        microjoules32: (nanojoules / 1000n) % counterModulus,
      };
    },
    trueJoules: () => joules,
    close: () => undefined,
  };
}
