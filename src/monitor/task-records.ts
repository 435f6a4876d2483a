import type { JsonObject } from "../ledger/canonical-json.ts";
import { prepareRecorder, type RecorderSettings, type RecorderSurroundings } from "../ledger/recorder.ts";
import { buildCarbonEstimateRecord } from "../record/carbon-estimate-record.ts";
import type { EnergyFigures } from "./energy-figures.ts";
import type { EnergyOfSpan, StatedCarbon } from "./interval-carbon.ts";
import { RecordQueue } from "./record-queue.ts";
import type { PartOfSpan, RecordSpan } from "./record-span.ts";
import type { EndedTask } from "./task-interval.ts";
import type { ProcessPart } from "./task-intervals.ts";
import { wholeRecordId } from "./whole-record.ts";

export interface TaskRecordsOptions {
  readonly queue: RecordQueue;
  /** A record for each name and span, or for each watched task. */
  readonly of: "interval" | "task";
  readonly host: string | null;
  /** The id of a record that will hold the energy of this whole process, of which these are parts. */
  readonly partOf: string | undefined;
  /** Written into every record; a task's own win. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Grams of an energy, asked for when its record is made. */
export type CarbonOf = (span: EnergyOfSpan) => Promise<StatedCarbon>;

/** What stands in for a sentence that is not there. */
const unknownReason = "nothing is known of it";

interface RecordSurroundings extends Omit<RecorderSurroundings, "lockWaitSeconds"> {
  readonly host: string | null;
  readonly pid: number;
}

interface RecordSettings extends RecorderSettings {
  readonly records?: "interval" | "task" | "none" | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Other writers are waited for no longer, in seconds: what cannot be written now is tried again, and nobody's end waits for it. */
const lockWaitSeconds = 2;

/** Opens the ledger in the background: what hinders it is in `problems`, and tried again. */
export function openTaskRecords(path: string, settings: RecordSettings, surroundings: RecordSurroundings): TaskRecords {
  const { host, pid, clock } = surroundings;
  const queue = new RecordQueue({
    path,
    clock,
    writer: `The process ${pid} of ${host ?? "an unnamed host"}`,
    open: async () => prepareRecorder(path, settings, { ...surroundings, lockWaitSeconds }),
  });
  void queue.flush();
  return new TaskRecords({
    queue,
    of: settings.records === "task" ? "task" : "interval",
    host,
    partOf: wholeRecordId(surroundings.environment),
    labels: settings.labels ?? {},
  });
}

/** Makes records of tasks for the ledger. */
export class TaskRecords {
  readonly #options: TaskRecordsOptions;

  constructor(options: TaskRecordsOptions) {
    this.#options = options;
  }

  get isOfTasks(): boolean {
    return this.#options.of === "task";
  }

  get problems(): readonly string[] {
    return this.#options.queue.problems;
  }

  /** Hands a record of each part to the ledger, and each estimate has a turn of the event loop for itself. */
  takeSpan({ parts, startMs, endMs }: RecordSpan, carbonOf: CarbonOf): void {
    const { queue, host } = this.#options;
    const durationSeconds = (endMs - startMs) / 1000;
    for (const part of parts) {
      const { energy, energyByTime } = part;
      queue.add(async () => {
        const stated = await carbonOf({ energy, energyByTime, startMs, endMs, host });
        return this.#record({ ...part, ...stated, durationSeconds, name: nameOf(part) });
      });
    }
  }

  takeTask({ task, energy, startMs, endMs }: TaskToRecord, carbonOf: CarbonOf): void {
    const { queue, host } = this.#options;
    const { name, labels, cpuSeconds, durationSeconds } = task;
    const named = { processPart: "task", name: taskName(name), labels, cpuSeconds, calls: callOf(task) } as const;
    queue.add(async () => {
      const stated = await carbonOf({ energy, startMs, endMs, host });
      return this.#record({ ...named, ...stated, energy, durationSeconds });
    });
  }

  /** Counts a task that has no record. */
  drop(reason: string): void {
    this.#options.queue.drop(reason);
  }

  async flush(): Promise<void> {
    await this.#options.queue.flush();
  }

  async close(): Promise<void> {
    await this.#options.queue.close();
  }

  #record({ name, labels, durationSeconds, cpuSeconds, energy, processPart, calls, ...stated }: ToRecord): JsonObject {
    const { host, partOf } = this.#options;
    if (stated.carbon === null) throw new Error(stated.problem ?? unknownReason);
    return buildCarbonEstimateRecord({
      type: "span",
      name,
      labels: { ...this.#options.labels, ...labels },
      host,
      durationSeconds,
      estimate: stated.carbon,
      energy,
      // Below 0, by chance, where few calls are sampled.
      cpu: { taskCpuSeconds: cpuSeconds < 0 ? null : cpuSeconds, hostBusyCpuSeconds: null, logicalCpuCount: null },
      processPart: recordedPart[processPart],
      ...(calls === null ? {} : { calls }),
      ...(partOf === undefined ? {} : { partOf }),
    });
  }
}

export interface TaskToRecord {
  readonly task: EndedTask;
  /** Null where none was read. */
  readonly energy: EnergyFigures | null;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

interface ToRecord extends Omit<PartOfSpan, "energyByTime">, StatedCarbon {
  readonly durationSeconds: number;
}

const recordedPart = {
  task: "task",
  outsideTasks: "outside_tasks",
  otherThreads: "other_threads",
} as const satisfies Record<PartOfSpan["processPart"], string>;

/** Names of what is no task's. */
const partNames = {
  outsideTasks: "(outside tasks)",
  otherThreads: "(other threads)",
} as const satisfies Record<ProcessPart, string>;

function nameOf({ processPart, name }: PartOfSpan): string {
  return processPart === "task" ? taskName(name) : partNames[processPart];
}

/** A record's name has at least one character, and what is no task's cannot be taken for a task of that name. */
function taskName(name: string): string {
  if (name === "") return "(no name)";
  return Object.values(partNames).some((taken) => taken === name) ? `task ${name}` : name;
}

/** One call, which has ended: counted as itself, whatever it stands for. */
function callOf({ outcome, durationSeconds, cpuSeconds }: EndedTask): PartOfSpan["calls"] {
  const ended = { completed: 0, failed: 0, cancelled: 0, ...(outcome === "open" ? {} : { [outcome]: 1 }) };
  return { started: 1, watched: 1, ...ended, durationSeconds, cpuSeconds };
}
