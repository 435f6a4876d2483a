import type { Task } from "./task.ts";

/** A call that sampling leaves out, or one after the logger was closed: it runs as it would without us. */
export class UnwatchedTask implements Task {
  readonly name: string;
  readonly isWatched = false;
  hasEnded = false;

  constructor(name: string) {
    this.name = name;
  }

  end(): void {
    this.hasEnded = true;
  }

  run<Result>(work: () => Result): Result {
    return work();
  }

  chargeWorker(): boolean {
    return false;
  }

  figures(): null {
    return null;
  }

  [Symbol.dispose](): void {
    this.hasEnded = true;
  }
}
