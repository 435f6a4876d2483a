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
}

/** Watches the boards of some sources. The caller closes the sources, after `stop`. */
export class GpuWatch {
  readonly #sources: readonly GpuEnergySource[];
  readonly #polling: NodeJS.Timeout | null;
  #last: ReadonlyMap<string, GpuBoardReading>;
  readonly #opened: ReadonlyMap<string, GpuBoardReading>;

  static async open(sources: readonly GpuEnergySource[]): Promise<GpuWatch> {
    return new GpuWatch(sources, await readingsOf(sources));
  }

  private constructor(sources: readonly GpuEnergySource[], opened: ReadonlyMap<string, GpuBoardReading>) {
    this.#sources = sources;
    this.#opened = opened;
    this.#last = opened;
    const polled = sources.filter(({ needsPolling }) => needsPolling);
    const poll = (): void => {
      for (const source of polled) void source.poll();
    };
    this.#polling = polled.length === 0 ? null : setInterval(poll, pollMs);
    this.#polling?.unref();
  }

  /** @param seen the GPUs that their drivers show without energy: those that no source reads are listed, too */
  async advance(seen: readonly GpuUse[]): Promise<readonly GpuPower[]> {
    const now = await readingsOf(this.#sources);
    const measured = [...now].map(([id, reading]) => powerOf(reading, this.#last.get(id), this.#opened.get(id)));
    const known = new Set([...now.values()].flatMap(({ board }) => [board.id, board.pciAddress]));
    this.#last = new Map([...this.#last, ...now]);
    return [...measured, ...seen.filter(({ id }) => !known.has(id)).map(withoutPower)];
  }

  stop(): void {
    if (this.#polling !== null) clearInterval(this.#polling);
  }
}

async function readingsOf(sources: readonly GpuEnergySource[]): Promise<ReadonlyMap<string, GpuBoardReading>> {
  const readings = await Promise.all(sources.map((source) => source.read()));
  return new Map(readings.flat().map((reading) => [reading.board.id, reading]));
}

function powerOf(
  reading: GpuBoardReading,
  last: GpuBoardReading | undefined,
  opened: GpuBoardReading | undefined,
): GpuPower {
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
  return { id, name, watts: null, joules: null, busyPercent, memoryUsedBytes, method: null };
}
