import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";

/** Hands every signal that can be passed on to the listener, for as long as the caller wants. */
export type SignalSubscription = (listener: (signal: NodeJS.Signals) => void) => void;

export interface ChildCommandOptions {
  readonly program: string;
  readonly programArguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onSignal: SignalSubscription;
  /** Whether this process belongs to its terminal's foreground group, so that key presses reach the command by themselves. */
  isForeground(): boolean;
}

export interface CommandEnd {
  /** Exit status as a shell would report it: the command's own, or 128 + n when signal n ended it. */
  readonly exitStatus: number;
  readonly signal: NodeJS.Signals | null;
}

/** Signals that a key press or a resized window sends to every process of the terminal's foreground group. */
const signalsOfTheTerminal: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

/**
 * Starts a command with this process's own standard streams and working directory, so that bytes and terminal are untouched,
 * passes signals on to it, and answers with its end. Throws COMMAND_NOT_FOUND or COMMAND_NOT_STARTED.
 */
export async function startCommand(options: ChildCommandOptions): Promise<{ readonly end: Promise<CommandEnd> }> {
  // Listening before the start leaves no instant in which a signal would end this process and orphan the command; what
  // arrives while there is nobody yet to pass it to is kept.
  let started: ChildProcess | null = null;
  const early: NodeJS.Signals[] = [];
  options.onSignal((signal) => {
    if (started === null) early.push(signal);
    else if (!(signalsOfTheTerminal.has(signal) && options.isForeground())) started.kill(signal);
  });
  try {
    const child = spawn(options.program, [...options.programArguments], {
      env: { ...options.environment },
      stdio: "inherit",
    });
    const end = new Promise<CommandEnd>((resolve) => {
      child.once("exit", (code, signal) => resolve({ exitStatus: exitStatusOf(code, signal), signal }));
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    // A signal that could not be delivered is reported as an error of the child: it has ended by itself meanwhile.
    child.on("error", () => undefined);
    started = child;
    for (const signal of early) child.kill(signal);
    return { end };
  } catch (error) {
    throw notStarted(options, error);
  }
}

function notStarted({ program, environment }: ChildCommandOptions, error: unknown): CarbonOpsError {
  const code = systemErrorCode(error);
  if (code === "ENOENT" && program.includes("/") && existsSync(program)) {
    return new CarbonOpsError(
      "COMMAND_NOT_STARTED",
      `"${program}" could not be started: the interpreter that its first line names does not exist; correct that line.`,
    );
  }
  if (code === "ENOENT" || (code === "EACCES" && !isOnPath(program, environment["PATH"] ?? ""))) {
    return new CarbonOpsError("COMMAND_NOT_FOUND", `"${program}" was not found; check its spelling and your PATH.`);
  }
  const why =
    code === "EACCES" ? "it is not an executable file, or you may not execute it; check its mode" : messageOf(error);
  return new CarbonOpsError("COMMAND_NOT_STARTED", `"${program}" could not be started: ${why}.`, { cause: error });
}

/**
 * execvp(3) also answers EACCES when a directory of the PATH may not be searched. Only a file that is there, but may not be
 * executed, deserves that answer, as in a shell.
 */
function isOnPath(program: string, searchPath: string): boolean {
  if (program.includes("/")) return true;
  return searchPath.split(":").some((directory) => existsSync(join(directory, program)));
}

function exitStatusOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (signal !== null) return 128 + constants.signals[signal];
  return code ?? 1;
}
