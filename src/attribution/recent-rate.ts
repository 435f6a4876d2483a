import type { CpuSecondRate } from "./task-account.ts";

/** What a process drew in a window, and the CPU time in it. */
export interface RatedWindow {
  readonly marginalJoules: number;
  readonly proportionalJoules: number;
  readonly cpuSeconds: number;
  /** CPU seconds of everything on the host, by the kernel's clock. */
  readonly hostBusyCpuSeconds: number;
}

/** Ten steps of the kernel's clock (10 ms): a window with as many busy CPU seconds speaks for itself. */
const enoughBusySeconds = 0.1;

/** With fewer than five steps nothing is said: one of them may be the next window's. */
const leastBusySeconds = 0.05;

/**
 * What a CPU second of a process drew lately: in the last window, and with those before it where it is too short for the kernel's clock
 * to tell.
 */
export class RecentRate {
  #marginalJoules = 0;
  #proportionalJoules = 0;
  #cpuSeconds = 0;
  #hostBusySeconds = 0;

  add({ marginalJoules, proportionalJoules, cpuSeconds, hostBusyCpuSeconds }: RatedWindow): void {
    const kept = Math.max(0, 1 - Math.max(0, hostBusyCpuSeconds) / enoughBusySeconds);
    this.#marginalJoules = this.#marginalJoules * kept + marginalJoules;
    this.#proportionalJoules = this.#proportionalJoules * kept + proportionalJoules;
    this.#cpuSeconds = this.#cpuSeconds * kept + cpuSeconds;
    this.#hostBusySeconds = this.#hostBusySeconds * kept + Math.max(0, hostBusyCpuSeconds);
  }

  /** Null while too little is known. */
  get perCpuSecond(): CpuSecondRate | null {
    if (!(this.#hostBusySeconds >= leastBusySeconds && this.#cpuSeconds > 0)) return null;
    return {
      marginalJoules: this.#marginalJoules / this.#cpuSeconds,
      proportionalJoules: this.#proportionalJoules / this.#cpuSeconds,
    };
  }
}
