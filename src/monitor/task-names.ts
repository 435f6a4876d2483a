import { type CurrentTick, TaskAccount } from "../attribution/task-account.ts";
import type { TaskOutcome } from "./task-figures.ts";

type Labels = Readonly<Record<string, string>>;

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
  /** What the labels of all watched tasks so far have in common; null where there is nothing. */
  labels: Labels | null = null;

  constructor(name: string, now: CurrentTick) {
    this.name = name;
    this.account = new TaskAccount(now);
  }

  begin(weight: number, labels: Labels | null): void {
    if (this.watched === 0) this.labels = labels;
    else if (this.labels !== null && this.labels !== labels) this.labels = inCommon(this.labels, labels ?? {});
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

  labelsOf(name: string): Labels | null {
    return this.#byName.get(name)?.labels ?? null;
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

/** Null where there is nothing. */
function inCommon(known: Labels, labels: Labels): Labels | null {
  const names = Object.keys(known);
  const shared = names.filter((name) => known[name] === labels[name]);
  if (shared.length === names.length) return known;
  return shared.length === 0 ? null : Object.fromEntries(shared.map((name) => [name, known[name] ?? ""]));
}
