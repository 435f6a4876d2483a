import { zeroTotals } from "../attribution/accumulator.ts";
import { type Clock, isoFromWallMs, systemClock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import { messageOf } from "../errors.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";
import { secondsFromNanoseconds } from "../units.ts";
import type { IdleBaseline } from "./energy-figures.ts";
import type { GpuEnergyFigures } from "./gpu-figures.ts";
import { type GpuMark, type GpuSpans, openGpuSpans } from "./gpu-spans.ts";
import { glanceAtHost, type HostGlance } from "./host-glance.ts";
import { type IdleCalibration, idleCalibration } from "./idle-calibration.ts";
import { type EnergyLoggerOptions, loggerSettings } from "./logger-options.ts";
import { EnergyMetric } from "./metric.ts";
import { MetricHistory } from "./metric-history.ts";
import { type Moment, type SpanReading, spanBetween } from "./moment.ts";
import { type OwnProcess, openOwnProcess } from "./own-process.ts";
import { ProcessTasks } from "./process-tasks.ts";
import { ReadingAllowance } from "./reading-allowance.ts";
import { type Beginning, defaultSampleIntervalSeconds, type Sampler } from "./sampler.ts";
import { cpuOfSpan, energyOfSpan, type OpenSpan, type SpanEnd } from "./span.ts";
import type { MetricSummary } from "./summary.ts";
import type { Task, TaskOptions } from "./task.ts";
import type { TaskReport } from "./task-figures.ts";
import { energyOfTask, type MeasuredProcess, taskFigures, taskReport } from "./task-statement.ts";

const defaultHistoryLimit = 10_000;

type Information = Readonly<Record<string, unknown>>;

/**
 * Energy of the tasks of this process. Measuring never throws into the application and never keeps the process open: what
 * could not be read is null in the metric, with the reason in `problems`.
 *
 * A span of `monitor` that has the process for itself is charged with all of it. Where tasks overlap, each is charged with what it had of
 * the process, by CPU time in each tenth of a second; `taskReport` shows beside them what is no task's.
 */
export class EnergyLogger implements AsyncDisposable {
  /** Null where nothing can be read. */
  readonly #own: OwnProcess | null;
  readonly #tasks: ProcessTasks;
  readonly #gpus: GpuSpans;
  readonly #clock: Clock;
  readonly #roots: HostRoots;
  readonly #host: string | null;
  readonly #history: MetricHistory;
  readonly #timer: NodeJS.Timeout;
  readonly #problems: string[];
  readonly #allowance = new ReadingAllowance(() => performance.now());
  #baseline: IdleBaseline;
  #glance: HostGlance | null = null;
  #sinceLastLog: OpenSpan;

  /** Opens the best energy source that this process can use and takes the baseline reading. Never rejects. */
  static async open(options: EnergyLoggerOptions = {}): Promise<EnergyLogger> {
    const problems: string[] = [];
    const clock = options.clock ?? systemClock;
    const environment = process.env;
    const settings = await loggerSettings(options, { workingDirectory: () => process.cwd(), environment }, problems);
    const roots = options.roots ?? {
      proc: settings.procRoot ?? "/proc",
      sys: settings.sysRoot ?? "/sys",
      msr: settings.msrRoot ?? "/dev/cpu",
    };
    const gpus = await openGpuSpans({ roots, clock, nvmlLibrary: settings.nvmlLibrary }, problems);
    const own = await openOwnProcess(settings, { roots, clock, environment, ownCpuSeconds }, problems);
    return new EnergyLogger(settings, roots, clock, own, gpus, problems);
  }

  private constructor(
    settings: Settings,
    roots: HostRoots,
    clock: Clock,
    own: OwnProcess | null,
    gpus: GpuSpans,
    problems: string[],
  ) {
    this.#gpus = gpus;
    this.#roots = roots;
    this.#host = readHostname(roots);
    this.#clock = clock;
    this.#own = own;
    this.#problems = problems;
    this.#history = new MetricHistory(settings.historyLimit ?? defaultHistoryLimit);
    this.#baseline = own?.baseline ?? { watts: null, origin: "none" };
    this.#tasks = new ProcessTasks({
      roots,
      own,
      nowMs: () => performance.now(),
      processCpuSeconds: ownCpuSeconds,
      random: Math.random,
      figures: (task) => taskFigures(task, this.#measured, performance.now()),
    });
    this.#sinceLastLog = this.#openSpan(this.#beginSpan());
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
    return this.#history.metrics;
  }

  /** The whole process since the last `logMetrics`, or since `open`. Tasks inside it make it `overlapped`: they have its energy too. */
  async logMetrics(operation: string, additionalInfo?: Information): Promise<EnergyMetric> {
    const span = this.#sinceLastLog;
    const end = this.#endOf(span, this.#beginning);
    this.#sinceLastLog = this.#openSpan(end.moment);
    const isOverlapped = span.hadOpenTasks || this.#tasks.startedTasks > span.startedBefore;
    return this.#closeSpan(span, end, { operation, additionalInfo, task: null, isOverlapped });
  }

  /**
   * Measures a function, synchronous or not. Its error passes through unchanged; the metric is then found in `metrics`. It costs some
   * tenths of a millisecond: for functions that are called hundreds of times a second there is `start`.
   */
  async monitor<Result>(
    operation: string,
    work: () => Result | Promise<Result>,
    additionalInfo?: Information,
    options?: Pick<TaskOptions, "labels" | "signal">,
  ): Promise<{ result: Result; metric: EnergyMetric }> {
    const span = this.#openSpan(this.#beginSpan());
    const task = this.#tasks.start(operation, { ...options, enter: false });
    try {
      const result = await task.run(work);
      task.end();
      return { result, metric: await this.#endSpan(span, task, additionalInfo) };
    } catch (error) {
      task.end("failed");
      await this.#endSpan(span, task, { ...additionalInfo, error: messageOf(error) });
      throw error;
    }
  }

  /**
   * Starts a task: it is what runs from here on in this function, and all that it awaits and starts, until the task ends. Written
   * `using task = logger.start("checkout")`, it ends with its block. Costs about a microsecond, and never throws.
   */
  start(name: string, options?: TaskOptions): Task {
    return this.#tasks.start(name, options);
  }

  /** Whose the energy of this process was since its first task, by the name of the task; exact up to this call. */
  taskReport(): TaskReport {
    this.#advance();
    return taskReport(this.#tasks, this.#measured);
  }

  /**
   * Measures the power of the idle host for `durationSeconds` and uses it as the baseline from then on. Run it while nothing
   * else runs: `hostBusyRatio` and `wasIdle` say whether that was so. Null when no energy can be read, or when the duration is
   * not between 0.2 and 3600 seconds; `problems` then says why.
   */
  async calibrateIdle(durationSeconds = 5): Promise<IdleCalibration | null> {
    const own = this.#own;
    if (own === null) return null;
    if (!(durationSeconds >= 0.2 && durationSeconds <= 3600)) {
      this.#problems.push(
        `calibrateIdle was given ${durationSeconds} seconds, but takes 0.2 to 3600; it measured nothing.`,
      );
      return null;
    }
    const calibration = await idleCalibration(
      own.sampler,
      durationSeconds,
      glanceAtHost(this.#roots).logicalCpuCount ?? 1,
    );
    if (calibration === null) return null;
    own.sampler.setIdleWatts(calibration.watts);
    const { watts, standardUncertaintyWatts } = calibration;
    this.#baseline = { watts, origin: "calibrated", standardUncertaintyWatts };
    return calibration;
  }

  /** Sums by operation over the metrics in memory. */
  summary(): MetricSummary {
    return this.#history.summary();
  }

  /**
   * Writes the metrics in memory: JSON lines where the path ends in .ndjson or .jsonl, otherwise one JSON array. Throws
   * CarbonOpsError OUTPUT_FAILED.
   */
  async exportMetrics(path: string): Promise<void> {
    await this.#history.exportTo(path, `${path}.tmp-${process.pid}`);
  }

  /** Takes a last reading and closes the counters: spans that are still open count to here. Safe to call twice. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#tasks.endTick();
    this.#own?.sampler.close();
    this.#tasks.close();
    await this.#gpus.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #measured(): MeasuredProcess | null {
    if (this.#own === null) return null;
    const { firstTotals } = this.#tasks;
    return { own: this.#own, baseline: this.#baseline, host: this.#host, firstTotals };
  }

  get #beginning(): Beginning {
    return this.#tasks.openTasks === 0 ? "a span" : "a span among others";
  }

  #openSpan(start: Moment | null): OpenSpan {
    return {
      start,
      startWallMs: this.#clock.wallMs(),
      startMonotonicNs: this.#clock.monotonicNs(),
      gpuStart: this.#gpus.meter?.start() ?? null,
      startedBefore: this.#tasks.startedTasks,
      hadOpenTasks: this.#tasks.openTasks > 0,
    };
  }

  #beginSpan(): Moment | null {
    return this.#momentOf((sampler) => sampler.beginSpan(this.#beginning));
  }

  async #endSpan(span: OpenSpan, task: Task, additionalInfo?: Information): Promise<EnergyMetric> {
    const isOverlapped = span.hadOpenTasks || this.#tasks.startedTasks > span.startedBefore + 1;
    return this.#closeSpan(span, this.#endOf(span), { operation: task.name, additionalInfo, task, isOverlapped });
  }

  /** Everything that is of this instant; what arrives later is waited for when the span is closed. */
  #endOf({ start, gpuStart }: OpenSpan, thenBegins: Beginning | "nothing" = "nothing"): SpanEnd {
    const moment = start === null ? null : this.#momentOf((sampler) => sampler.endSpan(start, thenBegins));
    const monotonicNs = this.#clock.monotonicNs();
    this.#noteTaskPids();
    return { moment, monotonicNs, gpu: this.#gpuSince(gpuStart) };
  }

  /** The moment of one reading, or of the last one where there were too many. Null where nothing can be read. */
  #momentOf(take: (sampler: Sampler) => Moment): Moment | null {
    const sampler = this.#own?.sampler;
    if (sampler === undefined) return null;
    if (!this.#allowance.take()) return sampler.latest;
    this.#tasks.endTick();
    const moment = take(sampler);
    this.#tasks.endWindow();
    return moment;
  }

  #sample(): void {
    this.#advance();
    this.#glance = null;
    this.#noteTaskPids();
    void this.#gpus.meter?.sample();
  }

  #advance(): void {
    this.#tasks.endTick();
    this.#own?.sampler.advance();
    this.#tasks.endWindow();
  }

  #noteTaskPids(): void {
    this.#gpus.meter?.noteTaskPids([process.pid, ...(this.#own?.childPids() ?? [])]);
  }

  /** Begins at once and is waited for last, so that a driver that takes its time does not make the span longer. */
  #gpuSince(start: GpuMark | null): Promise<GpuEnergyFigures | null> | null {
    return start === null ? null : (this.#gpus.meter?.since(start) ?? null);
  }

  async #closeSpan(
    span: OpenSpan,
    end: SpanEnd,
    { operation, additionalInfo, task: started, isOverlapped }: EndedWork,
  ): Promise<EnergyMetric> {
    const reading = await this.#readingOf(span, end);
    const task = started?.figures() ?? null;
    const measured = this.#measured;
    const durationSeconds = secondsFromNanoseconds(end.monotonicNs - span.startMonotonicNs);
    const ofProcess = energyOfSpan(reading, measured, this.#problems.at(-1) ?? "there is no energy source");
    const charged = isOverlapped ? task : null;
    this.#glance ??= glanceAtHost(this.#roots);
    const { logicalCpuCount, hostTotalBytes, hostAvailableBytes, gpus } = this.#glance;
    const fields = {
      operation,
      timestampStart: isoFromWallMs(span.startWallMs),
      // The wall clock may be set while a span is open; its length is the monotonic clock's.
      timestampEnd: isoFromWallMs(span.startWallMs + durationSeconds * 1000),
      durationSeconds,
      energy: charged === null || measured === null ? ofProcess : energyOfTask(ofProcess, charged, measured),
      cpu: cpuOfSpan(reading?.totals ?? zeroTotals, charged?.withChildren.cpuSeconds ?? null, logicalCpuCount),
      memory: { processResidentBytes: process.memoryUsage.rss(), hostTotalBytes, hostAvailableBytes },
      gpu: gpus,
      overlapped: isOverlapped,
      task,
      additionalInfo: additionalInfo ?? null,
    };
    const gpu = end.gpu === null ? null : await end.gpu;
    const metric = new EnergyMetric(gpu === null ? fields : { ...fields, energy: { ...fields.energy, gpu } });
    this.#history.add(metric);
    return metric;
  }

  async #readingOf({ start }: OpenSpan, { moment }: SpanEnd): Promise<SpanReading | null> {
    const sampler = this.#own?.sampler;
    if (sampler === undefined || start === null || moment === null) return null;
    await sampler.settle();
    this.#tasks.catchUp();
    sampler.forget(start);
    if (moment !== this.#sinceLastLog.start) sampler.forget(moment);
    return spanBetween(start, moment);
  }
}

interface EndedWork {
  readonly operation: string;
  readonly additionalInfo: Information | undefined;
  /** Null where the span is no task. */
  readonly task: Task | null;
  readonly isOverlapped: boolean;
}

/** CPU seconds of this process, threads that have ended included. */
function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
