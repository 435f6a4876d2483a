/** Readings at the ends of spans that may be made at once, and how fast they are allowed again. */
const burst = 20;
const perSecond = 5;

/**
 * How often spans may have the host read at their ends: a service that measures thousands of calls a second would do nothing else.
 * Those beyond it end at the last reading.
 */
export class ReadingAllowance {
  readonly #nowMs: () => number;
  #left = burst;
  #sinceMs: number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
  }

  take(): boolean {
    const nowMs = this.#nowMs();
    this.#left = Math.min(burst, this.#left + (perSecond * Math.max(0, nowMs - this.#sinceMs)) / 1000);
    this.#sinceMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
