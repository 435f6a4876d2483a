/**
 * CPU time and joules of a task, or of all tasks of a name, in a process that does many things at once.
 *
 * A task is told when it holds the event loop, and nothing else while it runs. What a millisecond of holding was worth in CPU time is known
 * at the end of the tick (0.1 s), and what a CPU second of that tick was worth in joules at the end of the window (1 s), when the host's
 * clocks are good enough. Accounts take both over when they are next looked at, so that a tick costs the same for ten tasks and a million.
 */

/** A tick, which every account that was touched in it refers to until it is next looked at. */
export interface AccountTick {
  /** CPU seconds of a millisecond that a task held the loop; known when the tick has ended. */
  cpuPerHeldMs: number;
  /** Joules above idle that a CPU second of this tick is taken to have drawn: how the ticks of a window compare. */
  weight: number;
  readonly window: AccountWindow;
}

/** Several ticks, over which the energy of the process is known. */
export interface AccountWindow {
  /** Joules for a weighted CPU second; 0 while the window has not ended. */
  marginalPerUnit: number;
  proportionalPerUnit: number;
  /** What a CPU second drew before this window; null where that is not known. */
  readonly before: CpuSecondRate | null;
}

export interface CpuSecondRate {
  readonly marginalJoules: number;
  readonly proportionalJoules: number;
}

/** Figures with what has no joules yet. */
export interface ProvisionalFigures extends AccountFigures {
  readonly isSettled: boolean;
  /** Joules that are taken at the rate of before; null where CPU time has none, since no rate is known. */
  readonly provisionalJoules: number | null;
}

/** The tick that is under way; accounts compare it with the one that they were last touched in. */
export interface CurrentTick {
  tick: AccountTick;
}

export interface AccountFigures {
  readonly cpuSeconds: number;
  /** Above the idle baseline. */
  readonly marginalJoules: number;
  /** Idle energy spread over the busy. */
  readonly proportionalJoules: number;
}

export class TaskAccount {
  readonly #now: CurrentTick;
  #tick: AccountTick;
  #window: AccountWindow;
  #heldMs = 0;
  #cpuSeconds = 0;
  /** Weighted CPU seconds of the window, not joules yet. */
  #units = 0;
  /** The same, not weighted. */
  #unitsCpuSeconds = 0;
  #marginalJoules = 0;
  #proportionalJoules = 0;

  constructor(now: CurrentTick) {
    this.#now = now;
    this.#tick = now.tick;
    this.#window = now.tick.window;
  }

  /** Held the event loop in the tick that is under way. */
  hold(milliseconds: number): void {
    if (this.#tick !== this.#now.tick) this.#leaveTick();
    this.#heldMs += milliseconds;
  }

  /** Had CPU time in a tick that has ended, and no later one has begun to be used. */
  addCpu(cpuSeconds: number, ended: AccountTick): void {
    if (this.#tick !== this.#now.tick) this.#leaveTick();
    this.#enter(ended.window);
    this.#cpuSeconds += cpuSeconds;
    this.#units += cpuSeconds * ended.weight;
    this.#unitsCpuSeconds += cpuSeconds;
  }

  /** Joules that belong to no CPU time. */
  addJoules(marginalJoules: number, proportionalJoules: number): void {
    this.#marginalJoules += marginalJoules;
    this.#proportionalJoules += proportionalJoules;
  }

  /** Adds what another account has so far. */
  add(other: TaskAccount): void {
    this.#settle();
    other.#settle();
    this.#heldMs += other.#heldMs;
    this.#cpuSeconds += other.#cpuSeconds;
    this.#units += other.#units;
    this.#unitsCpuSeconds += other.#unitsCpuSeconds;
    this.#marginalJoules += other.#marginalJoules;
    this.#proportionalJoules += other.#proportionalJoules;
  }

  /** Whether all its CPU time has joules. */
  get isSettled(): boolean {
    this.#settle();
    return this.#heldMs === 0 && this.#units === 0;
  }

  /** Up to the end of the last tick, joules up to the end of the last window: accounts then add up. */
  settled(): AccountFigures {
    this.#settle();
    return {
      cpuSeconds: this.#cpuSeconds,
      marginalJoules: this.#marginalJoules,
      proportionalJoules: this.#proportionalJoules,
    };
  }

  /** With what has no joules yet, at what a CPU second drew before: the windows' own rates are of units that are weighted anew in each. */
  provisional(): ProvisionalFigures {
    this.#settle();
    const openCpuSeconds = this.#heldMs * this.#now.tick.cpuPerHeldMs;
    const waitingSeconds = this.#unitsCpuSeconds + openCpuSeconds;
    const isSettled = this.#heldMs === 0 && this.#units === 0;
    const rate = this.#window.before;
    return {
      cpuSeconds: this.#cpuSeconds + openCpuSeconds,
      marginalJoules: this.#marginalJoules + waitingSeconds * (rate?.marginalJoules ?? 0),
      proportionalJoules: this.#proportionalJoules + waitingSeconds * (rate?.proportionalJoules ?? 0),
      isSettled,
      provisionalJoules: isSettled ? 0 : rate === null ? null : waitingSeconds * rate.marginalJoules,
    };
  }

  #settle(): void {
    if (this.#tick !== this.#now.tick) this.#leaveTick();
    this.#enter(this.#now.tick.window);
  }

  #leaveTick(): void {
    const { cpuPerHeldMs, weight, window } = this.#tick;
    if (this.#heldMs !== 0) {
      const cpuSeconds = this.#heldMs * cpuPerHeldMs;
      this.#enter(window);
      this.#cpuSeconds += cpuSeconds;
      this.#units += cpuSeconds * weight;
      this.#unitsCpuSeconds += cpuSeconds;
      this.#heldMs = 0;
    }
    this.#tick = this.#now.tick;
  }

  /** Units of an earlier window become joules: it has ended, or there would be no other. */
  #enter(window: AccountWindow): void {
    if (window === this.#window) return;
    this.#marginalJoules += this.#units * this.#window.marginalPerUnit;
    this.#proportionalJoules += this.#units * this.#window.proportionalPerUnit;
    this.#units = 0;
    this.#unitsCpuSeconds = 0;
    this.#window = window;
  }
}
