import { resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { reasonOf } from "../config/system-reason.ts";
import { messageOf } from "../errors.ts";
import type { OtlpSink } from "../exporters/otel/otlp/sink.ts";
import type { TaskReport } from "../monitor/task-figures.ts";
import type { LastWords } from "../monitor/task-reporting.ts";
import { appendBounded } from "./bounded-write.ts";
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
  readonly logger: { taskReport(): TaskReport; lastWords(): LastWords | null };
  /** Null where nothing is sent. */
  readonly otlp: OtlpSink | null;
  readonly settings: Settings;
  readonly problems: () => readonly string[];
}

/**
 * At the end of the process, tells what its tasks used, and hands on what is not yet recorded or sent, where that was asked for. A listener of
 * the process is added then alone.
 */
export function atExit(ending: Ending, surroundings: ExitSurroundings): void {
  const { summary = "none", ledger, records = "interval" } = ending.settings;
  const handsOn = (ledger !== undefined && records !== "none") || ending.otlp !== null;
  if (summary === "none" && !handsOn) return;
  // The application may go elsewhere before it ends.
  const workingDirectory = surroundings.workingDirectory();
  const place = summary === "stderr" ? summary : resolve(workingDirectory, summary);
  surroundings.onExit(() => {
    // What handing on takes is not the application's.
    const report = ending.logger.taskReport();
    const problems = handsOn ? handOnLast(ending, surroundings, workingDirectory) : [];
    if (summary !== "none") summarise(ending, { report, problems }, place, surroundings);
  });
}

interface End {
  readonly report: TaskReport;
  /** Of what is handed on at the end. */
  readonly problems: readonly string[];
}

function summarise(ending: Ending, { report, problems }: End, summary: string, surroundings: ExitSurroundings): void {
  const { pid, command, writeStderr } = surroundings;
  // A configuration has several readers, and each says what is wrong with it.
  const ended = { pid, command, report, problems: [...new Set([...ending.problems(), ...problems])] };
  if (summary === "stderr") {
    writeStderr(summaryText(ended));
    return;
  }
  const line = summaryLine(ended);
  try {
    appendBounded(summary, line);
  } catch (error) {
    // What was asked for and cannot be done is said where it may be seen.
    writeStderr(`carbon-ops: The summary cannot be written to ${summary} (${reasonOf(error)}); name another file.\n`);
  }
}

/** Nothing is written or sent where nothing happened. Returns what went wrong, one sentence each; never throws. */
function handOnLast(
  { logger, settings, otlp }: Ending,
  { environment, pid }: ExitSurroundings,
  workingDirectory: string,
): readonly string[] {
  try {
    const last = logger.lastWords();
    if (last === null) return [];
    const { span, tasks, closed } = last;
    if ((span?.parts ?? []).length + tasks.length + closed.interval.names.length === 0) return [];
    const state = otlp?.state() ?? null;
    return sayLastWords({ last, otlp: state, settings, environment: { ...environment }, workingDirectory, pid });
  } catch (error) {
    return [`What the process did last is not recorded or sent, because ${messageOf(error)}.`];
  }
}
