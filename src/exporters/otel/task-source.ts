import type { Task, TaskOptions } from "../../monitor/task.ts";
import type { TaskReport } from "../../monitor/task-figures.ts";
import type { TaskSink } from "../../monitor/task-interval.ts";

/** What is used of an EnergyLogger. */
export interface TaskSource {
  start(name: string, options?: TaskOptions): Task;
  taskReport(): TaskReport;
  addSink(sink: TaskSink): void;
  flush(options?: { readonly timeoutMs?: number }): Promise<void>;
}
