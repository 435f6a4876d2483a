import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Keys and checkpoints take some hundred bytes. */
const maximumBytes = 65_536;

/**
 * A small regular file that the command line names. Anything without an end, or without a beginning until somebody writes,
 * is refused: the reason is the message of the error that is thrown.
 */
export async function readSmallFile(path: string): Promise<Buffer> {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new Error("it is not a regular file");
    if (status.size > maximumBytes) throw new Error(`it is longer than ${maximumBytes} bytes`);
    const buffer = Buffer.alloc(maximumBytes);
    const { bytesRead } = await handle.read(buffer, 0, maximumBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
