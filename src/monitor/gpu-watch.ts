import { addGpuTick, type GpuTick, type GpuTotals, gpuAttribution, noGpuTotals } from "../attribution/gpu-shares.ts";
import type { GpuBoardReading, GpuEnergySource } from "../energy/gpu.ts";
import type { GpuUse } from "../host/gpu.ts";
import { secondsFromNanoseconds } from "../units.ts";

const microjoulesPerJoule = 1e6;
const pollMs = 100;

/** A GPU over the last interval and since the watch began. Its power is beside the host's, never inside it. */
export interface GpuPower {
  readonly id: string;
  readonly name: string;
  /** Null where the energy of this board cannot be read. */
  readonly watts: number | null;
  readonly joules: number | null;
  readonly busyPercent: number | null;
  readonly memoryUsedBytes: number | null;
  /** Whether its joules are counted or summed up from watts; null where there are none. */
  readonly method: "energy_counter" | "integrated_power" | null;
  /** Whose work it was in the last interval, with the same shares as in a run; null where the driver does not tell processes apart. */
  readonly processes: readonly GpuProcessPower[] | null;
  /** Of `watts`, what belongs to no process: idle power, and work that no process was seen to have. Null like `processes`. */
  readonly unattributedWatts: number | null;
}

export interface GpuProcessPower {
  /** As the driver numbers it: in a container usually the host's number. */
  readonly pid: number;
  /** Share of the interval with work on streaming multiprocessors, 0 to 100. */
  readonly smPercent: number;
  readonly watts: number;
  /** Since the process was first seen on the board. */
  readonly joules: number;
}

/** Watches the boards of some sources. The caller closes the sources, after `stop`. */
export class GpuWatch {
  readonly #sources: readonly GpuEnergySource[];
  readonly #polling: NodeJS.Timeout | null;
  #last: ReadonlyMap<string, GpuBoardReading>;
  /** Lowest power of each board while nobody held it. */
  readonly #idleWatts = new Map<string, number>();
  /** By board and process: of processes that live, and of those that had work in the last interval. */
  readonly #shares = new Map<string, ReadonlyMap<number, GpuTotals>>();
  readonly #opened: ReadonlyMap<string, GpuBoardReading>;

  static async open(sources: readonly GpuEnergySource[]): Promise<GpuWatch> {
    return new GpuWatch(sources, await readingsOf(sources));
  }

  private constructor(sources: readonly GpuEnergySource[], opened: ReadonlyMap<string, GpuBoardReading>) {
    this.#sources = sources;
    this.#opened = opened;
    this.#last = opened;
    for (const reading of opened.values()) this.#noteIdle(reading);
    const polled = sources.filter(({ needsPolling }) => needsPolling);
    const poll = (): void => {
      for (const source of polled) void source.poll();
    };
    this.#polling = polled.length === 0 ? null : setInterval(poll, pollMs);
    this.#polling?.unref();
  }

  /**
   * @param seen the GPUs that their drivers show without energy: those that no source reads are listed, too
   * @param exists whether there is a process of this number now: what ended is forgotten
   */
  async advance(seen: readonly GpuUse[], exists: (pid: number) => boolean = () => true): Promise<readonly GpuPower[]> {
    const now = await readingsOf(this.#sources);
    const measured = [...now].map(([id, reading]) => ({
      ...powerOf(reading, this.#last.get(id), this.#opened.get(id)),
      ...this.#sharesOf(reading, this.#last.get(id), exists),
    }));
    const known = new Set([...now.values()].flatMap(({ board }) => [board.id, board.pciAddress]));
    this.#last = new Map([...this.#last, ...now]);
    return [...measured, ...seen.filter(({ id }) => !known.has(id)).map(withoutPower)];
  }

  #noteIdle({ board, idleWatts }: GpuBoardReading): void {
    if (idleWatts !== null) {
      this.#idleWatts.set(board.id, Math.min(idleWatts, this.#idleWatts.get(board.id) ?? idleWatts));
    }
  }

  #sharesOf(reading: GpuBoardReading, last: GpuBoardReading | undefined, exists: (pid: number) => boolean): GpuShares {
    this.#noteIdle(reading);
    const { processes, board } = reading;
    const durationSeconds = last === undefined ? 0 : secondsFromNanoseconds(reading.monotonicNs - last.monotonicNs);
    if (last === undefined || processes === null || durationSeconds <= 0) return unshared;
    const boardJoules = Number(reading.microjoules - last.microjoules) / microjoulesPerJoule;
    const working = new Map(processes.map(({ pid, smPercent }) => [pid, Math.max(0, smPercent)]));
    const allSmPercent = [...working.values()].reduce((sum, smPercent) => sum + smPercent, 0);
    const idleWatts = this.#idleWatts.get(board.id) ?? null;
    const before = this.#shares.get(board.id) ?? new Map<number, GpuTotals>();
    const pids = new Set(
      [...before.keys()].filter((pid) => working.has(pid) || exists(pid)).concat([...working.keys()]),
    );
    const after = new Map<number, GpuTotals>();
    const joulesOf = (totals: GpuTotals): number => gpuAttribution(totals, idleWatts).taskJoules ?? 0;
    const shared = [...pids].map((pid) => {
      const smPercent = working.get(pid) ?? 0;
      const tick: GpuTick = { durationSeconds, boardJoules, taskSmPercent: smPercent, allSmPercent };
      const totals = addGpuTick(before.get(pid) ?? noGpuTotals, tick);
      after.set(pid, totals);
      const watts = joulesOf(addGpuTick(noGpuTotals, tick)) / durationSeconds;
      return { pid, smPercent, watts, joules: joulesOf(totals) };
    });
    this.#shares.set(board.id, after);
    const sharedWatts = shared.reduce((sum, { watts }) => sum + watts, 0);
    return { processes: shared, unattributedWatts: boardJoules / durationSeconds - sharedWatts };
  }

  stop(): void {
    if (this.#polling !== null) clearInterval(this.#polling);
  }
}

type GpuShares = Pick<GpuPower, "processes" | "unattributedWatts">;

const unshared: GpuShares = { processes: null, unattributedWatts: null };

async function readingsOf(sources: readonly GpuEnergySource[]): Promise<ReadonlyMap<string, GpuBoardReading>> {
  const readings = await Promise.all(sources.map((source) => source.read()));
  return new Map(readings.flat().map((reading) => [reading.board.id, reading]));
}

function powerOf(
  reading: GpuBoardReading,
  last: GpuBoardReading | undefined,
  opened: GpuBoardReading | undefined,
): Omit<GpuPower, keyof GpuShares> {
  const { board, microjoules, monotonicNs, busyPercent, memoryUsedBytes } = reading;
  const seconds = last === undefined ? 0 : secondsFromNanoseconds(monotonicNs - last.monotonicNs);
  const joulesSince = (earlier: bigint): number => Number(microjoules - earlier) / microjoulesPerJoule;
  return {
    id: board.id,
    name: board.name,
    watts: last === undefined || seconds <= 0 ? null : joulesSince(last.microjoules) / seconds,
    joules: joulesSince(opened?.microjoules ?? 0n),
    busyPercent,
    memoryUsedBytes,
    method: board.method,
  };
}

function withoutPower({ id, name, busyPercent, memoryUsedBytes }: GpuUse): GpuPower {
  return { id, name, watts: null, joules: null, busyPercent, memoryUsedBytes, method: null, ...unshared };
}
