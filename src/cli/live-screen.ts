import { constants } from "node:os";
import { isForegroundProcessGroup } from "../host/process.ts";
import type { HostRoots } from "../host/roots.ts";
import type { CommandContext } from "./context.ts";

/** Text that is drawn again and again in the same place of a terminal, or one after the other where there is none. */
export interface LiveScreen {
  draw(frame: string): void;
  /**
   * Waits, but not longer than until somebody ends it. Null when the time is over; otherwise the exit status: 0 after "q" or when
   * nobody reads any more, 128 + n after signal n or Ctrl-C.
   */
  pause(seconds: number): Promise<number | null>;
  /** Leaves the terminal as it was found, with the last frame on it. Safe to call twice. */
  close(): void;
}

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const eraseBelow = "\u001b[J";
const controlC = "\u0003";

/**
 * Draws in the ordinary screen, in place: no alternate screen, so that nothing vanishes at the end and a dropped SSH
 * connection leaves no trace. Keys are read only in the foreground of a terminal, where reading does not stop the process.
 */
export function openLiveScreen(
  context: Pick<CommandContext, "stdin" | "stdout" | "onSignal">,
  roots: HostRoots,
  onKey: (key: string) => void,
): LiveScreen {
  const { stdin, stdout } = context;
  const isTerminal = stdout.isTTY === true;
  const hasKeys = isTerminal && stdin.isTTY === true && isInForeground(roots);
  let endStatus: number | null = null;
  let wake: () => void = () => undefined;
  let drawnLines = 0;
  let isOpen = true;

  const end = (status: number): void => {
    endStatus ??= status;
    wake();
  };
  const onData = (chunk: unknown): void => {
    for (const key of String(chunk)) {
      if (key === "q") end(0);
      else if (key === controlC) end(128 + constants.signals.SIGINT);
      else onKey(key);
    }
  };
  const onEndOfOutput = (): void => end(0);
  const unsubscribe = context.onSignal((signal) => {
    // What was drawn is no longer where it was.
    if (signal === "SIGWINCH") drawnLines = 0;
    else if (signal !== "SIGUSR1" && signal !== "SIGUSR2") end(128 + constants.signals[signal]);
  });
  stdout.once("error", onEndOfOutput);
  stdout.once("close", onEndOfOutput);
  if (isTerminal) stdout.write(hideCursor);
  if (hasKeys) {
    stdin.setRawMode?.(true);
    stdin.on("data", onData);
    stdin.resume();
  }
  return {
    draw: (frame) => {
      const lineCount = frame.split("\n").length - 1;
      stdout.write(isTerminal ? `${above(drawnLines)}${eraseBelow}${frame}` : frame);
      drawnLines = lineCount;
    },
    pause: async (seconds) => {
      if (endStatus === null) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, seconds * 1000);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return endStatus;
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      unsubscribe();
      stdout.off("error", onEndOfOutput);
      stdout.off("close", onEndOfOutput);
      if (hasKeys) {
        stdin.off("data", onData);
        stdin.setRawMode?.(false);
        stdin.pause();
      }
      if (isTerminal) stdout.write(showCursor);
    },
  };
}

/** To the first column, so many lines up. */
function above(lineCount: number): string {
  return lineCount === 0 ? "\r" : `\r\u001b[${lineCount}A`;
}

function isInForeground(roots: HostRoots): boolean {
  try {
    return isForegroundProcessGroup(roots);
  } catch {
    return false;
  }
}
