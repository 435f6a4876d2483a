import type { JsonObject } from "../ledger/canonical-json.ts";
import { prepareRecorder, type RecorderSettings, type RecorderSurroundings } from "../ledger/recorder.ts";
import { buildCarbonEstimateRecord } from "../record/carbon-estimate-record.ts";
import type { EnergyFigures } from "./energy-figures.ts";
import type { StatedCarbon } from "./interval-carbon.ts";
import { RecordQueue } from "./record-queue.ts";
import type { EndedTask, NameInterval } from "./task-interval.ts";

export interface TaskRecordsOptions {
  readonly queue: RecordQueue;
  /** A record for each name and interval, or for each watched task. */
  readonly of: "interval" | "task";
  readonly host: string | null;
  /** Written into every record; a task's own win. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Grams of a task, when its record is made. */
export type TaskCarbon = () => Promise<StatedCarbon>;

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

  takeName(name: NameInterval, energy: EnergyFigures | null, durationSeconds: number): void {
    const { queue, of } = this.#options;
    if (of === "interval") queue.add(async () => this.#record(name, energy, durationSeconds, name));
  }

  takeTask(task: EndedTask, energy: EnergyFigures | null, carbon: TaskCarbon): void {
    const { queue, of } = this.#options;
    if (of === "task") queue.add(async () => this.#record(task, energy, task.durationSeconds, await carbon()));
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

  #record(
    { name, labels, cpuSeconds }: Pick<NameInterval, "name" | "labels" | "cpuSeconds">,
    energy: EnergyFigures | null,
    durationSeconds: number,
    { carbon, problem }: StatedCarbon,
  ): JsonObject {
    if (carbon === null) throw new Error(problem ?? unknownReason);
    return buildCarbonEstimateRecord({
      type: "span",
      name: name === "" ? unnamed : name,
      labels: { ...this.#options.labels, ...labels },
      host: this.#options.host,
      durationSeconds,
      estimate: carbon,
      energy,
      // Below 0, by chance, where few calls are sampled.
      cpu: { taskCpuSeconds: cpuSeconds < 0 ? null : cpuSeconds, hostBusyCpuSeconds: null, logicalCpuCount: null },
    });
  }
}

/** A record's name has at least one character. */
const unnamed = "(no name)";
