import type { Clock } from "../../clock.ts";
import { CarbonOpsError, messageOf } from "../../errors.ts";
import { readCpuInfo } from "../../host/cpuinfo.ts";
import { readHostname } from "../../host/hostname.ts";
import { readMemory } from "../../host/memory.ts";
import type { HostRoots } from "../../host/roots.ts";
import { type CpuTimes, readCpuTimes } from "../../host/stat.ts";
import { readPackageCount } from "../../host/topology.ts";
import { secondsFromNanoseconds } from "../../units.ts";
import type { EnergyReading, EnergySource } from "../source.ts";
import { choosePowerModel, type PowerModel } from "./power-model.ts";

export interface ModelRequest {
  readonly roots: HostRoots;
  readonly clock: Clock;
  readonly cpuTdpWatts?: number;
}

/**
 * Estimated energy: a power model, integrated over the CPU time that /proc/stat shows. Time stolen by the hypervisor is not
 * this host's. Takes the baseline reading. Throws HOST_UNREADABLE when CPU or CPU times cannot be read.
 */
export function openModel(request: ModelRequest): EnergySource {
  const { roots, clock, cpuTdpWatts } = request;
  const cpu = readCpuInfo(roots);
  const model = choosePowerModel({
    cpu,
    packageCount: readPackageCount(roots),
    memoryBytes: memoryBytesOrNull(roots),
    ...(cpuTdpWatts === undefined ? {} : { cpuTdpWatts }),
  });
  const opened = { times: readCpuTimes(roots), monotonicNs: clock.monotonicNs() };
  let estimate: Estimate = { ...opened, joules: 0, gaps: 0 };
  return {
    id: "model",
    provenance: "estimated",
    boundary: model.boundary,
    label: `power model: ${model.description}`,
    uncertainty: {
      gainLnSigma: model.gainLnSigma,
      sourceId: `model.${model.id}/host=${readHostname(roots) ?? "unknown"}`,
      citation: model.citation,
    },
    idleWatts: model.watts(opened.times.logicalCpuCount, 0),
    wattsPerBusyCpu: model.watts(opened.times.logicalCpuCount, 1) - model.watts(opened.times.logicalCpuCount, 0),
    read: () => {
      estimate = advanceEstimate(estimate, model, cpuTimesOrReadFailed(roots), clock.monotonicNs());
      return readingOf(estimate, model);
    },
    close: () => undefined,
  };
}

interface Estimate {
  readonly times: CpuTimes;
  readonly monotonicNs: bigint;
  readonly joules: number;
  readonly gaps: number;
}

/** The two readings of a tick may be this far from their timestamps (preemption, the 10 ms clock). */
const slackSeconds = 1;

/**
 * CPU time that went backwards, or forwards by more than the CPUs could spend, was not spent here (a guest was migrated or
 * restored): idle power is counted for such a tick, and the tick is a gap.
 */
function advanceEstimate(last: Estimate, model: PowerModel, times: CpuTimes, monotonicNs: bigint): Estimate {
  const elapsedSeconds = secondsFromNanoseconds(monotonicNs - last.monotonicNs);
  if (elapsedSeconds <= 0) return last;
  const busySeconds = times.busySeconds - last.times.busySeconds;
  const isPlausible = busySeconds >= 0 && busySeconds <= times.logicalCpuCount * (elapsedSeconds + slackSeconds);
  const busyCpus = isPlausible ? busySeconds / elapsedSeconds : 0;
  return {
    times,
    monotonicNs,
    joules: last.joules + model.watts(times.logicalCpuCount, busyCpus) * elapsedSeconds,
    gaps: last.gaps + (isPlausible ? 0 : 1),
  };
}

function readingOf({ joules, gaps, monotonicNs }: Estimate, model: PowerModel): EnergyReading {
  const microjoules = BigInt(Math.round(joules * 1e6));
  return {
    monotonicNs,
    hostMicrojoules: microjoules,
    domains: [{ id: model.id, kind: "package", counted: true, microjoules, wraps: 0, gaps }],
    gaps,
  };
}

function cpuTimesOrReadFailed(roots: HostRoots): CpuTimes {
  try {
    return readCpuTimes(roots);
  } catch (error) {
    throw new CarbonOpsError("ENERGY_READ_FAILED", messageOf(error), { cause: error });
  }
}

function memoryBytesOrNull(roots: HostRoots): number | null {
  try {
    return readMemory(roots).totalBytes;
  } catch {
    return null;
  }
}
