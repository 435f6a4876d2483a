import type { EnergySource } from "../../src/energy/source.ts";
import { CarbonOpsError } from "../../src/errors.ts";
import type { SampledHost } from "../../src/monitor/sampler.ts";

/** What a host shows at a moment; a test moves it on. */
export interface HostState {
  seconds: number;
  joules: number;
  gaps: number;
  hostBusyCpuSeconds: number;
  taskCpuSeconds: number;
  /** Which of the three readings fails now. */
  failing: "energy" | "host" | "task" | null;
}

export interface ScriptedHost {
  readonly now: HostState;
  readonly sampled: SampledHost;
}

/** A host without a kernel: it shows `now`, which `beforeReading` may move on each time the energy is read. */
export function scriptedHost(beforeReading: (now: HostState) => void = () => undefined): ScriptedHost {
  const now: HostState = {
    seconds: 100,
    joules: 0,
    gaps: 0,
    hostBusyCpuSeconds: 1000,
    taskCpuSeconds: 0,
    failing: null,
  };
  const monotonicNs = () => BigInt(Math.round(now.seconds * 1e9));
  const failWhen = (part: HostState["failing"]) => {
    if (now.failing === part) throw new CarbonOpsError("HOST_UNREADABLE", `The ${part} reading fails.`);
  };
  const source = exampleSource({
    read: () => {
      beforeReading(now);
      failWhen("energy");
      const hostMicrojoules = BigInt(Math.round(now.joules * 1e6));
      return { monotonicNs: monotonicNs(), hostMicrojoules, domains: [], gaps: now.gaps };
    },
  });
  const sampled: SampledHost = {
    source,
    clock: { wallMs: () => 1_767_225_600_000 + now.seconds * 1000, monotonicNs },
    hostBusyCpuSeconds: () => {
      failWhen("host");
      return now.hostBusyCpuSeconds;
    },
    taskCpuSeconds: () => {
      failWhen("task");
      return now.taskCpuSeconds;
    },
  };
  return { now, sampled };
}

/** Counters of a CPU package, with whatever a test says otherwise. */
export function exampleSource(differences: Partial<EnergySource> = {}): EnergySource {
  return {
    id: "powercap",
    provenance: "measured",
    boundary: "package_and_dram",
    label: "RAPL package-0 through powercap",
    uncertainty: { gainLnSigma: 0.025, sourceId: "rapl.gain/host=h/pkg=0", citation: "a document" },
    idleWatts: null,
    wattsPerBusyCpu: null,
    read: () => ({ monotonicNs: 0n, hostMicrojoules: 0n, domains: [], gaps: 0 }),
    close: () => undefined,
    ...differences,
  };
}
