import { readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { messageOf } from "../errors.ts";
import { type BlockFindings, examineBlock } from "./block.ts";
import type { RecordCheck } from "./block-lines.ts";
import { maximumLineBytes } from "./line.ts";

/** What a thread is asked: the lines that begin in these bytes of a file that is open. */
export interface BlockTask {
  readonly descriptor: number;
  readonly start: number;
  readonly end: number;
  readonly isDeep: boolean;
}

/** What it answers; `error` when the file cannot be read. */
export type BlockAnswer = { readonly findings: BlockFindings } | { readonly error: string };

/**
 * Answers the tasks of the thread that started this one. A thread of its own that knows the schemas of records calls it with a
 * check; block-thread.ts calls it without.
 */
export function answerBlockTasks(checkRecord: RecordCheck | null): void {
  let buffer: Buffer = Buffer.alloc(0);
  parentPort?.on("message", (task: BlockTask) => {
    const needed = bufferBytesFor(task);
    if (buffer.length < needed) buffer = Buffer.allocUnsafeSlow(needed);
    try {
      const findings = examineRange(task, buffer, checkRecord);
      const { leaves, ends, tiles } = findings;
      parentPort?.postMessage({ findings } satisfies BlockAnswer, [leaves.buffer, ends.buffer, tiles.buffer]);
    } catch (error) {
      parentPort?.postMessage({ error: messageOf(error) } satisfies BlockAnswer);
    }
  });
}

/** Room for a range: one byte before it, and the longest line that may begin in it. */
export function bufferBytesFor({ start, end }: BlockTask): number {
  return end - start + maximumLineBytes + 3;
}

/** Reads the range of a task into the buffer and looks at its lines: from the first that begins in it. */
export function examineRange(task: BlockTask, buffer: Buffer, checkRecord: RecordCheck | null): BlockFindings {
  // One byte more at the front, to see whether a line begins at `start`; in front of the file a line feed is thought.
  const isFirst = task.start === 0;
  const readStart = isFirst ? 0 : task.start - 1;
  const offset = isFirst ? 1 : 0;
  const wanted = bufferBytesFor(task) - 1 - offset;
  const filled = offset + readFully(task.descriptor, buffer, offset, wanted, readStart);
  buffer[0] = isFirst ? 0x0a : (buffer[0] ?? 0);
  const bytes = buffer.subarray(0, filled);
  const first = bytes.indexOf(0x0a) + 1;
  const limit = task.end - task.start + 1;
  const contents = task.isDeep ? { checkRecord } : null;
  return examineBlock(bytes, first === 0 ? filled : first, limit, task.start + first - 1, contents);
}

function readFully(descriptor: number, buffer: Buffer, offset: number, length: number, position: number): number {
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, buffer, offset + filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
