import { addGpuTick, type GpuTotals, noGpuTotals } from "../attribution/gpu-shares.ts";
import type { GpuBoard, GpuBoardReading, GpuEnergySource, GpuProcessUse } from "../energy/gpu.ts";
import type { GpuUse } from "../host/gpu.ts";
import { readNamespacePids } from "../host/namespace-pids.ts";
import type { HostRoots } from "../host/roots.ts";
import { secondsFromNanoseconds } from "../units.ts";

/** What one board took over the span, and what is known of who took it. */
export interface MeteredBoard {
  readonly board: GpuBoard;
  readonly source: GpuEnergySource["id"];
  readonly totals: GpuTotals;
  readonly gaps: number;
  /** Lowest power seen while nobody held the board. */
  readonly idleWatts: number | null;
  /** Ticks with work that cannot be traced to a process of this host's /proc, or to any. */
  readonly untracedTicks: number;
  /** Ticks with work of the task's own. */
  readonly taskTicks: number;
  /** When it was last read. */
  readonly monotonicNs: bigint;
}

interface Metered extends MeteredBoard {
  readonly last: GpuBoardReading;
  readonly busyPercentSum: number;
  readonly busyCount: number;
  readonly peakMemoryBytes: number | null;
}

const pollIntervalMs = 100;

/**
 * The energy of GPUs over a span, beside the host's. Readings are asynchronous and never overlap; one that fails loses nothing, since
 * sources accumulate.
 */
export class GpuMeter {
  readonly #sources: readonly GpuEnergySource[];
  readonly #roots: HostRoots;
  readonly #boards = new Map<string, Metered>();
  /** Every process of the task that was ever seen: one that has ended may still be in the driver's samples. */
  readonly #taskPids = new Set<number>();
  readonly #innerTaskPids = new Set<number>();
  readonly #polling: NodeJS.Timeout | null;
  #work: Promise<void> | null = null;

  /** Takes the baseline reading. Never rejects. */
  static async open(sources: readonly GpuEnergySource[], roots: HostRoots): Promise<GpuMeter> {
    const meter = new GpuMeter(sources, roots);
    await meter.advance();
    return meter;
  }

  private constructor(sources: readonly GpuEnergySource[], roots: HostRoots) {
    this.#sources = sources;
    this.#roots = roots;
    const polled = sources.filter(({ needsPolling }) => needsPolling);
    this.#polling = polled.length === 0 ? null : setInterval(() => this.#poll(polled), pollIntervalMs);
    this.#polling?.unref();
  }

  /** The task's processes now; those seen earlier stay its own. */
  noteTaskPids(pids: Iterable<number>): void {
    if (this.#sources.length === 0) return;
    for (const pid of pids) {
      if (this.#taskPids.has(pid)) continue;
      this.#taskPids.add(pid);
      for (const inner of readNamespacePids(this.#roots, pid).slice(1)) this.#innerTaskPids.add(inner);
    }
  }

  /** One tick; does nothing while another one is under way. Never rejects. */
  async advance(): Promise<void> {
    if (this.#work !== null) return;
    await this.#exclusively(async () => {
      for (const source of this.#sources) {
        const readings = await source.read();
        for (const reading of readings) this.#add(source.id, reading);
        for (const { id } of source.boards) if (!readings.some(({ board }) => board.id === id)) this.#miss(id);
      }
    });
  }

  /** One tick that begins after what is under way has ended. Never rejects. */
  async advanceNext(): Promise<void> {
    while (this.#work !== null) await this.#work;
    await this.advance();
  }

  /** The last tick of the span, after which nothing is sampled any more. */
  async finish(): Promise<void> {
    if (this.#polling !== null) clearInterval(this.#polling);
    await this.advanceNext();
  }

  get boards(): readonly MeteredBoard[] {
    return [...this.#boards.values()];
  }

  /** The GPUs that /sys and /proc show, completed by what the drivers' own interfaces say. */
  completed(gpus: readonly GpuUse[]): readonly GpuUse[] {
    const metered = [...this.#boards.values()];
    const known = gpus.map((gpu) => {
      const board = metered.find(({ board: { pciAddress } }) => pciAddress === gpu.id);
      return board === undefined ? gpu : withReadings(gpu, board);
    });
    const unlisted = metered.filter(({ board }) => !gpus.some(({ id }) => id === board.pciAddress));
    return [...known, ...unlisted.map(asUse)];
  }

  #poll(polled: readonly GpuEnergySource[]): void {
    if (this.#work !== null) return;
    void this.#exclusively(async () => {
      for (const source of polled) await source.poll();
    });
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    this.#work = work().finally(() => {
      this.#work = null;
    });
    await this.#work;
  }

  #add(source: GpuEnergySource["id"], reading: GpuBoardReading): void {
    const before = this.#boards.get(reading.board.id);
    const own = this.#workOf(reading.processes ?? []);
    this.#boards.set(reading.board.id, {
      board: reading.board,
      source,
      last: reading,
      monotonicNs: reading.monotonicNs,
      totals: before === undefined ? noGpuTotals : addGpuTick(before.totals, tickBetween(before.last, reading, own)),
      gaps: reading.gaps,
      idleWatts: lower(before?.idleWatts ?? null, reading.idleWatts),
      // What the baseline saw happened before the span.
      untracedTicks: before === undefined ? 0 : before.untracedTicks + Number(isUntraced(reading, own)),
      taskTicks: before === undefined ? 0 : before.taskTicks + Number(own.taskSmPercent > 0),
      busyPercentSum: before === undefined ? 0 : before.busyPercentSum + (reading.busyPercent ?? 0),
      busyCount: before === undefined ? 0 : before.busyCount + (reading.busyPercent === null ? 0 : 1),
      peakMemoryBytes: higher(before?.peakMemoryBytes ?? null, reading.memoryUsedBytes),
    });
  }

  /** The source counts this too; its word replaces ours when the board is read again, if it ever is. */
  #miss(id: string): void {
    const before = this.#boards.get(id);
    if (before !== undefined) this.#boards.set(id, { ...before, gaps: before.gaps + 1 });
  }

  #workOf(processes: readonly GpuProcessUse[]): ProcessWork {
    let [taskSmPercent, allSmPercent, unseenSmPercent] = [0, 0, 0];
    for (const { pid, smPercent } of processes) {
      allSmPercent += smPercent;
      if (this.#taskPids.has(pid)) taskSmPercent += smPercent;
      else if (readNamespacePids(this.#roots, pid).length > 0) continue;
      // Some drivers give the number inside the container: it counts only where no process here has it.
      else if (this.#innerTaskPids.has(pid)) taskSmPercent += smPercent;
      else unseenSmPercent += smPercent;
    }
    return { taskSmPercent, allSmPercent, unseenSmPercent };
  }
}

interface ProcessWork {
  readonly taskSmPercent: number;
  readonly allSmPercent: number;
  readonly unseenSmPercent: number;
}

/** A board that was busy while the driver names nobody: a process may come and go between the samples that the driver takes. */
function isUntraced(
  { processes, busyPercent }: GpuBoardReading,
  { allSmPercent, unseenSmPercent }: ProcessWork,
): boolean {
  return unseenSmPercent > 0 || (processes !== null && allSmPercent === 0 && (busyPercent ?? 0) > 0);
}

const microjoulesPerJoule = 1e6;

function tickBetween(earlier: GpuBoardReading, later: GpuBoardReading, work: ProcessWork) {
  return {
    durationSeconds: secondsFromNanoseconds(later.monotonicNs - earlier.monotonicNs),
    boardJoules: Number(later.microjoules - earlier.microjoules) / microjoulesPerJoule,
    taskSmPercent: later.processes === null ? null : work.taskSmPercent,
    allSmPercent: work.allSmPercent,
  };
}

function withReadings(gpu: GpuUse, { busyPercentSum, busyCount, peakMemoryBytes, last }: Metered): GpuUse {
  if (busyCount === 0 && peakMemoryBytes === null) return gpu;
  return {
    ...gpu,
    busyPercent: busyCount === 0 ? gpu.busyPercent : busyPercentSum / busyCount,
    memoryUsedBytes: peakMemoryBytes ?? gpu.memoryUsedBytes,
    memoryTotalBytes: last.memoryTotalBytes ?? gpu.memoryTotalBytes,
    note: busyCount === 0 ? gpu.note : null,
  };
}

function asUse(metered: Metered): GpuUse {
  const { board } = metered;
  const bare = { busyPercent: null, memoryUsedBytes: null, memoryTotalBytes: null, note: "its use is not known" };
  return withReadings({ id: board.pciAddress ?? board.id, name: board.name, vendor: board.vendor, ...bare }, metered);
}

function lower(left: number | null, right: number | null): number | null {
  if (left === null) return right;
  return right === null ? left : Math.min(left, right);
}

function higher(left: number | null, right: number | null): number | null {
  if (left === null) return right;
  return right === null ? left : Math.max(left, right);
}
