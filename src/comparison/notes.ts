import type { EnergySource } from "../energy/source.ts";
import type { IdleBaseline } from "../monitor/energy-figures.ts";
import { formatDurationSeconds, formatRatioAsPercent, formatWatts } from "../units.ts";
import type { Comparison } from "./comparison.ts";
import type { ComparedEnergy } from "./measured-run.ts";
import type { Round } from "./rounds.ts";

export interface Basis {
  readonly source: Pick<EnergySource, "id" | "label" | "provenance">;
  readonly compared: ComparedEnergy;
  readonly idleBaseline: IdleBaseline;
  /** Why a stored idle baseline is not used, or is doubtful; null when there is nothing to say. */
  readonly baselineNote: string | null;
}

/** What the comparison rests on, as one sentence. */
export function basisSentence({ source, compared }: Basis): string {
  if (source.id === "model") {
    const whose = compared === "task" ? "of the commands" : "of the whole host";
    return (
      `No counter is read here: joules are modelled from CPU time (${source.label}), so this compares the CPU time ${whose}; ` +
      "a CPU second is taken to cost the same in every command, and what it does not show (memory traffic, vector units, frequency) is not seen."
    );
  }
  const whence =
    source.provenance === "measured"
      ? `Joules are counted (${source.label})`
      : `Joules are those of ${source.label}, which nobody vouches for`;
  return compared === "task"
    ? `${whence}; a command's share of them is its share of the CPU time, tick by tick.`
    : `${whence}: all that the host took while a command ran.`;
}

/** Others' part of the CPU time above which they are worth a word. */
const noticedOtherShare = 0.1;
/** Below this the 10 ms steps of CPU clocks show. */
const shortSeconds = 1;

/** What a reader should know about the figures, one sentence each. */
export function comparisonNotes(comparison: Comparison, rounds: readonly Round[], basis: Basis): readonly string[] {
  const { compared, idleBaseline, baselineNote, source } = basis;
  const runs = rounds.flat();
  const notes: string[] = [];
  notes.push(idleSentence(idleBaseline));
  if (baselineNote !== null) notes.push(baselineNote);
  const otherSeconds = runs.reduce((total, run) => total + run.otherCpuSeconds, 0);
  const ownSeconds = runs.reduce((total, run) => total + run.cpuSeconds, 0);
  const otherShare = otherSeconds / Math.max(otherSeconds + ownSeconds, Number.MIN_VALUE);
  if (otherShare > noticedOtherShare && source.id !== "model") {
    notes.push(
      `Other processes used ${formatRatioAsPercent(otherShare)} of the CPU time: ${
        compared === "task"
          ? "whose joules they were rests on CPU time to that extent"
          : "their energy is in these figures"
      }; a quieter host gives narrower intervals.`,
    );
  }
  const uncancelled = comparison.pairs.filter(({ lnUncancelled }) => lnUncancelled > 0.001);
  if (uncancelled.length > 0) {
    const largest = Math.max(...uncancelled.map(({ lnUncancelled }) => lnUncancelled));
    notes.push(
      `Errors that do not cancel between the commands (share by CPU time, idle power) are ${formatRatioAsPercent(largest)} as a standard uncertainty; they are in the intervals, and more runs do not make them smaller.`,
    );
  }
  const shortest = comparison.commands.reduce((least, next) =>
    next.meanDurationSeconds < least.meanDurationSeconds ? next : least,
  );
  if (compared === "task" && shortest.meanDurationSeconds < shortSeconds) {
    notes.push(
      `A run of ${shortest.label} takes ${formatDurationSeconds(shortest.meanDurationSeconds)}, and CPU clocks move in steps of 10 ms; a second or more a run needs fewer runs.`,
    );
  }
  const gapRounds = runs.filter(({ gaps }) => gaps > 0).map(({ round }) => round);
  if (gapRounds.length > 0) {
    notes.push(
      `Readings failed or made no sense in round ${[...new Set(gapRounds)].join(", ")}: energy may be missing there.`,
    );
  }
  if (runs.some(({ processesLeftRunning }) => processesLeftRunning > 0)) {
    notes.push(
      "Processes of the commands were still running when their command ended: they disturb the runs after them.",
    );
  }
  if (comparison.correction === "holm") {
    notes.push(
      `There are ${comparison.pairs.length} pairs: p-values are corrected (Holm), and the intervals hold all together (Bonferroni).`,
    );
  }
  return notes;
}

function idleSentence({ watts, origin }: IdleBaseline): string {
  if (watts === null) {
    return "Idle power is not known, so a command that takes longer is charged for the idle host too; `carbon-ops calibrate` measures it.";
  }
  const whence = { model: "the model's", configured: "as stated", calibrated: "calibrated", none: "" }[origin];
  return `Idle power of ${formatWatts(watts)} (${whence}) is removed.`;
}
