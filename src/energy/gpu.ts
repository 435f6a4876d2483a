import type { SourceUncertainty } from "./source.ts";

/**
 * The contract of what reads GPU energy. It stands beside the host's `EnergySource` and is never inside it: neither CPU counters nor
 * the power model see a GPU. Asynchronous, because a driver may take its time.
 */

export interface GpuBoard {
  /** What names the board for good: NVIDIA's UUID ("GPU-…"), else its PCI address. */
  readonly id: string;
  /** As /sys writes it, "0000:0a:00.0"; null where it is not known. */
  readonly pciAddress: string | null;
  readonly name: string;
  readonly vendor: "amd" | "nvidia" | "intel";
  /** Whether joules are counted by the board, or watts that were sampled are summed up over time. */
  readonly method: "energy_counter" | "integrated_power";
  /** How far the joules may be off over a second or more; see `gpuGainLnSigma`. */
  readonly uncertainty: SourceUncertainty;
  /** What a reader of the board's figures should know; null where there is nothing to say. */
  readonly note: string | null;
}

export interface GpuProcessUse {
  /** As the driver numbers it: usually the host's number, in a container too. */
  readonly pid: number;
  /** Share of time with work on streaming multiprocessors, 0 to 100. Where processes take turns, the sum may exceed 100. */
  readonly smPercent: number;
}

export interface GpuBoardReading {
  readonly board: GpuBoard;
  readonly monotonicNs: bigint;
  /** Energy of the whole board since the source was opened; never decreases. */
  readonly microjoules: bigint;
  /** Steps that added nothing: driver reloads, implausible values, failed readings. Above 0, the energy is a lower bound. */
  readonly gaps: number;
  readonly busyPercent: number | null;
  readonly memoryUsedBytes: number | null;
  readonly memoryTotalBytes: number | null;
  /** Who had work since the reading before; null where the driver does not tell processes apart. */
  readonly processes: readonly GpuProcessUse[] | null;
  /** Watts of the board while no process holds it; null while one does, or where that is not known. */
  readonly idleWatts: number | null;
}

export interface GpuEnergySource {
  readonly id: "nvml" | "hwmon";
  readonly boards: readonly GpuBoard[];
  /** Whether `poll` must be called about ten times a second for the joules to be right. */
  readonly needsPolling: boolean;
  /** Samples the power of boards that count no joules. Never rejects. */
  poll(): Promise<void>;
  /** The boards that can be read now. Never rejects: a board that fails is left out, and its gap is in its next reading. */
  read(): Promise<readonly GpuBoardReading[]>;
  close(): Promise<void>;
}

/**
 * Over less than a second a reading is worth less: A100 and H100 sample a quarter of the time, and counters move in steps of 0.1 s
 * (Yang, Adámek, Armour, SC24, arXiv 2312.02741). 0.25 was found there, and is taken for boards that nobody looked at.
 */
const shortWindowLnSigma = 0.25;

/** Log standard deviation of a board's gain over a window of so many seconds. */
export function gpuGainLnSigma({ uncertainty }: GpuBoard, windowSeconds: number): number {
  return windowSeconds < 1 ? Math.max(shortWindowLnSigma, uncertainty.gainLnSigma) : uncertainty.gainLnSigma;
}
