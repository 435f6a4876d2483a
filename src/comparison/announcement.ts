import { sampleSizeFromPilot } from "../uncertainty/paired-power.ts";
import { pairsOf, runsOf, testOf } from "./comparison.ts";
import type { Round } from "./rounds.ts";

/** Fewer rounds than this are never announced: a scatter of two or three says too little about the scatter. */
const fewestAnnouncedRounds = 5;

export interface AnnouncementRequest {
  readonly commandCount: number;
  /** Rounds that were measured for this alone; they take no part in the comparison. */
  readonly pilot: readonly Round[];
  /** 0.05 is 5 %. */
  readonly difference: number;
  readonly level: number;
  readonly power: number;
  readonly isAllPairs: boolean;
}

export interface Announcement {
  /** New rounds that show the difference with the power in every pair; null where no number of them does. */
  readonly rounds: number | null;
  /** The largest scatter of a pair's logarithm from round to round. */
  readonly lnDeviation: number;
  /** The largest part that more rounds do not make smaller. */
  readonly lnUncancelled: number;
}

/** How many rounds show a difference, judged by pilot rounds. */
export function announcedRounds(request: AnnouncementRequest): Announcement {
  const { commandCount, pilot, difference, level, power, isAllPairs } = request;
  const pairs = pairsOf(commandCount, isAllPairs);
  const alpha = (1 - level) / pairs.length;
  let rounds: number | null = fewestAnnouncedRounds;
  let [lnDeviation, lnUncancelled] = [0, 0];
  for (const { command, reference } of pairs) {
    const { test, lnUncancelled: systematic } = testOf(runsOf(pilot, command), runsOf(pilot, reference), alpha);
    lnDeviation = Math.max(lnDeviation, test.deviation);
    lnUncancelled = Math.max(lnUncancelled, systematic);
    const wanted = sampleSizeFromPilot({
      effect: Math.log1p(difference),
      deviation: test.deviation,
      systematic,
      alpha,
      power,
      pilotCount: pilot.length,
    });
    rounds = rounds === null || wanted === null ? null : Math.max(rounds, wanted);
  }
  return { rounds, lnDeviation, lnUncancelled };
}
