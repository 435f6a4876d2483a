import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { AccountTick } from "../attribution/task-account.ts";
import type { ThreadCharge } from "../attribution/task-shares.ts";
import type { HostRoots } from "../host/roots.ts";
import { type ThreadCpuClock, threadCpuClock, youngestThreadId } from "../host/thread-cpu.ts";

/** Who may be charged with a worker's CPU time. */
export interface WorkerUser {
  addCpu(cpuSeconds: number, tick: AccountTick): void;
}

/** A worker thread, and the open tasks that it works for. */
export class WatchedWorker {
  readonly #clock: ThreadCpuClock;
  readonly #users = new Set<WorkerUser>();
  readonly #charges: ThreadCharge[] = [];
  #unclaimedSeconds = 0;
  #lastSeconds: number;

  constructor(clock: ThreadCpuClock) {
    this.#clock = clock;
    // From its beginning: it has only just been created.
    this.#lastSeconds = 0;
  }

  claim(user: WorkerUser): void {
    this.#read();
    this.#users.add(user);
  }

  release(user: WorkerUser): void {
    this.#read();
    this.#users.delete(user);
  }

  /** What is to be charged since the last call; null once the thread has ended and nothing is left. */
  take(): readonly ThreadCharge[] | null {
    const isAlive = this.#read();
    const charges = this.#charges.splice(0);
    if (this.#unclaimedSeconds > 0) charges.push({ cpuSeconds: this.#unclaimedSeconds, charge: null });
    this.#unclaimedSeconds = 0;
    return isAlive || charges.length > 0 ? charges : null;
  }

  /** Whether nothing more is to be had of it. */
  get isOver(): boolean {
    return this.#charges.length === 0 && !this.#read();
  }

  close(): void {
    this.#clock.close();
  }

  #read(): boolean {
    const seconds = this.#clock.seconds();
    if (seconds === null) return false;
    const cpuSeconds = Math.max(0, seconds - this.#lastSeconds);
    this.#lastSeconds = Math.max(seconds, this.#lastSeconds);
    if (cpuSeconds === 0) return true;
    const users = [...this.#users];
    if (users.length === 0) this.#unclaimedSeconds += cpuSeconds;
    for (const user of users) {
      this.#charges.push({
        cpuSeconds: cpuSeconds / users.length,
        charge: (part, tick) => user.addCpu(part, tick),
      });
    }
    return true;
  }
}

/** The channel on which Node.js tells of every new worker, while its constructor runs (node:diagnostics_channel, "worker_threads"). */
const channel = "worker_threads";

/**
 * The worker threads that were created since construction. The thread that has just been created is the youngest one of the
 * process. Nothing of the worker is touched: that it has ended shows when its clock cannot be read any more.
 */
export class WorkerThreads {
  readonly #roots: HostRoots;
  readonly #creator: () => WorkerCreator | null;
  readonly #byWorker = new WeakMap<object, WatchedWorker>();
  readonly #alive = new Set<WatchedWorker>();
  readonly #onCreated = (message: unknown): void => this.#created(message);

  /** @param creator the task that runs now */
  constructor(roots: HostRoots, creator: () => WorkerCreator | null) {
    this.#roots = roots;
    this.#creator = creator;
    subscribe(channel, this.#onCreated);
  }

  of(worker: object): WatchedWorker | null {
    return this.#byWorker.get(worker) ?? null;
  }

  /** What the workers' CPU time of the tick is to be charged to. */
  take(): ThreadCharge[] {
    const charges: ThreadCharge[] = [];
    for (const worker of this.#alive) {
      const ofWorker = worker.take();
      if (ofWorker !== null) charges.push(...ofWorker);
      else {
        worker.close();
        this.#alive.delete(worker);
      }
    }
    return charges;
  }

  close(): void {
    unsubscribe(channel, this.#onCreated);
    for (const worker of this.#alive) worker.close();
    this.#alive.clear();
  }

  /** Ticks do so, but there are none while there is no task. */
  #forgetEnded(): void {
    for (const worker of this.#alive) {
      if (!worker.isOver) continue;
      worker.close();
      this.#alive.delete(worker);
    }
  }

  #created(message: unknown): void {
    try {
      if (typeof message !== "object" || message === null || !("worker" in message)) return;
      const { worker } = message;
      const threadId = youngestThreadId(this.#roots);
      const clock = threadId === null ? null : threadCpuClock(this.#roots, threadId);
      if (typeof worker !== "object" || worker === null || clock === null) return;
      this.#forgetEnded();
      const watched = new WatchedWorker(clock);
      this.#byWorker.set(worker, watched);
      this.#alive.add(watched);
      this.#creator()?.chargeWorker(worker);
    } catch {
      // The application is creating a worker: nothing of ours may disturb it.
    }
  }
}

export interface WorkerCreator {
  chargeWorker(worker: object): boolean;
}
