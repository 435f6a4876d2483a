import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { appendFully, changeDirectoryOf, cutFile } from "./durable-file.ts";
import { type FileIdentity, identityAt, identityOf, isSameFile } from "./file-identity.ts";
import { openLedgerFileIfAny } from "./ledger-files.ts";

/** The checkpoint may stand in the history: what it covers must not be taken back. */
export class PublishedError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** `<ledger>.checkpoints`, open for appending from the first checkpoint on. */
export class HistoryFile {
  readonly #path: string;
  #handle: FileHandle | null = null;
  /** Which file that is: this much of it stays the same while it is open. */
  #opened: FileIdentity | null = null;
  #isUnsynced = false;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Adds a checkpoint behind the others. It is not synced here: only a power cut can take it away again. An error that left the
   * file as it was is thrown as it came, any other as a PublishedError.
   */
  async append(entry: Buffer, length: number): Promise<void> {
    if (!isSameFile(this.#opened, identityAt(this.#path))) await this.close();
    if (this.#handle === null) {
      this.#handle = await openForAppending(this.#path);
      this.#opened = identityOf(this.#handle.fd);
    }
    try {
      await appendFully(this.#handle, entry);
      this.#isUnsynced = true;
    } catch (error) {
      await this.#takeBack(this.#handle, length);
      throw error;
    }
  }

  async sync(): Promise<void> {
    if (!this.#isUnsynced) return;
    await this.#handle?.datasync();
    this.#isUnsynced = false;
  }

  /** The file that is open; null before the first checkpoint. */
  identity(): FileIdentity | null {
    return this.#handle === null ? null : identityOf(this.#handle.fd);
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#opened = null;
    await handle?.close();
  }

  async #takeBack(handle: FileHandle, length: number): Promise<void> {
    try {
      await cutFile(handle, length);
    } catch (error) {
      throw new PublishedError(error);
    }
  }
}

async function openForAppending(path: string): Promise<FileHandle> {
  const existing = await openLedgerFileIfAny(path, "write");
  if (existing !== null) return existing;
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
  let created: FileHandle | null = null;
  try {
    return await changeDirectoryOf(path, async () => {
      created = await open(path, flags, 0o644);
      return created;
    });
  } catch (error) {
    await closeIfAny(created);
    throw error;
  }
}

async function closeIfAny(handle: FileHandle | null): Promise<void> {
  await handle?.close();
}
