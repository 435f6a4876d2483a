import type { Clock } from "../../../clock.ts";
import { examinePowercap } from "../../../discovery/powercap-examination.ts";
import type { CounterRule } from "../../../energy/counter.ts";
import { packageLimits } from "../../../energy/counter.ts";
import { rawFromMicrojoules, scaleFromRange } from "../../../energy/powercap-unit.ts";
import { listPowercapZones } from "../../../energy/powercap-zones.ts";
import { zoneFile } from "../../../energy/zone-file.ts";
import { readCpuInfo } from "../../../host/cpuinfo.ts";
import type { HostRoots } from "../../../host/roots.ts";
import { simulatedHost } from "../../../simulate/host.ts";
import { steppedPower } from "../../../simulate/profile.ts";
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

/** Unit of most Intel servers and clients: a count is 2^-14 J (Intel SDM volume 4, MSR_RAPL_POWER_UNIT, energy status units). */
const energyStatusUnit = 14;
/** Power swings by this part of its mean, once in so many seconds, as a load that comes and goes. */
const swing = 0.3;
const swingSeconds = 40;
/** The register starts so far below its end that it wraps within the first minute of a few hundred watts. */
const startBelowWrapJoules = 10_000;

/** The package of a host as `carbon-ops simulate` makes them: power in steps of a second, energy a sum of whole numbers. */
export function simulatedCounter(watts: number, clock: Pick<Clock, "monotonicNs">): DemonstratedCounter {
  const levels = Array.from(
    { length: swingSeconds },
    (_, second) => watts * (1 + swing * Math.sin((2 * Math.PI * (second + 0.5)) / swingSeconds)),
  );
  const host = simulatedHost({
    vendor: "intel",
    packages: 1,
    parts: [],
    quirks: [],
    esu: energyStatusUnit,
    startBelowWrapJoules,
    profile: steppedPower(levels, 1),
  });
  const [counter] = host.counters;
  if (counter === undefined) throw new Error("a simulated host has a package");
  let startNs: bigint | null = null;
  return {
    description: `a simulated package: ${watts} W on average, swinging by 30 % in ${swingSeconds} s`,
    isSimulated: true,
    rule: {
      unitNanojoules: 1_000_000_000n,
      countsPerUnit: 2n ** BigInt(energyStatusUnit),
      modulus: counterModulus,
      limits: packageLimits,
    },
    sample: () => {
      const monotonicNs = clock.monotonicNs();
      startNs ??= monotonicNs;
      host.advanceTo(monotonicNs - startNs);
      return {
        monotonicNs,
        register: counter.raw(),
        microjoules32: (host.femtojoules() / femtojoulesPerMicrojoule) % counterModulus,
      };
    },
    trueJoules: () => Number(host.femtojoules()) / 1e15,
    close: () => undefined,
  };
}

const femtojoulesPerMicrojoule = 1_000_000_000n;
