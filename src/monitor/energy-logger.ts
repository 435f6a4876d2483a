import { rename, writeFile } from "node:fs/promises";
import { type AttributionTotals, zeroTotals } from "../attribution/accumulator.ts";
import { type Clock, isoFromWallMs, systemClock } from "../clock.ts";
import { type FoundValue, type Layer, mergeLayers } from "../config/layers.ts";
import { loadSettings } from "../config/load.ts";
import type { SettingName, Settings } from "../config/settings.ts";
import { openSource } from "../discovery/open-source.ts";
import type { EnergySource } from "../energy/source.ts";
import { CarbonOpsError, messageOf } from "../errors.ts";
import { readGpus } from "../host/gpu.ts";
import { readHostname } from "../host/hostname.ts";
import { readMemory } from "../host/memory.ts";
import type { HostRoots } from "../host/roots.ts";
import { readCpuTimes } from "../host/stat.ts";
import { secondsFromNanoseconds } from "../units.ts";
import {
  type EnergyFigures,
  energyFigures,
  type IdleBaseline,
  idleBaselineFor,
  unknownEnergy,
} from "./energy-figures.ts";
import type { GpuEnergyFigures } from "./gpu-figures.ts";
import { type GpuMark, type GpuSpans, openGpuSpans } from "./gpu-spans.ts";
import { type IdleCalibration, idleCalibration } from "./idle-calibration.ts";
import { EnergyMetric, type MetricCpu, type MetricMemory } from "./metric.ts";
import { type Moment, type SpanReading, spanBetween } from "./moment.ts";
import { defaultSampleIntervalSeconds, Sampler } from "./sampler.ts";
import { baselineFilePath, findBaseline } from "./stored-baseline.ts";
import { type MetricSummary, summarise } from "./summary.ts";
import { TaskProcesses } from "./task-processes.ts";

export interface EnergyLoggerOptions {
  /** Where joules come from; default: the best source that this process can use. */
  readonly energySource?: "auto" | "governor" | "powercap" | "msr" | "model" | undefined;
  /** The socket of the governor; default /var/run/carbon-ops.sock. */
  readonly governorSocket?: string | undefined;
  /** Power of the idle host in watts, as the source sees it; 0 or more. */
  readonly idleBaselineWatts?: number | undefined;
  /** Above 0. */
  readonly cpuTdpWatts?: number | undefined;
  /** Time between two readings, in seconds (0.1 to 60). */
  readonly sampleIntervalSeconds?: number | undefined;
  /** Metrics kept in memory (1 to 1000000); older ones are dropped, and counted. */
  readonly historyLimit?: number | undefined;
  readonly configFile?: string | undefined;
  /** Kernel files, for containers that mount the host's elsewhere, and for tests. */
  readonly roots?: HostRoots | undefined;
  readonly clock?: Clock | undefined;
}

const defaultHistoryLimit = 10_000;

interface OpenSpan {
  /** Null where nothing can be read. */
  readonly start: Moment | null;
  readonly startWallMs: number;
  readonly startMonotonicNs: bigint;
  /** Null where no GPU can be read. */
  readonly gpuStart: GpuMark | null;
  overlapped: boolean;
}

interface SpanEnd {
  /** Null where nothing can be read. */
  readonly moment: Moment | null;
  readonly monotonicNs: bigint;
  /** Null where no GPU can be read. */
  readonly gpu: Promise<GpuEnergyFigures | null> | null;
}

interface Measuring {
  readonly source: EnergySource;
  readonly sampler: Sampler;
  readonly baseline: IdleBaseline;
  /** What this process has started, at the last sample. */
  childPids(): Iterable<number>;
}

/**
 * Energy of the tasks of this process. Measuring never throws into the application and never keeps the process open: what
 * could not be read is null in the metric, with the reason in `problems`.
 *
 * In this version a span is charged with the whole process: spans that overlap are each charged with all of it, and say so
 * (`overlapped`).
 */
export class EnergyLogger implements AsyncDisposable {
  /** Null where nothing can be read. */
  readonly #measuring: Measuring | null;
  readonly #gpus: GpuSpans;
  readonly #clock: Clock;
  readonly #roots: HostRoots;
  readonly #host: string | null;
  readonly #historyLimit: number;
  readonly #timer: NodeJS.Timeout;
  readonly #problems: string[];
  readonly #openSpans = new Set<OpenSpan>();
  #baseline: IdleBaseline;
  #metrics: EnergyMetric[] = [];
  #droppedMetrics = 0;
  #sinceLastLog: OpenSpan;

  /** Opens the best energy source that this process can use and takes the baseline reading. Never rejects. */
  static async open(options: EnergyLoggerOptions = {}): Promise<EnergyLogger> {
    const problems: string[] = [];
    const clock = options.clock ?? systemClock;
    const settings = await loggerSettings(options, problems);
    const roots = options.roots ?? {
      proc: settings.procRoot ?? "/proc",
      sys: settings.sysRoot ?? "/sys",
      msr: settings.msrRoot ?? "/dev/cpu",
    };
    const gpus = await openGpuSpans({ roots, clock, nvmlLibrary: settings.nvmlLibrary }, problems);
    const measuring = await startMeasuring(settings, roots, clock, problems);
    return new EnergyLogger(settings, roots, clock, measuring, gpus, problems);
  }

  private constructor(
    settings: Settings,
    roots: HostRoots,
    clock: Clock,
    measuring: Measuring | null,
    gpus: GpuSpans,
    problems: string[],
  ) {
    this.#gpus = gpus;
    this.#roots = roots;
    this.#host = readHostname(roots);
    this.#clock = clock;
    this.#measuring = measuring;
    this.#problems = problems;
    this.#historyLimit = settings.historyLimit ?? defaultHistoryLimit;
    this.#baseline = measuring?.baseline ?? { watts: null, origin: "none" };
    this.#sinceLastLog = this.#openSpan(measuring?.sampler.beginSpan() ?? null);
    const intervalSeconds = settings.sampleIntervalSeconds ?? defaultSampleIntervalSeconds;
    this.#timer = setInterval(() => this.#sample(), intervalSeconds * 1000);
    this.#timer.unref();
  }

  /** What could not be set up or read, one sentence each. */
  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /** The metrics of this logger, oldest first, at most `historyLimit`. */
  get metrics(): readonly EnergyMetric[] {
    return [...this.#metrics];
  }

  /** The span since the last `logMetrics`, or since `open`. Spans of `monitor` inside it make it `overlapped`. */
  async logMetrics(operation: string, additionalInfo?: Readonly<Record<string, unknown>>): Promise<EnergyMetric> {
    const span = this.#sinceLastLog;
    const end = this.#endOf(span, "another begins");
    this.#sinceLastLog = this.#openSpan(end.moment);
    return this.#closeSpan(span, end, operation, additionalInfo);
  }

  /**
   * Measures a function, synchronous or not. Its error passes through unchanged; the metric is then found in `metrics`.
   */
  async monitor<Result>(
    operation: string,
    task: () => Result | Promise<Result>,
    additionalInfo?: Readonly<Record<string, unknown>>,
  ): Promise<{ result: Result; metric: EnergyMetric }> {
    const span = this.#openSpan(this.#measuring?.sampler.beginSpan() ?? null);
    span.overlapped = this.#openSpans.size > 0;
    this.#sinceLastLog.overlapped = true;
    for (const other of this.#openSpans) other.overlapped = true;
    this.#openSpans.add(span);
    try {
      const result = await task();
      return { result, metric: await this.#endSpan(span, operation, additionalInfo) };
    } catch (error) {
      await this.#endSpan(span, operation, { ...additionalInfo, error: messageOf(error) });
      throw error;
    }
  }

  /**
   * Measures the power of the idle host for `durationSeconds` and uses it as the baseline from then on. Run it while nothing
   * else runs: `hostBusyRatio` and `wasIdle` say whether that was so. Null when no energy can be read, or when the duration is
   * not between 0.2 and 3600 seconds; `problems` then says why.
   */
  async calibrateIdle(durationSeconds = 5): Promise<IdleCalibration | null> {
    const measuring = this.#measuring;
    if (measuring === null) return null;
    if (!(durationSeconds >= 0.2 && durationSeconds <= 3600)) {
      this.#problems.push(
        `calibrateIdle was given ${durationSeconds} seconds, but takes 0.2 to 3600; it measured nothing.`,
      );
      return null;
    }
    const calibration = await idleCalibration(measuring.sampler, durationSeconds, this.#logicalCpuCount() ?? 1);
    if (calibration === null) return null;
    measuring.sampler.setIdleWatts(calibration.watts);
    const { watts, standardUncertaintyWatts } = calibration;
    this.#baseline = { watts, origin: "calibrated", standardUncertaintyWatts };
    return calibration;
  }

  /** Sums by operation over the metrics in memory. */
  summary(): MetricSummary {
    return summarise(this.#metrics, this.#droppedMetrics);
  }

  /** Writes the metrics in memory: JSON lines where the path ends in .ndjson or .jsonl, otherwise one JSON array. */
  async exportMetrics(path: string): Promise<void> {
    const asLines = path.endsWith(".ndjson") || path.endsWith(".jsonl");
    const temporaryPath = `${path}.tmp-${process.pid}`;
    try {
      const lines = this.#metrics.map((metric) => JSON.stringify(metric));
      const text = asLines ? lines.map((line) => `${line}\n`).join("") : `[${lines.join(",\n")}]\n`;
      await writeFile(temporaryPath, text);
      await rename(temporaryPath, path);
    } catch (error) {
      throw new CarbonOpsError("OUTPUT_FAILED", `The metrics could not be written to ${path}: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }

  /** Takes a last reading and closes the counters: spans that are still open count to here. Safe to call twice. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#measuring?.sampler.close();
    await this.#gpus.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #openSpan(start: Moment | null): OpenSpan {
    return {
      start,
      startWallMs: this.#clock.wallMs(),
      startMonotonicNs: this.#clock.monotonicNs(),
      gpuStart: this.#gpus.meter?.start() ?? null,
      overlapped: false,
    };
  }

  async #endSpan(
    span: OpenSpan,
    operation: string,
    additionalInfo?: Readonly<Record<string, unknown>>,
  ): Promise<EnergyMetric> {
    const end = this.#endOf(span);
    this.#openSpans.delete(span);
    return this.#closeSpan(span, end, operation, additionalInfo);
  }

  /** Everything that is of this instant; what arrives later is waited for when the span is closed. */
  #endOf({ start, gpuStart }: OpenSpan, andThen: "nothing" | "another begins" = "nothing"): SpanEnd {
    const moment = start === null ? null : (this.#measuring?.sampler.endSpan(start, andThen) ?? null);
    const monotonicNs = this.#clock.monotonicNs();
    this.#noteTaskPids();
    return { moment, monotonicNs, gpu: this.#gpuSince(gpuStart) };
  }

  #sample(): void {
    this.#measuring?.sampler.advance();
    this.#noteTaskPids();
    void this.#gpus.meter?.sample();
  }

  #noteTaskPids(): void {
    this.#gpus.meter?.noteTaskPids([process.pid, ...(this.#measuring?.childPids() ?? [])]);
  }

  /** Begins at once and is waited for last, so that a driver that takes its time does not make the span longer. */
  #gpuSince(start: GpuMark | null): Promise<GpuEnergyFigures | null> | null {
    return start === null ? null : (this.#gpus.meter?.since(start) ?? null);
  }

  async #closeSpan(
    span: OpenSpan,
    end: SpanEnd,
    operation: string,
    additionalInfo?: Readonly<Record<string, unknown>>,
  ): Promise<EnergyMetric> {
    const reading = await this.#readingOf(span, end);
    const durationSeconds = secondsFromNanoseconds(end.monotonicNs - span.startMonotonicNs);
    const fields = {
      operation,
      timestampStart: isoFromWallMs(span.startWallMs),
      // The wall clock may be set while a span is open; its length is the monotonic clock's.
      timestampEnd: isoFromWallMs(span.startWallMs + durationSeconds * 1000),
      durationSeconds,
      energy: this.#energyOf(reading),
      cpu: this.#cpuOf(reading?.totals ?? zeroTotals),
      memory: this.#memory(),
      gpu: readGpus(this.#roots),
      overlapped: span.overlapped,
      additionalInfo: additionalInfo ?? null,
    };
    const gpu = end.gpu === null ? null : await end.gpu;
    const metric = new EnergyMetric(gpu === null ? fields : { ...fields, energy: { ...fields.energy, gpu } });
    this.#metrics.push(metric);
    if (this.#metrics.length > this.#historyLimit) {
      this.#metrics.shift();
      this.#droppedMetrics += 1;
    }
    return metric;
  }

  async #readingOf({ start }: OpenSpan, { moment }: SpanEnd): Promise<SpanReading | null> {
    const sampler = this.#measuring?.sampler;
    if (sampler === undefined || start === null || moment === null) return null;
    await sampler.settle();
    sampler.forget(start);
    if (moment !== this.#sinceLastLog.start) sampler.forget(moment);
    return spanBetween(start, moment);
  }

  #energyOf(reading: SpanReading | null): EnergyFigures {
    if (this.#measuring === null || reading === null) {
      return unknownEnergy(this.#problems.at(-1) ?? "there is no energy source");
    }
    const { totals, gaps, failure } = reading;
    if (failure !== null) return unknownEnergy(failure, gaps);
    return energyFigures(this.#measuring.source, totals, this.#baseline, gaps, this.#host);
  }

  #cpuOf(totals: AttributionTotals): MetricCpu {
    const logicalCpuCount = this.#logicalCpuCount();
    if (totals.tickCount === 0) {
      return { taskCpuSeconds: null, hostBusyCpuSeconds: null, logicalCpuCount, cpuPercent: null };
    }
    const capacitySeconds = totals.durationSeconds * (logicalCpuCount ?? 0);
    return {
      taskCpuSeconds: totals.taskCpuSeconds,
      hostBusyCpuSeconds: totals.hostBusyCpuSeconds,
      logicalCpuCount,
      cpuPercent: capacitySeconds > 0 ? (100 * totals.hostBusyCpuSeconds) / capacitySeconds : null,
    };
  }

  #logicalCpuCount(): number | null {
    return valueOrNull(() => readCpuTimes(this.#roots).logicalCpuCount);
  }

  #memory(): MetricMemory {
    const memory = valueOrNull(() => readMemory(this.#roots));
    return {
      processResidentBytes: process.memoryUsage.rss(),
      hostTotalBytes: memory?.totalBytes ?? null,
      hostAvailableBytes: memory?.availableBytes ?? null,
    };
  }
}

/** The options that are settings too: they are judged by the one schema, and win over file and environment. */
const optionNames = [
  "energySource",
  "governorSocket",
  "idleBaselineWatts",
  "cpuTdpWatts",
  "sampleIntervalSeconds",
  "historyLimit",
] as const satisfies readonly SettingName[];

/** Settings of file, environment and options. What is not allowed is left out, with a sentence in `problems`. */
async function loggerSettings(options: EnergyLoggerOptions, problems: string[]): Promise<Settings> {
  const flags = allowedOptions(options, problems);
  try {
    return await loadSettings({
      workingDirectory: process.cwd(),
      environment: process.env,
      configFile: options.configFile,
      flags,
    });
  } catch (error) {
    problems.push(messageOf(error));
    return mergeLayers([flags]);
  }
}

function allowedOptions(options: EnergyLoggerOptions, problems: string[]): Layer {
  const layer = new Map<SettingName, FoundValue>();
  for (const name of optionNames) {
    const value = options[name];
    if (value === undefined) continue;
    const found = { origin: `The option ${name}`, value };
    try {
      mergeLayers([new Map([[name, found]])]);
      layer.set(name, found);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return layer;
}

async function startMeasuring(
  settings: Settings,
  roots: HostRoots,
  clock: Clock,
  problems: string[],
): Promise<Measuring | null> {
  try {
    const { cpuTdpWatts } = settings;
    const { source } = await openSource({
      roots,
      clock,
      wanted: settings.energySource ?? "auto",
      governorSocket: settings.governorSocket,
      ...(cpuTdpWatts === undefined ? {} : { cpuTdpWatts }),
    });
    try {
      const baseline = baselineOf(source, settings.idleBaselineWatts, roots, clock, problems);
      const children = new TaskProcesses(roots);
      const sampler = ownSampler(source, baseline, children, roots, clock);
      return { source, sampler, baseline, childPids: () => children.pids };
    } catch (error) {
      source.close();
      throw error;
    }
  } catch (error) {
    problems.push(messageOf(error));
    return null;
  }
}

/** Samples this process and what it has started. Throws when the host cannot be read at all. */
function ownSampler(
  source: EnergySource,
  baseline: IdleBaseline,
  children: TaskProcesses,
  roots: HostRoots,
  clock: Clock,
): Sampler {
  return new Sampler(
    {
      source,
      clock,
      hostBusyCpuSeconds: () => readCpuTimes(roots).busySeconds,
      taskCpuSeconds: () => ownCpuSeconds() + children.sample(),
    },
    baseline.watts ?? 0,
  );
}

/** A stored baseline that is not used is a problem to know of; a configured one makes it irrelevant. */
function baselineOf(
  source: EnergySource,
  configuredWatts: number | undefined,
  roots: HostRoots,
  clock: Clock,
  problems: string[],
): IdleBaseline {
  if (configuredWatts !== undefined) return idleBaselineFor(source, configuredWatts);
  const path = baselineFilePath(process.env);
  const { baseline, note } = findBaseline(path, source, readHostname(roots), clock.wallMs());
  if (note !== null) problems.push(note);
  return idleBaselineFor(source, undefined, baseline);
}

/** CPU seconds of this process, threads that have ended included. */
function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function valueOrNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}
