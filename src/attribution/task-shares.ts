import { RecentRate } from "./recent-rate.ts";
import {
  type AccountFigures,
  type AccountTick,
  type CpuSecondRate,
  type CurrentTick,
  TaskAccount,
} from "./task-account.ts";

/**
 * The energy of a process shared among its tasks:
 *
 *     process = tasks + outside tasks + other threads + child processes      (exact to rounding)
 *     host    = process + rest
 *
 * In each tick of 0.1 s a task's CPU time is the time that it held the event loop, scaled down where the thread had less CPU time than its
 * tasks held it (others had the CPU, or a task waited in a system call). The rest of the thread's time is outside tasks: the loop
 * itself, and callbacks of no task. The energy of a window is shared among its ticks by CPU time times the joules that a CPU second drew in
 * the tick, and so a task that ran while the host drew little does not pay for what it drew later.
 */

export interface TaskTick {
  readonly durationSeconds: number;
  /** CPU seconds of all threads. */
  readonly processCpuSeconds: number;
  /** CPU seconds of the event loop's thread; null where they are not known: then those of all threads count as its own. */
  readonly loopCpuSeconds: number | null;
  /** CPU seconds of other threads that are charged to accounts, or to none (null). */
  readonly charges: readonly ThreadCharge[];
  /** What the host drew above its idle baseline, in watts; null where it is not known. */
  readonly activeWatts: number | null;
}

export interface ThreadCharge {
  readonly cpuSeconds: number;
  /** Adds them to whom they belong; null: to nobody. */
  readonly charge: ((cpuSeconds: number, tick: AccountTick) => void) | null;
}

export interface TaskWindow {
  readonly durationSeconds: number;
  /** Energy of the process and its children. */
  readonly marginalJoules: number;
  readonly proportionalJoules: number;
  readonly processCpuSeconds: number;
  readonly childCpuSeconds: number;
  /** CPU seconds of everything else on the host. */
  readonly othersCpuSeconds: number;
}

export interface ProcessShares {
  /** Own threads and children together. */
  readonly process: AccountFigures;
  readonly outsideTasks: AccountFigures;
  readonly otherThreads: AccountFigures;
  readonly childProcesses: AccountFigures;
}

/** Weighted CPU seconds that nothing real is below: a microsecond at a milliwatt is a thousand times as much. */
const leastUnits = 1e-12;

/** A microsecond of CPU time in a quarter of an hour: less says nothing of what a CPU second draws. */
const leastBusyCpus = 1e-9;

export class TaskShares {
  readonly now: CurrentTick;
  readonly #process: TaskAccount;
  readonly #outside: TaskAccount;
  readonly #otherThreads: TaskAccount;
  #children: AccountFigures = { cpuSeconds: 0, marginalJoules: 0, proportionalJoules: 0 };
  /** Of tasks, in this tick. */
  #heldMs = 0;
  /** The part of it that names were charged with: another one where some tasks stand for others that were not watched. */
  #namedMs = 0;
  /** CPU seconds by which the loop's clock was ahead of the process's: they are not counted twice in the next tick. */
  #loopAheadSeconds = 0;
  #unitsOfWindow = 0;
  #cpuSecondsOfWindow = 0;
  /** CPUs that the rest of the host kept busy in the window before. */
  #othersBusyCpus = 0;
  /** Active power at the last tick that knew it. */
  #activeWatts: number | null = null;
  /** Whether ticks of this window have weights: all of them or none, since a weight says nothing beside one that is not known. */
  #isWeighed = false;
  readonly #rate = new RecentRate();

  constructor() {
    const window = { marginalPerUnit: 0, proportionalPerUnit: 0, before: null };
    this.now = { tick: { cpuPerHeldMs: 1e-3, weight: 1, window } };
    this.#process = new TaskAccount(this.now);
    this.#outside = new TaskAccount(this.now);
    this.#otherThreads = new TaskAccount(this.now);
  }

  /** The event loop was held by a task. `namedMs` is what accounts of names were charged with. */
  held(milliseconds: number, namedMs: number): void {
    this.#heldMs += milliseconds;
    this.#namedMs += namedMs;
  }

  endTick(tick: TaskTick): void {
    const chargedSeconds = tick.charges.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    const loopSeconds = Math.max(0, tick.loopCpuSeconds ?? tick.processCpuSeconds - chargedSeconds);
    const beyondLoop = tick.processCpuSeconds - loopSeconds - chargedSeconds - this.#loopAheadSeconds;
    this.#loopAheadSeconds = Math.max(0, -beyondLoop);
    const otherSeconds = Math.max(0, beyondLoop);
    const totalSeconds = loopSeconds + chargedSeconds + otherSeconds;

    const ended = this.now.tick;
    ended.cpuPerHeldMs = this.#heldMs > 0 ? Math.min(1e-3, loopSeconds / this.#heldMs) : 1e-3;
    ended.weight = this.#weightOf(tick, totalSeconds) ?? ended.weight;
    this.now.tick = { ...ended };

    this.#process.addCpu(totalSeconds, ended);
    this.#outside.addCpu(loopSeconds - this.#namedMs * ended.cpuPerHeldMs, ended);
    this.#otherThreads.addCpu(otherSeconds, ended);
    for (const { cpuSeconds, charge } of tick.charges) {
      if (charge === null) this.#otherThreads.addCpu(cpuSeconds, ended);
      else charge(cpuSeconds, ended);
    }
    this.#unitsOfWindow += totalSeconds * ended.weight;
    this.#cpuSecondsOfWindow += totalSeconds;
    this.#heldMs = 0;
    this.#namedMs = 0;
  }

  /** Right after the end of a tick: what the process and its children drew since the last window ended. */
  endWindow(window: TaskWindow): void {
    const { marginalJoules, proportionalJoules, processCpuSeconds, childCpuSeconds } = window;
    const allSeconds = processCpuSeconds + childCpuSeconds;
    const childPart = allSeconds > 0 ? Math.min(1, Math.max(0, childCpuSeconds / allSeconds)) : 0;
    this.#children = {
      cpuSeconds: this.#children.cpuSeconds + childCpuSeconds,
      marginalJoules: this.#children.marginalJoules + marginalJoules * childPart,
      proportionalJoules: this.#children.proportionalJoules + proportionalJoules * childPart,
    };
    const own = {
      marginalJoules: marginalJoules * (1 - childPart),
      proportionalJoules: proportionalJoules * (1 - childPart),
    };
    const hostBusyCpuSeconds = allSeconds + window.othersCpuSeconds;
    this.#rate.add({ ...own, cpuSeconds: this.#cpuSecondsOfWindow, hostBusyCpuSeconds });
    this.#endAccounts(own);
    this.#othersBusyCpus = Math.max(0, window.othersCpuSeconds) / Math.max(window.durationSeconds, 1e-9);
    this.#isWeighed = this.#activeWatts !== null;
  }

  /** Up to the end of the last tick, joules up to the end of the last window. */
  shares(): ProcessShares {
    const own = this.#process.settled();
    const childProcesses = this.#children;
    return {
      process: {
        cpuSeconds: own.cpuSeconds + childProcesses.cpuSeconds,
        marginalJoules: own.marginalJoules + childProcesses.marginalJoules,
        proportionalJoules: own.proportionalJoules + childProcesses.proportionalJoules,
      },
      outsideTasks: this.#outside.settled(),
      otherThreads: this.#otherThreads.settled(),
      childProcesses,
    };
  }

  #endAccounts({ marginalJoules, proportionalJoules }: CpuSecondRate): void {
    const { tick } = this.now;
    const ended = tick.window;
    if (this.#unitsOfWindow > leastUnits) {
      ended.marginalPerUnit = marginalJoules / this.#unitsOfWindow;
      ended.proportionalPerUnit = proportionalJoules / this.#unitsOfWindow;
    } else {
      // Nothing of this process ran: what it is still charged with belongs to no task.
      for (const account of [this.#process, this.#outside]) account.addJoules(marginalJoules, proportionalJoules);
    }
    const window = { marginalPerUnit: 0, proportionalPerUnit: 0, before: this.#rate.perCpuSecond };
    this.now.tick = { ...tick, window };
    this.#unitsOfWindow = 0;
    this.#cpuSecondsOfWindow = 0;
  }

  /**
   * Active watts over the CPUs that were busy in the tick, this process's counted and the others' as in the window before. In a window whose
   * power or whose others are not known from its start, CPU seconds count alike (null: as in the tick before).
   */
  #weightOf({ activeWatts, durationSeconds }: TaskTick, cpuSeconds: number): number | null {
    if (activeWatts !== null && activeWatts > 0) this.#activeWatts = activeWatts;
    if (!this.#isWeighed || this.#activeWatts === null || !(durationSeconds > 0)) return null;
    const busyCpus = cpuSeconds / durationSeconds + this.#othersBusyCpus;
    return busyCpus > leastBusyCpus ? this.#activeWatts / busyCpus : null;
  }
}
