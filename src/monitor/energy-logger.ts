import { performance } from "node:perf_hooks";
import { clearInterval, setInterval } from "node:timers";
import { type Clock, systemClock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import { messageOf } from "../errors.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";
import type { IdleBaseline } from "./energy-figures.ts";
import {
  checkInformation,
  givenName,
  givenOptions,
  givenSinks,
  isSink,
  type Remark,
  remarksInto,
} from "./given-values.ts";
import { type GpuSpans, openGpuSpans } from "./gpu-spans.ts";
import { glanceAtHost } from "./host-glance.ts";
import { type IdleCalibration, idleCalibration } from "./idle-calibration.ts";
import { type EnergyLoggerOptions, loggerSettings } from "./logger-options.ts";
import type { EnergyMetric } from "./metric.ts";
import { MetricHistory } from "./metric-history.ts";
import { type OwnProcess, openOwnProcess } from "./own-process.ts";
import { type OuterTask, ProcessTasks } from "./process-tasks.ts";
import { defaultSampleIntervalSeconds } from "./sampler.ts";
import type { OpenSpan } from "./span.ts";
import { SpanMeter, type StartedAt } from "./span-meter.ts";
import { hasStackRoom } from "./stack-room.ts";
import type { MetricSummary } from "./summary.ts";
import type { Task, TaskOptions } from "./task.ts";
import type { TaskReport } from "./task-figures.ts";
import type { TaskSink } from "./task-interval.ts";
import type { IntervalEdge } from "./task-intervals.ts";
import { type LastWords, TaskReporting } from "./task-reporting.ts";
import { type MeasuredProcess, taskFigures, taskReport } from "./task-statement.ts";

const defaultHistoryLimit = 10_000;
const defaultIntervalSeconds = 60;
const defaultRecordIntervalSeconds = 3600;
const defaultFlushMs = 5000;

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
  /** What was wrong with what the application handed in. */
  readonly #remarks: string[] = [];
  readonly #remark: Remark = remarksInto(this.#remarks);
  readonly #spans: SpanMeter;
  readonly #reporting: TaskReporting;
  #baseline: IdleBaseline;

  /** Opens the best energy source that this process can use and takes the baseline reading. Never rejects. */
  static async open(given: EnergyLoggerOptions = {}): Promise<EnergyLogger> {
    const problems: string[] = [];
    const options = givenOptions(given, problems);
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
    const logger = new EnergyLogger(settings, roots, clock, own, gpus, problems);
    await logger.#openRecords(settings);
    for (const sink of givenSinks(options.sinks, logger.#remark)) logger.#addSink(sink);
    return logger;
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
      nowMs,
      processCpuSeconds: ownCpuSeconds,
      random: Math.random,
      remark: this.#remark,
      figures: (task) => taskFigures(task, this.#measured, nowMs()),
      ended: (task) => this.#reporting.ended(task),
    });
    this.#reporting = new TaskReporting({
      intervalSeconds: settings.intervalSeconds ?? defaultIntervalSeconds,
      recordIntervalSeconds: settings.recordIntervalSeconds ?? defaultRecordIntervalSeconds,
      clock,
      nowMs,
      host: this.#host,
      edge: () => this.#edge(),
      measured: () => this.#measured,
      outside: (work) => this.#tasks.outside(work),
      estimator: async () => {
        const { openSpanEstimator } = await import("../carbon/span-estimator.ts");
        return openSpanEstimator(settings, { environment: process.env, clock });
      },
    });
    this.#spans = new SpanMeter({
      own,
      tasks: this.#tasks,
      gpus,
      roots,
      clock,
      nowMs,
      pid: process.pid,
      residentBytes: () => process.memoryUsage.rss(),
      measured: () => this.#measured,
      whyNothing: () => this.#problems.at(-1) ?? "there is no energy source",
    });
    const intervalSeconds = settings.sampleIntervalSeconds ?? defaultSampleIntervalSeconds;
    this.#timer = setInterval(() => this.#sample(), intervalSeconds * 1000);
    this.#timer.unref();
  }

  /** What could not be set up or read, one sentence each. */
  get problems(): readonly string[] {
    return [...this.#problems, ...this.#remarks, ...this.#reporting.problems];
  }

  /** The metrics of this logger, oldest first, at most `historyLimit`. */
  get metrics(): readonly EnergyMetric[] {
    return this.#history.metrics;
  }

  /** The whole process since the last `logMetrics`, or since `open`. Tasks inside it make it `overlapped`: they have its energy too. */
  async logMetrics(operation: string, additionalInfo?: Information): Promise<EnergyMetric> {
    return this.#kept(await this.#spans.endWhole(givenName(operation, this.#remark), additionalInfo));
  }

  /**
   * Measures a function, synchronous or not. Its error passes through unchanged; the metric is then found in `metrics`. It costs some
   * tenths of a millisecond: for functions that are called hundreds of times a second there is `start`.
   */
  monitor<Result>(
    operation: string,
    work: () => Result | Promise<Result>,
    additionalInfo?: Information,
    options?: Pick<TaskOptions, "labels" | "signal">,
  ): Promise<{ result: Result; metric: EnergyMetric }> {
    const monitored = this.#begin(operation, additionalInfo, options);
    // Nothing else of ours stays on the stack while the function runs: it may call itself, and this, a thousand deep.
    try {
      return this.#end(monitored, work());
    } catch (error) {
      return this.#end(monitored, Promise.reject(error));
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

  /** From now on it is known what the process does, and not only from its first task on. Never throws. */
  begin(): void {
    try {
      this.#tasks.begin();
    } catch (error) {
      this.#problems.push(messageOf(error));
    }
  }

  /** From now on the sink is handed what the tasks used: each interval, and each task that has ended. Never throws. */
  addSink(sink: TaskSink): void {
    this.#addSink(sink);
  }

  #addSink(sink: unknown): void {
    try {
      if (!isSink(sink, this.#remark)) return;
      this.#tasks.begin();
      this.#reporting.addSink(sink);
    } catch (error) {
      this.#problems.push(messageOf(error));
    }
  }

  /**
   * Ends the running interval now, and with it the running span of records where tasks had a part in it, and waits until sinks and ledger
   * have done with them, for 5 seconds unless said otherwise. What is not done by then goes on in the background. Never rejects.
   */
  async flush(options?: { readonly timeoutMs?: number }): Promise<void> {
    await this.#reporting.flush(options?.timeoutMs ?? defaultFlushMs);
  }

  /**
   * Ends what is running at the end of a process that can wait for nothing any more: it is for another thread to hand on. Null where nobody takes
   * anything.
   */
  lastWords(): LastWords | null {
    return this.#reporting.lastWords();
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

  /**
   * Takes a last reading and closes the counters: spans that are still open count to here. Then the last interval goes to sinks and ledger,
   * which have 5 seconds for it unless said otherwise. Safe to call twice.
   */
  async close({ timeoutMs = defaultFlushMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    clearInterval(this.#timer);
    this.#tasks.endTick();
    this.#own?.sampler.close();
    this.#tasks.close();
    await this.#reporting.close(timeoutMs);
    await this.#gpus.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Where the stack has no room for it, what is monitored runs unmeasured. */
  #begin(
    operation: string,
    additionalInfo: Information | undefined,
    options: Pick<TaskOptions, "labels" | "signal"> | undefined,
  ): Monitored {
    const startedAt = { wallMs: this.#clock.wallMs(), monotonicNs: this.#clock.monotonicNs() };
    const unread = { operation, additionalInfo, startedAt, span: null, task: null, outer: null };
    try {
      if (!hasStackRoom()) return unread;
      checkInformation(additionalInfo, options, this.#remark);
      const span = this.#spans.begin();
      const task = this.#tasks.start(operation, { ...options, enter: false });
      return { ...unread, span, task, outer: this.#tasks.enter(task) };
    } catch {
      return unread;
    }
  }

  /** Takes over once the function has returned: an error of it passes through. */
  async #end<Result>(
    { operation, additionalInfo, startedAt, span, task, outer }: Monitored,
    pending: Result | Promise<Result>,
  ): Promise<{ result: Result; metric: EnergyMetric }> {
    if (outer !== null) this.#tasks.leave(outer);
    const metricOf = async (info: Information | undefined): Promise<EnergyMetric> =>
      this.#kept(
        span === null || task === null
          ? await this.#spans.endUnread(startedAt, givenName(operation, this.#remark), info)
          : await this.#spans.end(span, task, info),
      );
    try {
      const result = await pending;
      task?.end();
      return { result, metric: await metricOf(additionalInfo) };
    } catch (error) {
      task?.end("failed");
      await metricOf({ ...additionalInfo, error: messageOf(error) });
      throw error;
    }
  }

  #kept(metric: EnergyMetric): EnergyMetric {
    this.#history.add(metric);
    return metric;
  }

  async #openRecords(settings: Settings): Promise<void> {
    if (settings.ledger === undefined || settings.records === "none") return;
    try {
      const { openTaskRecords } = await import("./task-records.ts");
      const records = openTaskRecords(settings.ledger, settings, {
        workingDirectory: process.cwd(),
        environment: process.env,
        clock: this.#clock,
        host: this.#host,
        pid: process.pid,
      });
      this.#tasks.begin();
      this.#reporting.record(records);
    } catch (error) {
      this.#problems.push(messageOf(error));
    }
  }

  #edge(): IntervalEdge {
    const report = this.taskReport();
    return {
      wallMs: this.#clock.wallMs(),
      monotonicNs: this.#clock.monotonicNs(),
      report,
      measured: this.#measured,
      totals: this.#own?.sampler.totals ?? null,
      labelsOf: (name) => this.#tasks.names.labelsOf(name),
    };
  }

  get #measured(): MeasuredProcess | null {
    if (this.#own === null) return null;
    const { firstTotals } = this.#tasks;
    return { own: this.#own, baseline: this.#baseline, host: this.#host, firstTotals };
  }

  #sample(): void {
    this.#advance();
    this.#spans.sample();
    this.#reporting.sampled();
  }

  #advance(): void {
    this.#tasks.endTick();
    this.#own?.sampler.advance();
    this.#tasks.endWindow();
  }
}

/** What is known of a call of `monitor` while its function runs. */
interface Monitored {
  readonly operation: string;
  readonly additionalInfo: Information | undefined;
  readonly startedAt: StartedAt;
  /** Null where it could not be begun. */
  readonly span: OpenSpan | null;
  readonly task: Task | null;
  /** What ran where it was called. */
  readonly outer: OuterTask | null;
}

/** Held here, since an application may take what is global away, or put something else in its place. */
const cpuUsage = process.cpuUsage.bind(process);
const nowMs = performance.now.bind(performance);

/** CPU seconds of this process, threads that have ended included. */
function ownCpuSeconds(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}
