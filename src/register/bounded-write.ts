import { closeSync, constants, openSync, writeSync } from "node:fs";
import { systemErrorCode } from "../errors.ts";

/** A pipe whose reader does not read has no room: it is waited for that long, in milliseconds. */
const longestWaitMs = 1000;
const pauseMs = 10;

/**
 * Adds text to a file, or to a pipe that has a reader, and never waits for longer than a second. Throws the runtime's errors; a pipe that nobody reads
 * has some of the text at most.
 */
export function appendBounded(path: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
  const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o666);
  try {
    writeAll(descriptor, Buffer.from(text));
  } finally {
    closeSync(descriptor);
  }
}

/** As much as there is room for within a second; a descriptor that blocks may take longer. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  const nap = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let written = 0;
  for (let waitedMs = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if (systemErrorCode(error) !== "EAGAIN" || waitedMs >= longestWaitMs) throw error;
      Atomics.wait(nap, 0, 0, pauseMs);
      waitedMs += pauseMs;
    }
  }
}
