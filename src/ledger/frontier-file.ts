import { hash } from "node:crypto";
import { constants } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { systemErrorCode } from "../errors.ts";
import { readPart } from "./checkpoint-files.ts";
import { writeFully } from "./durable-file.ts";
import type { FileIdentity } from "./file-identity.ts";

/**
 * Where a writer stopped: the edge of the Merkle tree, and the state in which it left the files. A cache: what it says is
 * believed only of files that nobody has changed since, and only if tree and last line give a root that the key has signed.
 */
export interface Frontier {
  readonly ledger: FileIdentity;
  readonly history: FileIdentity;
  /** Number of lines, and the offset of the last one. */
  readonly size: number;
  readonly lastLineStart: number;
  /** Roots of the complete subtrees over all lines but the last, largest first. */
  readonly subtreeRoots: readonly Buffer[];
  /** Offset of the newest checkpoint in the history. */
  readonly newestNoteStart: number;
}

const version = 1;
/** 53 hashes in hexadecimal, and little else. */
const maximumBytes = 8192;

/**
 * Writes the file in place and unsynced: one that was cut off does not fit its own checksum, and costs the next writer a walk
 * over the ledger. Never throws: whoever cannot keep a cache does without.
 */
export async function writeFrontier(path: string, frontier: Frontier): Promise<void> {
  const text = JSON.stringify({
    version,
    ...frontier,
    ledger: identityText(frontier.ledger),
    history: identityText(frontier.history),
    subtreeRoots: frontier.subtreeRoots.map((root) => root.toString("hex")),
  });
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(path, flags, 0o644);
    try {
      const bytes = Buffer.from(`${hash("sha256", text)}\n${text}\n`);
      await writeFully(handle, bytes);
      await handle.truncate(bytes.length);
    } finally {
      await handle.close();
    }
  } catch {
    await forgetFrontier(path);
  }
}

export async function forgetFrontier(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    // It does not fit any more, whether it can be removed or not: the files that it speaks of have changed.
    if (systemErrorCode(error) === undefined) throw error;
  }
}

/** What the file says, or null where there is none that is whole. */
export async function readFrontier(path: string): Promise<Frontier | null> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return null;
      const [checksum, text = ""] = (await readPart(handle, 0, maximumBytes)).toString("latin1").split("\n");
      return hash("sha256", text) === checksum ? parseFrontier(JSON.parse(text)) : null;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

function parseFrontier(value: unknown): Frontier | null {
  if (!isObject(value) || value["version"] !== version) return null;
  const { size, lastLineStart, newestNoteStart, subtreeRoots } = value;
  const ledger = parseIdentity(value["ledger"]);
  const history = parseIdentity(value["history"]);
  if (!isCount(size) || size < 1 || !isCount(lastLineStart) || !isCount(newestNoteStart)) return null;
  if (ledger === null || history === null || !Array.isArray(subtreeRoots)) return null;
  if (!subtreeRoots.every((root) => typeof root === "string" && /^[0-9a-f]{64}$/.test(root))) return null;
  if (subtreeRoots.length !== setBits(size - 1)) return null;
  const roots = subtreeRoots.map((root) => Buffer.from(String(root), "hex"));
  return { ledger, history, size, lastLineStart, subtreeRoots: roots, newestNoteStart };
}

function parseIdentity(value: unknown): FileIdentity | null {
  if (!isObject(value)) return null;
  const { dev, ino, size, changedNs } = value;
  const digits = [dev, ino, changedNs].every((text) => typeof text === "string" && /^[0-9]{1,20}$/.test(text));
  if (!digits || !isCount(size)) return null;
  return { dev: BigInt(String(dev)), ino: BigInt(String(ino)), size, changedNs: BigInt(String(changedNs)) };
}

function identityText({ dev, ino, size, changedNs }: FileIdentity): object {
  return { dev: String(dev), ino: String(ino), size, changedNs: String(changedNs) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function setBits(value: number): number {
  return value.toString(2).replaceAll("0", "").length;
}
