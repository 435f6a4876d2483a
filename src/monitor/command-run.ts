import type { Clock } from "../clock.ts";
import type { GpuEnergySource } from "../energy/gpu.ts";
import type { EnergySource } from "../energy/source.ts";
import type { GpuUse } from "../host/gpu.ts";
import { readHostname } from "../host/hostname.ts";
import { readMemory } from "../host/memory.ts";
import { isForegroundProcessGroup } from "../host/process.ts";
import type { HostRoots } from "../host/roots.ts";
import { readCpuTimes } from "../host/stat.ts";
import { secondsFromNanoseconds } from "../units.ts";
import { type SignalSubscription, startCommand } from "./child-command.ts";
import { type EnergyFigures, energyFigures, type IdleBaseline, unknownEnergy } from "./energy-figures.ts";
import { EnergyTimeline, type TimedEnergy } from "./energy-timeline.ts";
import { gpuEnergyFigures } from "./gpu-figures.ts";
import { GpuMeter } from "./gpu-meter.ts";
import { GpuObserver } from "./gpu-observer.ts";
import { spanBetween } from "./moment.ts";
import { Sampler } from "./sampler.ts";
import { TaskProcesses } from "./task-processes.ts";

export interface CommandRunOptions {
  readonly program: string;
  readonly programArguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly source: EnergySource;
  readonly idleBaseline: IdleBaseline;
  readonly sampleIntervalSeconds: number;
  readonly clock: Clock;
  readonly roots: HostRoots;
  readonly onSignal: SignalSubscription;
  /** Where the energy of GPUs comes from; default: nowhere. The caller closes them. */
  readonly gpuSources?: readonly GpuEnergySource[];
}

export interface CommandOutcome {
  /** Exit status as a shell would report it: the command's own, or 128 + n when signal n ended it. */
  readonly exitStatus: number;
  readonly signal: NodeJS.Signals | null;
  readonly startWallMs: number;
  /** From the start of the command to its end, by the monotonic clock. */
  readonly durationSeconds: number;
  readonly energy: EnergyFigures;
  /** When the task's energy was used, in disjoint parts of the span; empty where it was not read. */
  readonly energyByTime: readonly TimedEnergy[];
  readonly cpu: CpuUse;
  readonly memory: MemoryUse;
  readonly gpus: readonly GpuUse[];
  /** The host's name; null where the kernel does not say. */
  readonly host: string | null;
  /** Processes of the command that were still alive when it ended: what they do later is not in these figures. */
  readonly processesLeftRunning: number;
}

export interface CpuUse {
  /** CPU seconds of the command, its children and grandchildren, dead ones included. */
  readonly taskCpuSeconds: number;
  /** CPU seconds of everything on the host over the same span. */
  readonly hostBusyCpuSeconds: number;
  readonly logicalCpuCount: number;
}

export interface MemoryUse {
  /** Largest sum of resident memory over the command's processes at any sample; null when it ended before the first. */
  readonly peakResidentBytes: number | null;
  readonly hostTotalBytes: number | null;
}

/**
 * Looks at processes and GPUs before the first regular sample, so that a command that lives for less than an interval has
 * its memory and its orphans seen. Energy is not shared out over such short ticks: CPU clocks are cut to 10 ms.
 */
const earlyLookSeconds: readonly number[] = [0.02, 0.1, 0.3];

/**
 * Starts a command with this process's own standard streams and measures until it ends. Throws COMMAND_NOT_FOUND or
 * COMMAND_NOT_STARTED when it cannot be started, HOST_UNREADABLE or ENERGY_READ_FAILED when nothing can be measured.
 */
export async function runCommand(options: CommandRunOptions): Promise<CommandOutcome> {
  const { clock, roots, source } = options;
  const { logicalCpuCount } = readCpuTimes(roots);
  const processes = new TaskProcesses(roots);
  const gpus = new GpuObserver(roots);
  const gpuMeter = await GpuMeter.open(options.gpuSources ?? [], roots);
  const sampler = new Sampler(
    {
      source,
      clock,
      hostBusyCpuSeconds: () => readCpuTimes(roots).busySeconds,
      taskCpuSeconds: () => processes.sample(),
    },
    options.idleBaseline.watts ?? 0,
  );
  const { end } = await startCommand({ ...options, isForeground: () => isForegroundProcessGroup(roots) }).catch(
    async (error: unknown) => {
      await gpuMeter.finish();
      throw error;
    },
  );
  const startWallMs = clock.wallMs();
  const startMonotonicNs = clock.monotonicNs();
  const stopLooking = lookEarly(() => {
    processes.sample();
    gpuMeter.noteTaskPids(processes.pids);
    gpus.sample();
  });
  const timeline = new EnergyTimeline(startWallMs);
  const noteEnergy = (): void => {
    const elapsedSeconds = secondsFromNanoseconds(clock.monotonicNs() - startMonotonicNs);
    timeline.advanceTo(startWallMs + elapsedSeconds * 1000, sampler.totals.taskJoules);
  };
  const sampling = setInterval(() => {
    if (sampler.advance()) noteEnergy();
    gpus.sample();
    gpuMeter.noteTaskPids(processes.pids);
    void gpuMeter.advance();
  }, options.sampleIntervalSeconds * 1000);
  const { exitStatus, signal } = await end;
  const durationSeconds = secondsFromNanoseconds(clock.monotonicNs() - startMonotonicNs);
  const atEnd = sampler.endSpan(sampler.opened);
  stopLooking();
  clearInterval(sampling);
  await sampler.settle();
  gpus.sample();
  gpuMeter.noteTaskPids(processes.pids);
  await gpuMeter.finish();
  const { totals, gaps, failure } = spanBetween(sampler.opened, atEnd);
  timeline.advanceTo(startWallMs + durationSeconds * 1000, totals.taskJoules);
  const gpuEnergy = gpuEnergyFigures(gpuMeter.boards);
  const host = readHostname(roots);
  return {
    exitStatus,
    signal,
    startWallMs,
    durationSeconds,
    energy: {
      ...(failure === null
        ? energyFigures(source, totals, options.idleBaseline, gaps, host)
        : unknownEnergy(failure, gaps)),
      ...(gpuEnergy === null ? {} : { gpu: gpuEnergy }),
    },
    energyByTime: timeline.parts,
    cpu: { taskCpuSeconds: totals.taskCpuSeconds, hostBusyCpuSeconds: totals.hostBusyCpuSeconds, logicalCpuCount },
    memory: { peakResidentBytes: processes.peakResidentBytes, hostTotalBytes: hostMemoryBytes(roots) },
    gpus: gpuMeter.completed(gpus.use),
    host,
    processesLeftRunning: processes.aliveCount,
  };
}

/** Calls `look` at the early instants; one that fails is left to the next regular sample. */
function lookEarly(look: () => void): () => void {
  const timers = earlyLookSeconds.map((seconds) =>
    setTimeout(() => {
      try {
        look();
      } catch {
        // The regular sample that follows counts a failed reading; these looks only add detail.
      }
    }, seconds * 1000),
  );
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}

function hostMemoryBytes(roots: HostRoots): number | null {
  try {
    return readMemory(roots).totalBytes;
  } catch {
    return null;
  }
}
