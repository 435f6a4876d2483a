import { type CurrentTick, TaskAccount } from "../attribution/task-account.ts";
import type { TaskOutcome } from "./task-figures.ts";

/** All tasks of one name. Their accounts are kept here as they run, so that nothing is kept of a task that has ended. */
export class TaskName {
  readonly name: string;
  readonly account: TaskAccount;
  /** Tasks that were started, those included that sampled ones stand for. */
  started = 0;
  /** Tasks that were watched. */
  watched = 0;
  /** Of those that were started. */
  readonly ended: { completed: number; failed: number; cancelled: number } = { completed: 0, failed: 0, cancelled: 0 };
  durationMs = 0;

  constructor(name: string, now: CurrentTick) {
    this.name = name;
    this.account = new TaskAccount(now);
  }

  begin(weight: number): void {
    this.started += weight;
    this.watched += 1;
  }

  end(outcome: TaskOutcome, weight: number, durationMs: number): void {
    this.ended[outcome] += weight;
    this.durationMs += weight * durationMs;
  }
}

/** Names that are kept apart: names that hold a user's number or a path would have no end. */
const maximumNames = 1000;

/** Where names beyond the first thousand are counted. */
export const otherNames = "(other names)";

/** At most a thousand names, and one more for the rest. */
export class TaskNames {
  readonly #now: CurrentTick;
  readonly #byName = new Map<string, TaskName>();

  constructor(now: CurrentTick) {
    this.#now = now;
  }

  get all(): Iterable<TaskName> {
    return this.#byName.values();
  }

  of(name: string): TaskName {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= maximumNames && name !== otherNames) return this.of(otherNames);
    const named = new TaskName(name, this.#now);
    this.#byName.set(name, named);
    return named;
  }
}
