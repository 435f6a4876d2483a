import type { Command } from "commander";
import type { Clock } from "../clock.ts";

/** What a command may touch of the outside world; `cli/bin.ts` hands in the real thing. */
export interface CommandContext {
  readonly stdout: NodeJS.WritableStream & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly clock: Clock;
  /** Where the kernel's files are: "/proc", "/sys" and "/dev/cpu", or a fixture tree. */
  readonly roots: { readonly proc: string; readonly sys: string; readonly msr: string };
  /** Hands every signal that a command can be sent to the listener instead of ending the process; returns the undoing. */
  onSignal(listener: (signal: NodeJS.Signals) => void): () => void;
  /** Throws where there is no such process. */
  sendSignal(pid: number, signal: NodeJS.Signals): void;
  /** Exit status that the process ends with; 0 until set. */
  setExitCode(code: number): void;
}

/** One file in `cli/commands/` exports this shape; it is loaded only when its command is used. */
export interface CommandModule {
  build(context: CommandContext): Command;
}
