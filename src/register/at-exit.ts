import { appendFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { messageOf } from "../errors.ts";
import type { TaskReport } from "../monitor/task-figures.ts";
import type { LastInterval } from "../monitor/task-intervals.ts";
import { sayLastWords } from "./last-words.ts";
import { summaryLine, summaryText } from "./summary.ts";

export interface ExitSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: () => string;
  readonly pid: number;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Called once, when the process ends by itself or by process.exit. */
  readonly onExit: (listener: () => void) => void;
  /** Returns when the text is written. */
  readonly writeStderr: (text: string) => void;
}

export interface Ending {
  readonly logger: { taskReport(): TaskReport; lastInterval(): LastInterval | null };
  readonly settings: Settings;
  readonly problems: () => readonly string[];
}

/**
 * At the end of the process, tells what its tasks used, and records what is not yet recorded, where that was asked for. A listener of
 * the process is added then alone.
 */
export function atExit(ending: Ending, surroundings: ExitSurroundings): void {
  const { summary = "none", ledger, records = "interval" } = ending.settings;
  const recordsIntervals = ledger !== undefined && records === "interval";
  if (summary === "none" && !recordsIntervals) return;
  // The application may go elsewhere before it ends.
  const workingDirectory = surroundings.workingDirectory();
  const place = summary === "stderr" ? summary : resolve(workingDirectory, summary);
  surroundings.onExit(() => {
    quietly(() => summary !== "none" && summarise(ending, place, surroundings));
    quietly(() => recordsIntervals && recordLast(ending, surroundings, workingDirectory));
  });
}

function summarise({ logger, problems }: Ending, summary: string, surroundings: ExitSurroundings): void {
  const { pid, command, writeStderr } = surroundings;
  const ended = { pid, command, report: logger.taskReport(), problems: problems() };
  if (summary === "stderr") {
    writeStderr(summaryText(ended));
    return;
  }
  const line = summaryLine(ended);
  try {
    appendFileSync(summary, line);
  } catch (error) {
    // What was asked for and cannot be done is said where it may be seen.
    writeStderr(`carbon-ops: The summary cannot be written to ${summary} (${messageOf(error)}); name another file.\n`);
  }
}

/** Nothing is written where nothing happened. */
function recordLast(
  { logger, settings }: Ending,
  { environment, pid }: ExitSurroundings,
  workingDirectory: string,
): void {
  const last = logger.lastInterval();
  if (last === null || last.interval.names.length === 0) return;
  sayLastWords({ last, settings, environment: { ...environment }, workingDirectory, pid });
}

/** The application is ending as it wants to: nothing of ours may make it end otherwise. */
function quietly(work: () => unknown): void {
  try {
    work();
  } catch {
    // There is nobody left to tell.
  }
}
