import type { EnergyInterval } from "../../carbon/energy-interval.ts";
import type { BudgetRow, CarbonEstimate, CoverageInterval } from "../../carbon/estimate.ts";
import type { BudgetVerdict } from "../../monitor/budget.ts";
import type { CommandOutcome } from "../../monitor/command-run.ts";
import type { EnergyFigures } from "../../monitor/energy-figures.ts";
import {
  formatBytes,
  formatDurationSeconds,
  formatEnergyWh,
  formatGrams,
  formatLevel,
  formatRatioAsPercent,
  formatSignificant,
  formatWatts,
  joulesFromWattHours,
} from "../../units.ts";
import { labelledRows, printable, type TextStyle } from "./style.ts";
import { unansweredRows } from "./unanswered.ts";

/** Where the record of a run went, or why it went nowhere. */
export interface RecordPlace {
  readonly path: string;
  readonly seq: number;
}

export interface RunSummary {
  readonly name: string;
  readonly outcome: CommandOutcome;
  /** Why a stored idle baseline is not used, or is doubtful; null when there is nothing to say. */
  readonly baselineNote: string | null;
  /** Null when no energy could be read: then there are no grams either. */
  readonly carbon: { readonly estimate: CarbonEstimate; readonly energy: EnergyInterval } | null;
  readonly budget: readonly BudgetVerdict[];
  /** Where it is kept, or why it is kept nowhere. */
  readonly record: RecordPlace | "not wanted" | "failed";
}

/** What `carbon-ops run` prints on stderr when the command has ended. */
export function runSummary(summary: RunSummary, width: number, style: TextStyle): string {
  const { outcome, carbon, record } = summary;
  const rows: (readonly [string, string])[] = [
    ["energy", energyText(summary)],
    ["joules from", sourceText(outcome)],
    ...gpuRows(outcome),
    ["use", useText(outcome)],
  ];
  const impossibleIdle = impossibleIdleText(outcome);
  if (carbon !== null && impossibleIdle === null) {
    rows.push(["carbon", carbonText(carbon.estimate)]);
    rows.push(["electricity", intensityText(carbon.estimate)]);
    rows.push(...unansweredRows(carbon.estimate.attempts));
    if (carbon.estimate.marginal !== null) rows.push(["at the margin", marginalText(carbon.estimate.marginal)]);
    rows.push(["uncertainty", dominanceText(carbon.estimate.budget)]);
  }
  if (summary.baselineNote !== null) rows.push(["idle power", summary.baselineNote]);
  if (impossibleIdle !== null) rows.push(["note", style.bad(impossibleIdle)]);
  if (outcome.processesLeftRunning > 0) rows.push(["note", leftRunningText(outcome.processesLeftRunning)]);
  for (const verdict of summary.budget)
    rows.push([verdict.quantity === "grams" ? "gram budget" : "Wh budget", budgetText(verdict, style)]);
  rows.push(["record", recordText(record, style)]);
  return `\n${headline(summary, style)}\n${labelledRows(rows, width, style)}`;
}

function recordText(record: RunSummary["record"], style: TextStyle): string {
  if (record === "not wanted") return "none kept (--ledger FILE keeps one)";
  if (record === "failed") return style.bad("not kept, for the reason below");
  return `${record.path}, record ${record.seq}`;
}

function headline({ name, outcome }: RunSummary, style: TextStyle): string {
  const end = outcome.signal === null ? `exit ${outcome.exitStatus}` : `ended by ${outcome.signal}`;
  const status = outcome.exitStatus === 0 ? style.good(end) : style.bad(end);
  return `${style.strong("carbon-ops")}  ${printable(name)}  ${status}  ${formatDurationSeconds(outcome.durationSeconds)}`;
}

function energyText({ outcome, carbon }: RunSummary): string {
  const { energyWhTotal } = outcome.energy;
  if (energyWhTotal === null || carbon === null) return `unknown: ${printable(outcome.energy.energySourceLabel)}`;
  const { gpu } = outcome.energy;
  const host =
    gpu === undefined
      ? `of ${formatEnergyWh(energyWhTotal)} that the host took`
      : `of ${formatEnergyWh(energyWhTotal + gpu.energyWhTotal)} that host and GPUs took`;
  const lost =
    outcome.energy.gaps > 0
      ? `; ${countOf(outcome.energy.gaps, "reading")} failed or made no sense, so energy may be missing`
      : "";
  const task =
    impossibleIdleText(outcome) === null ? taskText(outcome.energy, carbon.energy) : "not known for the task,";
  return `${task} ${host}${lost}`;
}

/** Energy is never below 0, so near 0 the mean of what it may be lies above what was counted: the record has both. */
function taskText({ energyWhTask, gpu }: EnergyFigures, energy: EnergyInterval): string {
  const { meanWh, lowerWh: lower, upperWh: upper, level, kind } = energy;
  const range = intervalText(formatEnergyWh, { lower, upper, level, kind });
  const counted = formatEnergyWh((energyWhTask ?? 0) + (gpu?.energyWhTask ?? 0));
  const mean = formatEnergyWh(meanWh);
  if (counted === mean) return `${mean} for the task (${range})`;
  return `${counted} counted for the task, ${mean} as the mean of what it may be (${range}),`;
}

function sourceText({ energy }: CommandOutcome): string {
  if (energy.energySource === "none") return "nowhere";
  const modelled = energy.energyProvenance === "estimated" ? "modelled, not measured: " : "measured: ";
  const meanWatts = meanWattsOf(energy);
  const watts = meanWatts === null ? "" : `; mean ${formatWatts(meanWatts)}`;
  const idle =
    energy.idleBaselineWatts === null
      ? "; idle power is not known, and is shared out with the rest"
      : `, of which ${formatWatts(energy.idleBaselineWatts)} idle and nobody's`;
  return `${modelled}${printable(energy.energySourceLabel)}${watts}${idle}`;
}

/** One row a board: what it took, which part is the task's, and what that rests on. */
function gpuRows({ energy }: CommandOutcome): readonly (readonly [string, string])[] {
  return (energy.gpu?.boards ?? []).map((board) => {
    const how = board.method === "energy_counter" ? "counted by the board" : "summed up from sampled watts";
    const part =
      board.energyWhTask === null
        ? "the task's part is not known and is in no figure"
        : `${formatEnergyWh(board.energyWhTask)} of it the task's`;
    const idle = board.idleWatts === null ? "" : `, above ${formatWatts(board.idleWatts)} idle`;
    const gaps = board.gaps > 0 ? `; ${countOf(board.gaps, "reading")} failed, so energy may be missing` : "";
    const note = board.note === null ? "" : `; ${printable(board.note)}`;
    return [
      "GPU",
      `${printable(board.name)}: ${formatEnergyWh(board.energyWhTotal)} (${how}), ${part}${idle}${gaps}${note}`,
    ];
  });
}

function meanWattsOf({ energyWhTotal, measuredSeconds }: EnergyFigures): number | null {
  if (energyWhTotal === null || measuredSeconds === null || measuredSeconds <= 0) return null;
  return joulesFromWattHours(energyWhTotal) / measuredSeconds;
}

/** What rounding may leave between an idle host's mean power and its idle power. */
const roundingOfWatts = 1e-6;

/**
 * A baseline that is above the whole cannot be of this source: then what is left for the task is nothing that was measured. A
 * model's own baseline is part of it.
 */
function impossibleIdleText({ energy }: CommandOutcome): string | null {
  const meanWatts = meanWattsOf(energy);
  if (meanWatts === null || energy.idleBaselineWatts === null || energy.idleBaselineOrigin === "model") return null;
  if (energy.idleBaselineWatts <= meanWatts * (1 + roundingOfWatts)) return null;
  return `the idle baseline of ${formatWatts(energy.idleBaselineWatts)} is more than all that the host took, so it is wrong for this source and the task's energy is not known; ${mendOf(energy)}`;
}

function mendOf({ idleBaselineOrigin }: EnergyFigures): string {
  if (idleBaselineOrigin === "calibrated") return "run `carbon-ops calibrate` again";
  return "leave --idle-watts out or correct it";
}

function useText({ cpu, memory, gpus, durationSeconds }: CommandOutcome): string {
  const cores = durationSeconds > 0 ? cpu.taskCpuSeconds / durationSeconds : 0;
  const parts = [
    `CPU ${formatDurationSeconds(cpu.taskCpuSeconds)} (${formatSignificant(cores)} of ${cpu.logicalCpuCount} CPUs)`,
    memory.peakResidentBytes === null
      ? "memory not seen (it ended too soon)"
      : `memory ${formatBytes(memory.peakResidentBytes)} at its peak`,
  ];
  if (gpus.length === 0) parts.push("no GPU");
  for (const gpu of gpus) {
    const busy =
      gpu.busyPercent === null
        ? printable(gpu.note ?? "use not known")
        : `${formatSignificant(gpu.busyPercent)} % busy`;
    const held = gpu.memoryUsedBytes === null ? "" : `, ${formatBytes(gpu.memoryUsedBytes)} in use at its peak`;
    parts.push(`GPU ${printable(gpu.name)}: ${busy}${held}`);
  }
  return parts.join("; ");
}

function carbonText({ grams, interval, pueUsed, wallFactorUsed }: CarbonEstimate): string {
  const range = gramsInterval(interval);
  const wall = wallFactorUsed === 1 ? "" : `, wall factor ${formatSignificant(wallFactorUsed)}`;
  return `${formatGrams(grams)} CO2e (${range}), with PUE ${formatSignificant(pueUsed)}${wall}`;
}

function intensityText({ region, intensity, intensityGPerKwh, qualityFlag }: CarbonEstimate): string {
  const unknown = qualityFlag === "fallback" ? "; --region NAME makes this a figure of your grid" : "";
  const zone = intensity.zoneName === region ? region : `${region} (${intensity.zoneName})`;
  return `${zone}: ${formatSignificant(intensityGPerKwh)} g/kWh, ${intensity.kind}, ${intensity.scope}, ${intensity.period} (${intensity.source})${unknown}`;
}

function marginalText({
  grams,
  interval,
  intensity,
  intensityGPerKwh,
}: NonNullable<CarbonEstimate["marginal"]>): string {
  const range = gramsInterval(interval);
  return `${formatGrams(grams)} CO2 (${range}) at ${formatSignificant(intensityGPerKwh)} g/kWh, ${intensity.scope}, ${intensity.period}: another quantity, not to be added`;
}

/** The inputs that give most of the variance, largest first, until nine tenths are named. */
function dominanceText(budget: readonly BudgetRow[]): string {
  const rows = [...budget].sort((left, right) => right.shareOfVariance - left.shareOfVariance);
  const named: string[] = [];
  let share = 0;
  for (const row of rows) {
    if (share >= 0.9 || row.shareOfVariance < 0.01 || named.length === 3) break;
    named.push(`${row.quantity} ${formatRatioAsPercent(row.shareOfVariance)}`);
    share += row.shareOfVariance;
  }
  return named.length === 0 ? "every input was given as exact" : `of the variance: ${named.join(", ")}`;
}

function gramsInterval({ lowerGrams, upperGrams, level, kind }: CoverageInterval): string {
  return intervalText(formatGrams, { lower: lowerGrams, upper: upperGrams, level, kind });
}

interface Interval extends Pick<CoverageInterval, "level" | "kind"> {
  readonly lower: number;
  readonly upper: number;
}

function intervalText(format: (value: number) => string, { lower, upper, level, kind }: Interval): string {
  if (kind === "upper_limit") return `at most ${format(upper)}, ${formatLevel(level)} limit`;
  return `${formatLevel(level)} interval ${format(lower)} to ${format(upper)}`;
}

function countOf(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

function leftRunningText(count: number): string {
  const who = count === 1 ? "1 process of the command is" : `${count} processes of the command are`;
  return `${who} still running; what they use from now on is not in these figures`;
}

function budgetText({ quantity, limit, judged, on, exceeded }: BudgetVerdict, style: TextStyle): string {
  const format = quantity === "grams" ? formatGrams : formatEnergyWh;
  const what = on === "upper" ? "the interval's upper limit" : "the mean";
  const verdict = exceeded ? style.bad("exceeded") : style.good("kept");
  return `${verdict}: ${what} is ${format(judged)}, the budget ${format(limit)}`;
}
