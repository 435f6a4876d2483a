import type { Clock } from "../../clock.ts";
import {
  advanceCounter,
  type CounterRule,
  type CounterState,
  microjoulesOf,
  missReading,
  unreadCounter,
} from "../counter.ts";
import type { GpuBoard, GpuBoardReading, GpuProcessUse } from "../gpu.ts";
import { addPower, emptyIntegral, microjoulesOfIntegral, missPower, type PowerIntegral } from "../integrated-power.ts";
import {
  type Answer,
  busyPercent,
  type DeviceHandle,
  deviceMemory,
  powerMilliwatts,
  processSamples,
  runningProcesses,
  totalMillijoules,
} from "./calls.ts";
import type { NvmlLibrary } from "./library.ts";
import { troubleOf } from "./status.ts";

/** One board through NVML: what it has counted, and who worked on it. */
export class NvmlBoard {
  readonly board: GpuBoard;
  readonly #library: NvmlLibrary;
  readonly #clock: Clock;
  readonly #rule: CounterRule;
  /** Processes cannot be told apart on a divided board. */
  readonly #tellsProcesses: boolean;
  readonly #unanswerable = new Set<string>();
  #handle: DeviceHandle | null;
  #counter: CounterState = unreadCounter;
  #integral: PowerIntegral = emptyIntegral;
  #lastSampleMicroseconds = 0n;
  #isLost = false;

  constructor(
    board: GpuBoard,
    handle: DeviceHandle,
    largestWatts: number,
    tellsProcesses: boolean,
    library: NvmlLibrary,
    clock: Clock,
  ) {
    this.board = board;
    this.#handle = handle;
    this.#library = library;
    this.#clock = clock;
    this.#tellsProcesses = tellsProcesses;
    // One count is a millijoule, in 64 bits that never wrap: a decrease is a driver that was loaded anew.
    const limits = { largestStepWatts: largestWatts, largestSustainedWatts: largestWatts, neverRests: true };
    this.#rule = { unitNanojoules: 1_000_000n, modulus: null, limits };
  }

  /** Whether the library must be started again before this board can be read. */
  get isLost(): boolean {
    return this.#isLost || this.#handle === null;
  }

  /**
   * After the library was started again. What a lost board counted meanwhile is not known, so its counting begins anew from here;
   * one that was well only has a new handle.
   */
  restartWith(handle: DeviceHandle | null): void {
    const wasLost = this.isLost;
    this.#handle = handle;
    if (!wasLost) return;
    this.#isLost = false;
    this.#counter = { ...missReading(this.#counter), raw: null };
    this.#integral = { ...missPower(this.#integral), last: null };
    this.#lastSampleMicroseconds = 0n;
    this.#unanswerable.clear();
  }

  /** A power sample for a board that counts no joules. */
  async poll(): Promise<void> {
    if (this.board.method === "integrated_power") await this.#readEnergy();
  }

  /** Null when its energy cannot be read now. */
  async read(): Promise<GpuBoardReading | null> {
    if (!(await this.#readEnergy())) return null;
    const monotonicNs = this.#clock.monotonicNs();
    const memory = await this.#ask("memory", deviceMemory);
    const processes = await this.#processes();
    return {
      board: this.board,
      monotonicNs,
      microjoules: this.#microjoules(),
      gaps: this.board.method === "energy_counter" ? this.#counter.gaps : this.#integral.gaps,
      busyPercent: await this.#ask("busy", busyPercent),
      memoryUsedBytes: memory?.usedBytes ?? null,
      memoryTotalBytes: memory?.totalBytes ?? null,
      processes,
      idleWatts: await this.#idleWatts(processes),
    };
  }

  async #readEnergy(): Promise<boolean> {
    return this.board.method === "energy_counter" ? this.#readCounter() : this.#readPower();
  }

  async #readCounter(): Promise<boolean> {
    const millijoules = await this.#ask(this.#energyQuestion, totalMillijoules);
    if (millijoules === null) {
      this.#counter = missReading(this.#counter);
      return false;
    }
    this.#counter = advanceCounter(this.#counter, this.#rule, millijoules, this.#clock.monotonicNs());
    return true;
  }

  async #readPower(): Promise<boolean> {
    const milliwatts = await this.#ask(this.#energyQuestion, powerMilliwatts);
    if (milliwatts === null) {
      this.#integral = missPower(this.#integral);
      return false;
    }
    const { largestStepWatts } = this.#rule.limits;
    this.#integral = addPower(this.#integral, milliwatts, this.#clock.monotonicNs(), largestStepWatts);
    return true;
  }

  get #energyQuestion(): string {
    return this.board.method === "energy_counter" ? "energy" : "power";
  }

  #microjoules(): bigint {
    if (this.board.method === "integrated_power") return microjoulesOfIntegral(this.#integral);
    return microjoulesOf(this.#counter, this.#rule);
  }

  /** The mean share of each process over its samples since the last look. */
  async #processes(): Promise<GpuProcessUse[] | null> {
    if (!this.#tellsProcesses) return null;
    const lastSeen = this.#lastSampleMicroseconds;
    const samples = await this.#ask("processes", (library, handle) => processSamples(library, handle, lastSeen));
    if (samples === null) return null;
    const sums = new Map<number, { smPercent: number; count: number }>();
    for (const { pid, timestampMicroseconds, smPercent } of samples) {
      if (timestampMicroseconds <= lastSeen || smPercent > 100) continue;
      if (timestampMicroseconds > this.#lastSampleMicroseconds) this.#lastSampleMicroseconds = timestampMicroseconds;
      const { smPercent: sum, count } = sums.get(pid) ?? { smPercent: 0, count: 0 };
      sums.set(pid, { smPercent: sum + smPercent, count: count + 1 });
    }
    return [...sums].map(([pid, { smPercent, count }]) => ({ pid, smPercent: smPercent / count }));
  }

  async #idleWatts(processes: readonly GpuProcessUse[] | null): Promise<number | null> {
    if (processes === null || processes.some(({ smPercent }) => smPercent > 0)) return null;
    const running = await this.#ask("running", runningProcesses);
    if (running === null || running.length > 0) return null;
    const milliwatts = await this.#ask("power", powerMilliwatts);
    if (milliwatts === null || milliwatts > this.#rule.limits.largestStepWatts * 1000) return null;
    return milliwatts / 1000;
  }

  /** The value, or null; what the board will never answer is not asked again. */
  async #ask<Value>(
    what: string,
    question: (library: NvmlLibrary, handle: DeviceHandle) => Promise<Answer<Value>>,
  ): Promise<Value | null> {
    if (this.#handle === null || this.#isLost || this.#unanswerable.has(what)) return null;
    const answer = await question(this.#library, this.#handle);
    if (answer.value !== null) return answer.value;
    const trouble = troubleOf(answer.code);
    // Energy was answered when the board was opened: a refusal since then is a driver in trouble, and may end.
    if (trouble === "permanent" && what !== this.#energyQuestion) this.#unanswerable.add(what);
    if (trouble === "lost") this.#isLost = true;
    return null;
  }
}
