import { randomUUID } from "node:crypto";
import { accessSync, closeSync, constants, lstatSync, openSync, readSync, statSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import type { CommandContext } from "./context.ts";

/** Where a result goes that a flag names: standard output for "-", otherwise a file. */
export interface OutputTarget {
  /** The file, or null for standard output. */
  readonly path: string | null;
  /** Throws OUTPUT_FAILED. */
  write(text: string): Promise<void>;
}

/** Throws OUTPUT_FAILED at once when the file could not be written, so that nothing is measured in vain; writes nothing yet. */
export function outputTarget(flag: string, path: string, context: CommandContext): OutputTarget {
  if (path === "-") {
    return { path: null, write: async (text) => void context.stdout.write(text) };
  }
  const absolute = resolve(context.workingDirectory, path);
  assertWritable(flag, path, absolute);
  return {
    path: absolute,
    write: async (text) => {
      try {
        await (isSpecial(absolute) ? writeFile(absolute, text) : replaceFile(absolute, text));
      } catch (error) {
        throw outputFailed(flag, path, refusal(error));
      }
    },
  };
}

function assertWritable(flag: string, path: string, absolute: string): void {
  if (path === "")
    throw new CarbonOpsError("USAGE", `${flag} is empty, but must be a file or "-" for standard output.`);
  try {
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) throw outputFailed(flag, path, "it is a directory");
    if (stats !== undefined) accessSync(absolute, constants.W_OK);
    if (stats?.isFile() === true) assertReplaceable(flag, path, absolute);
    if (!isSpecial(absolute)) accessSync(dirname(absolute), constants.W_OK);
  } catch (error) {
    if (error instanceof CarbonOpsError) throw error;
    throw outputFailed(flag, path, refusal(error));
  }
}

/** How a ledger and a private key begin: no result takes their place, whatever the flag says. */
const irreplaceable = [
  { start: '{"prev_hash":"', what: "a ledger" },
  { start: "-----BEGIN PRIVATE KEY", what: "a private key" },
  { start: "-----BEGIN ENCRYPTED PRIVATE KEY", what: "a private key" },
];

function assertReplaceable(flag: string, path: string, absolute: string): void {
  const beginning = beginningOf(absolute, 40);
  const found = irreplaceable.find(({ start }) => beginning.startsWith(start));
  if (found !== undefined) throw outputFailed(flag, path, `it holds ${found.what}`);
}

function beginningOf(absolute: string, length: number): string {
  const descriptor = openSync(absolute, "r");
  try {
    const bytes = Buffer.alloc(length);
    return bytes.toString("latin1", 0, readSync(descriptor, bytes, 0, length, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** A device, a FIFO or a link is written into; anything else is replaced at once, so that a full disk costs nothing old. */
function isSpecial(absolute: string): boolean {
  return lstatSync(absolute, { throwIfNoEntry: false })?.isFile() === false;
}

async function replaceFile(absolute: string, text: string): Promise<void> {
  const temporary = `${absolute}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { flag: "wx" });
    await rename(temporary, absolute);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function refusal(error: unknown): string {
  return refusals[systemErrorCode(error) ?? ""] ?? messageOf(error);
}

const refusals: Readonly<Record<string, string>> = {
  ENOENT: "its directory does not exist",
  ENOTDIR: "what should be its directory is a file",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "its file system is read-only",
  ENOSPC: "its disk is full",
};

function outputFailed(flag: string, path: string, why: string): CarbonOpsError {
  return new CarbonOpsError("OUTPUT_FAILED", `${flag} ${path} cannot be written (${why}); name another file.`);
}
