import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { CarbonOpsError, messageOf } from "../../../errors.ts";
import type { CommandContext } from "../../context.ts";

/** Keys and checkpoints take some hundred bytes. */
const smallBytes = 65_536;
/** A proof may hold the longest line of a ledger, in base64. */
export const largestProofBytes = 1 << 18;

/**
 * A small regular file that the command line names. Anything without an end, or without a beginning until somebody writes,
 * is refused: the reason is the message of the error that is thrown.
 */
export async function readSmallFile(path: string, maximumBytes = smallBytes): Promise<Buffer> {
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

/** The same, with an error for people. Throws LEDGER_UNREADABLE. */
export async function readNamedFile(
  what: string,
  file: string,
  context: CommandContext,
  maximumBytes = smallBytes,
): Promise<Buffer> {
  try {
    return await readSmallFile(resolve(context.workingDirectory, file), maximumBytes);
  } catch (error) {
    throw new CarbonOpsError(
      "LEDGER_UNREADABLE",
      `${what} ${file} cannot be read (${messageOf(error)}); name the file that you kept or were given.`,
      { cause: error },
    );
  }
}
