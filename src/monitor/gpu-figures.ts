import { type GpuAttribution, gpuAttribution } from "../attribution/gpu-shares.ts";
import { type GpuBoard, type GpuEnergySource, gpuGainLnSigma } from "../energy/gpu.ts";
import { wattHoursFromJoules } from "../units.ts";
import type { EnergyUncertainty } from "./energy-uncertainty.ts";
import type { MeteredBoard } from "./gpu-meter.ts";

/** Energy of GPUs over a span. It stands beside the host's figures and is in none of them. */
export interface GpuEnergyFigures {
  /** All boards together. */
  readonly energyWhTotal: number;
  /** The task's part of it; null where it is known of no board. */
  readonly energyWhTask: number | null;
  /** Of the task's part; null where there is none. Boards of one host are taken to be off in the same way. */
  readonly uncertainty: EnergyUncertainty | null;
  readonly boards: readonly GpuBoardFigures[];
}

export interface GpuBoardFigures {
  /** NVIDIA's UUID, else the PCI address. */
  readonly id: string;
  readonly name: string;
  readonly source: GpuEnergySource["id"];
  readonly method: GpuBoard["method"];
  readonly energyWhTotal: number;
  /** Null where the driver does not tell whose work it was. */
  readonly energyWhTask: number | null;
  /** Power while nobody holds the board, taken off before sharing; null where that was never seen. */
  readonly idleWatts: number | null;
  /** Readings that are missing: above 0, the watt-hours are lower bounds. */
  readonly gaps: number;
  readonly note: string | null;
}

/** Null where no board was read over the span. */
export function gpuEnergyFigures(metered: readonly MeteredBoard[]): GpuEnergyFigures | null {
  const parts = metered.filter(({ totals }) => totals.tickCount > 0).map(partOf);
  if (parts.length === 0) return null;
  const known = parts.filter(({ figures }) => figures.energyWhTask !== null);
  return {
    energyWhTotal: sum(parts.map(({ figures }) => figures.energyWhTotal)),
    energyWhTask: known.length === 0 ? null : sum(known.map(({ figures }) => figures.energyWhTask ?? 0)),
    uncertainty: known.length === 0 ? null : uncertaintyOf(known),
    boards: parts.map(({ figures }) => figures),
  };
}

interface BoardPart {
  readonly metered: MeteredBoard;
  readonly attribution: GpuAttribution;
  readonly figures: GpuBoardFigures;
}

function partOf(metered: MeteredBoard): BoardPart {
  const { board, source, totals, idleWatts, gaps } = metered;
  const attribution = gpuAttribution(totals, idleWatts);
  // Work that nobody here can trace may be the task's own: then its part is not 0 but unknown.
  const isUnknown = metered.untracedTicks > 0 && metered.taskTicks === 0;
  const taskJoules = isUnknown ? null : attribution.taskJoules;
  const figures = {
    id: board.id,
    name: board.name,
    source,
    method: board.method,
    energyWhTotal: wattHoursFromJoules(totals.boardJoules),
    energyWhTask: taskJoules === null ? null : wattHoursFromJoules(taskJoules),
    idleWatts,
    gaps: gaps + (attribution.taskJoules === null ? 0 : totals.untoldTicks),
    note: noteOf(metered, attribution),
  };
  return { metered, attribution, figures };
}

function noteOf({ board, untracedTicks, taskTicks }: MeteredBoard, { taskJoules }: GpuAttribution): string | null {
  if (board.note !== null) return board.note;
  if (taskJoules === null) return "its driver does not tell whose work it was";
  if (untracedTicks === 0) return null;
  const whose = "some of its work cannot be traced to a process of this host's /proc";
  return taskTicks > 0 ? `${whose}: the task's part may be larger` : `${whose}: the task's part is not known`;
}

/** Errors of gain and share weigh by energy and are taken as common to all boards; what does not scale adds in quadrature. */
function uncertaintyOf(parts: readonly BoardPart[]): EnergyUncertainty {
  const weights = parts.map(({ attribution }) => Math.max(0, attribution.taskJoules ?? 0));
  const weighted = (value: (part: BoardPart) => number): number => {
    const total = sum(weights);
    if (total === 0) return Math.max(...parts.map(value));
    return sum(parts.map((part, index) => (value(part) * (weights[index] ?? 0)) / total));
  };
  const citations = new Set(parts.map(({ metered }) => metered.board.uncertainty.citation));
  const sourceIds = new Set(parts.map(({ metered }) => metered.board.uncertainty.sourceId));
  return {
    gainLnSigma: weighted(({ metered }) => gpuGainLnSigma(metered.board, metered.totals.durationSeconds)),
    gainSourceId: [...sourceIds].join("+"),
    gainCitation: [...citations].join("; "),
    shareLnSigma: weighted(({ attribution }) => attribution.shareLnSigma),
    additiveWh: wattHoursFromJoules(Math.hypot(...parts.map(({ attribution }) => attribution.additiveJoules))),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
