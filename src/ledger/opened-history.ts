import { type OpenedCheckpoint, openCheckpointInPool } from "./checkpoint.ts";
import { type HistoryItem, readHistory } from "./checkpoint-history.ts";
import type { LedgerPaths } from "./ledger-files.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** A note of a history with what its signatures say, or what is left at its end. */
export type OpenedItem =
  | { readonly note: Buffer; readonly end: number; readonly opened: OpenedCheckpoint }
  | { readonly torn: Buffer };

/** So many signatures are being verified while the tree is compared with an earlier one: enough for every thread of the pool. */
const ahead = 64;

/** Reads a history from an offset; every signature is verified, several at once, and given out in order. */
export async function* openHistory(
  paths: LedgerPaths,
  keys: readonly VerifierKey[],
  start = 0,
): AsyncGenerator<OpenedItem, void, undefined> {
  const items = readHistory(paths, start);
  const waiting: Promise<OpenedItem>[] = [];
  let hasEnded = false;
  try {
    for (;;) {
      while (!hasEnded && waiting.length < ahead) {
        const item = await items.next();
        if (item.done === true) hasEnded = true;
        else waiting.push(openItem(item.value, keys));
      }
      const next = waiting.shift();
      if (next === undefined) return;
      yield await next;
    }
  } finally {
    await Promise.allSettled(waiting);
    await items.return();
  }
}

async function openItem(item: HistoryItem, keys: readonly VerifierKey[]): Promise<OpenedItem> {
  return "torn" in item ? item : { ...item, opened: await openCheckpointInPool(item.note, keys) };
}
