import { zeroTotals } from "../attribution/accumulator.ts";
import { type Clock, isoFromWallMs } from "../clock.ts";
import type { HostRoots } from "../host/roots.ts";
import { secondsFromNanoseconds } from "../units.ts";
import type { GpuEnergyFigures } from "./gpu-figures.ts";
import type { GpuMark, GpuSpans } from "./gpu-spans.ts";
import { glanceAtHost, type HostGlance } from "./host-glance.ts";
import { EnergyMetric } from "./metric.ts";
import { type Moment, type SpanReading, spanBetween } from "./moment.ts";
import type { OwnProcess } from "./own-process.ts";
import type { ProcessTasks } from "./process-tasks.ts";
import { ReadingAllowance } from "./reading-allowance.ts";
import type { Beginning, Sampler } from "./sampler.ts";
import { cpuOfSpan, energyOfSpan, type OpenSpan, type SpanEnd } from "./span.ts";
import type { Task } from "./task.ts";
import type { TaskFigures } from "./task-figures.ts";
import { energyOfTask, type MeasuredProcess } from "./task-statement.ts";

export interface SpanMeterOptions {
  readonly own: OwnProcess | null;
  readonly tasks: ProcessTasks;
  readonly gpus: GpuSpans;
  readonly roots: HostRoots;
  readonly clock: Clock;
  readonly nowMs: () => number;
  /** Of this process. */
  readonly pid: number;
  readonly residentBytes: () => number;
  /** Null where nothing can be read. */
  readonly measured: () => MeasuredProcess | null;
  /** Why nothing can be read. */
  readonly whyNothing: () => string;
}

interface EndedWork {
  readonly operation: string;
  readonly additionalInfo: Readonly<Record<string, unknown>> | undefined;
  /** Null where the span is no task. */
  readonly task: Task | null;
  readonly isOverlapped: boolean;
  /** Why nothing is known; where absent, for the reasons of the source. */
  readonly whyNothing?: string;
}

/** When a span began. */
export interface StartedAt {
  readonly wallMs: number;
  readonly monotonicNs: bigint;
}

const tooDeep =
  "The span began where the stack had no room left for a reading; measure around the recursion, or at a lower depth of it.";
const tooMany = "Spans come too fast for a reading each, and no energy is known yet; ask again in a second.";

/** Reads at the ends of spans, and says what was used between them. */
export class SpanMeter {
  readonly #options: SpanMeterOptions;
  readonly #allowance: ReadingAllowance;
  #glance: HostGlance | null = null;
  /** From the last time that somebody asked for the whole process on. */
  #whole: OpenSpan;

  constructor(options: SpanMeterOptions) {
    this.#options = options;
    this.#allowance = new ReadingAllowance(options.nowMs);
    this.#whole = this.begin();
  }

  begin(): OpenSpan {
    const { moment, wasRead } = this.#momentOf((sampler) => sampler.beginSpan(this.#beginning));
    return this.#openSpan(moment, wasRead);
  }

  /** Ends the span of a task. */
  async end(span: OpenSpan, task: Task, additionalInfo?: Readonly<Record<string, unknown>>): Promise<EnergyMetric> {
    const isOverlapped = span.hadOpenTasks || this.#options.tasks.startedTasks > span.startedBefore + 1;
    return this.#close(span, this.#endOf(span), { operation: task.name, additionalInfo, task, isOverlapped });
  }

  /** Of a span that could not be begun, only its times are known. */
  async endUnread(
    { wallMs, monotonicNs }: StartedAt,
    operation: string,
    additionalInfo?: Readonly<Record<string, unknown>>,
  ): Promise<EnergyMetric> {
    const { clock, tasks } = this.#options;
    const span: OpenSpan = {
      start: null,
      startWasRead: false,
      startWallMs: wallMs,
      startMonotonicNs: monotonicNs,
      gpuStart: null,
      startedBefore: tasks.startedTasks,
      hadOpenTasks: true,
    };
    const end: SpanEnd = { moment: null, wasRead: false, monotonicNs: clock.monotonicNs(), gpu: null };
    return this.#close(span, end, { operation, additionalInfo, task: null, isOverlapped: true, whyNothing: tooDeep });
  }

  /** The whole process since this was last asked for. */
  async endWhole(operation: string, additionalInfo?: Readonly<Record<string, unknown>>): Promise<EnergyMetric> {
    const span = this.#whole;
    const end = this.#endOf(span, this.#beginning);
    this.#whole = this.#openSpan(end.moment, end.wasRead);
    const isOverlapped = span.hadOpenTasks || this.#options.tasks.startedTasks > span.startedBefore;
    return this.#close(span, end, { operation, additionalInfo, task: null, isOverlapped });
  }

  /** Between spans: what is slow to change is looked at again, and GPUs are read. */
  sample(): void {
    this.#glance = null;
    this.#noteTaskPids();
    void this.#options.gpus.meter?.sample();
  }

  get #beginning(): Beginning {
    return this.#options.tasks.openTasks === 0 ? "a span" : "a span among others";
  }

  #openSpan(start: Moment | null, startWasRead: boolean): OpenSpan {
    const { clock, gpus, tasks } = this.#options;
    return {
      start,
      startWasRead,
      startWallMs: clock.wallMs(),
      startMonotonicNs: clock.monotonicNs(),
      gpuStart: gpus.meter?.start() ?? null,
      startedBefore: tasks.startedTasks,
      hadOpenTasks: tasks.openTasks > 0,
    };
  }

  /** Everything that is of this instant; what arrives later is waited for when the span is closed. */
  #endOf({ start, gpuStart }: OpenSpan, thenBegins: Beginning | "nothing" = "nothing"): SpanEnd {
    const { moment, wasRead } =
      start === null
        ? { moment: null, wasRead: false }
        : this.#momentOf((sampler) => sampler.endSpan(start, thenBegins));
    const monotonicNs = this.#options.clock.monotonicNs();
    this.#noteTaskPids();
    return { moment, wasRead, monotonicNs, gpu: this.#gpuSince(gpuStart) };
  }

  /** The moment of one reading, or of the last one where there were too many. Null where nothing can be read. */
  #momentOf(take: (sampler: Sampler) => Moment): { readonly moment: Moment | null; readonly wasRead: boolean } {
    const { own, tasks } = this.#options;
    if (own === null) return { moment: null, wasRead: false };
    if (!this.#allowance.take()) return { moment: own.sampler.latest, wasRead: false };
    tasks.endTick();
    const moment = take(own.sampler);
    tasks.endWindow();
    return { moment, wasRead: true };
  }

  #noteTaskPids(): void {
    const { gpus, own, pid } = this.#options;
    gpus.meter?.noteTaskPids([pid, ...(own?.childPids() ?? [])]);
  }

  /** Begins at once and is waited for last, so that a driver that takes its time does not make the span longer. */
  #gpuSince(start: GpuMark | null): Promise<GpuEnergyFigures | null> | null {
    return start === null ? null : (this.#options.gpus.meter?.since(start) ?? null);
  }

  async #close(span: OpenSpan, end: SpanEnd, work: EndedWork): Promise<EnergyMetric> {
    const { roots, residentBytes, whyNothing } = this.#options;
    const isUnread = work.task !== null && isBetweenReadings(span, end);
    const known = await this.#readingOf(span, end);
    const reading = isUnread ? null : known;
    const task = this.#figuresOf(work.task, work.isOverlapped || isUnread);
    const measured = this.#options.measured();
    const durationSeconds = secondsFromNanoseconds(end.monotonicNs - span.startMonotonicNs);
    const ofProcess = energyOfSpan(reading, measured, work.whyNothing ?? (isUnread ? tooMany : whyNothing()));
    // A task whose readings are of other instants than its ends is charged with what it had by itself.
    const charged = work.isOverlapped || isUnread ? task : null;
    this.#glance ??= glanceAtHost(roots);
    const { logicalCpuCount, hostTotalBytes, hostAvailableBytes, gpus } = this.#glance;
    const energy = charged === null || measured === null ? ofProcess : energyOfTask(ofProcess, charged, measured);
    const fields = {
      operation: work.operation,
      timestampStart: isoFromWallMs(span.startWallMs),
      // The wall clock may be set while a span is open; its length is the monotonic clock's.
      timestampEnd: isoFromWallMs(span.startWallMs + durationSeconds * 1000),
      durationSeconds,
      energy,
      cpu: cpuOfSpan(reading?.totals ?? zeroTotals, charged?.withChildren.cpuSeconds ?? null, logicalCpuCount),
      memory: { processResidentBytes: residentBytes(), hostTotalBytes, hostAvailableBytes },
      gpu: gpus,
      overlapped: work.isOverlapped,
      task,
      additionalInfo: work.additionalInfo ?? null,
    };
    const gpu = end.gpu === null ? null : await end.gpu;
    return new EnergyMetric(gpu === null ? fields : { ...fields, energy: { ...energy, gpu } });
  }

  /** One that is charged with its own CPU time while nobody knows yet what that draws is worth a reading. */
  #figuresOf(task: Task | null, isCharged: boolean): TaskFigures | null {
    const figures = task?.figures() ?? null;
    const { own, tasks } = this.#options;
    if (own === null || !isCharged || figures === null || figures.withChildren.marginalJoules !== null) return figures;
    tasks.endTick();
    own.sampler.advance();
    tasks.endWindow();
    return task?.figures() ?? null;
  }

  /** Readings that arrive late are waited for only where an end of this span is not known without them. */
  async #readingOf({ start }: OpenSpan, { moment }: SpanEnd): Promise<SpanReading | null> {
    const { own, tasks } = this.#options;
    if (own === null || start === null || moment === null) return null;
    const { sampler } = own;
    if (start.start === null || moment.end === null) await sampler.settle();
    tasks.catchUp();
    sampler.forget(start);
    if (moment !== this.#whole.start) sampler.forget(moment);
    return spanBetween(start, moment);
  }
}

/** Whether a span's readings are of other instants than its ends, though the source could be read. */
function isBetweenReadings(span: OpenSpan, end: SpanEnd): boolean {
  if (span.start === null || (span.startWasRead && end.wasRead)) return false;
  return span.start.failure === null && (end.moment?.failure ?? null) === null;
}
