import { createHash, randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeDirectories } from "../../directories.ts";
import { systemErrorCode } from "../../errors.ts";
import type { ProviderCounters } from "../counters.ts";
import { dayMs } from "../period-source.ts";
import {
  type Batch,
  type DayEntry,
  emptyEntry,
  entryOfText,
  mergedEntry,
  type StoredPeriod,
  textOfEntry,
} from "./day-entry.ts";

/** Days of values, in memory and (where there is a directory) on disk, where processes share them. */
export interface DayStore {
  /** The entry as this process knows it; from the disk the first time, and again when `isReread`. */
  read(series: string, dayStartMs: number, isReread: boolean): Promise<DayEntry>;
  add(series: string, dayStartMs: number, batches: readonly Batch[], periods: readonly StoredPeriod[]): Promise<void>;
}

/** Days kept in memory, of all series together. */
const mostDaysInMemory = 1000;
/** A day in 5-minute steps takes about 60 kB. */
const largestFileBytes = 4_000_000;

/**
 * Entries are written whole under another name and renamed, so that a reader sees the old or the new one. A file that is no
 * entry counts as absent; a disk that takes no more is counted, and the values stay in memory.
 */
export function dayStore(directory: string | null, counters: ProviderCounters): DayStore {
  const memory = new Map<string, DayEntry>();
  const remember = (key: string, entry: DayEntry): void => {
    memory.delete(key);
    memory.set(key, entry);
    const [oldest] = memory.keys();
    if (memory.size > mostDaysInMemory && oldest !== undefined) memory.delete(oldest);
  };
  const readDisk = async (key: string): Promise<DayEntry> => {
    if (directory === null) return emptyEntry;
    const text = await fileText(pathOf(directory, key), counters);
    const entry = text === null ? emptyEntry : entryOfText(key, text);
    if (entry === null) counters.cacheReadErrors += 1;
    return entry ?? emptyEntry;
  };
  const combined = (known: DayEntry, other: DayEntry): DayEntry => mergedEntry(known, other.batches, other.periods);
  return {
    async read(series, dayStartMs, isReread) {
      const key = keyOf(series, dayStartMs);
      const known = memory.get(key);
      if (known !== undefined && !isReread) return known;
      const entry = combined(known ?? emptyEntry, await readDisk(key));
      remember(key, entry);
      return entry;
    },
    async add(series, dayStartMs, batches, periods) {
      const key = keyOf(series, dayStartMs);
      const known = combined(memory.get(key) ?? emptyEntry, await readDisk(key));
      const entry = mergedEntry(known, batches, periods);
      remember(key, entry);
      if (directory !== null) await writeFileWhole(pathOf(directory, key), textOfEntry(key, entry), counters);
    },
  };
}

export function dayStartOf(instantMs: number): number {
  return Math.floor(instantMs / dayMs) * dayMs;
}

function keyOf(series: string, dayStartMs: number): string {
  return `${series} ${new Date(dayStartMs).toISOString().slice(0, 10)}`;
}

/** Zones and addresses may hold any character: the file is named by a hash, and the key stands inside. */
function pathOf(directory: string, key: string): string {
  const hash = createHash("sha256").update(key).digest("hex");
  return join(directory, hash.slice(0, 2), `${hash.slice(2, 34)}.json`);
}

async function fileText(path: string, counters: ProviderCounters): Promise<string | null> {
  try {
    const handle = await open(path, "r");
    try {
      const status = await handle.stat();
      if (!status.isFile() || status.size > largestFileBytes) throw new Error("no entry of the cache");
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") counters.cacheReadErrors += 1;
    return null;
  }
}

async function writeFileWhole(path: string, text: string, counters: ProviderCounters): Promise<void> {
  const temporaryPath = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    makeDirectories(dirname(path), 0o700);
    const handle = await open(temporaryPath, "wx", 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await rename(temporaryPath, path);
  } catch {
    counters.cacheWriteErrors += 1;
    await rm(temporaryPath, { force: true }).catch(() => undefined);
  }
}
