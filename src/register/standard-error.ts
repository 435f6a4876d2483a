import { closeSync, fstatSync, openSync, type Stats } from "node:fs";
import { appendBounded, writeAll } from "./bounded-write.ts";

const standardError = 2;

/**
 * What writes to the standard error that the process was started with, bounded in time, and to nothing else: an application may close it, and its next
 * file has its number.
 *
 * @param path by which it can be opened anew
 */
export function standardErrorWriter(path: string): (text: string) => void {
  const atStart = statusOf(standardError);
  return (text) => {
    const now = statusOf(standardError);
    if (now === null || atStart === null || now.dev !== atStart.dev || now.ino !== atStart.ino) return;
    // A full pipe would block the end of the process. Opened anew it need not; it may be another user's, and then it cannot be opened.
    if (now.isFIFO() && wasAppended(path, text)) return;
    writeAll(standardError, Buffer.from(text));
  };
}

/**
 * Opens nothing where an application has closed a standard stream. Libraries that flush those at the end of a process stand still otherwise (koffi, which
 * locks ledgers and reads GPUs); the runtime does the same at its start.
 *
 * @param nothing the device that holds nothing
 */
export function openClosedStandardStreams(nothing: string): void {
  try {
    for (;;) {
      const descriptor = openSync(nothing, "r+");
      if (descriptor <= standardError) continue;
      closeSync(descriptor);
      return;
    }
  } catch {
    // Node.js's permissions may forbid it; what follows at the end of the process is still done.
  }
}

function wasAppended(path: string, text: string): boolean {
  try {
    appendBounded(path, text);
    return true;
  } catch (error) {
    // It was opened, and has no room.
    return error instanceof Error && "code" in error && error.code === "EAGAIN";
  }
}

function statusOf(descriptor: number): Stats | null {
  try {
    return fstatSync(descriptor);
  } catch {
    return null;
  }
}
