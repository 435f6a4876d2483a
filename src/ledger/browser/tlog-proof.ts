import { type Bytes, bytesFromBase64, bytesOf, textOf } from "./bytes.ts";
import { type Checkpoint, openCheckpoint } from "./note.ts";
import { isIncluded, leafHash } from "./tree.ts";
import { readKey } from "./verifier-key.ts";

export type ProofVerdict =
  | {
      readonly ok: true;
      readonly seq: number;
      /** The line of the record: JSON text. */
      readonly line: string;
      readonly checkpoint: Checkpoint;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks a proof of one record (C2SP tlog-proof) with the author's key as text. `line` is the record's line where the proof
 * does not hold it. Throws KEY_INVALID, and INPUT_INVALID where there is no Ed25519.
 */
export async function verifyRecordProof(
  proof: string | Uint8Array,
  keys: readonly string[],
  line: string | Uint8Array | null = null,
): Promise<ProofVerdict> {
  const parsed = parse(bytesOf(proof));
  if (typeof parsed === "string") return { ok: false, reason: parsed };
  const proven = line === null ? parsed.extra : bytesOf(line);
  if (proven === null) return { ok: false, reason: "it does not hold the record, and none was given beside it" };
  const text = textOf(proven);
  if (text === null) return { ok: false, reason: "its record is not UTF-8" };
  const checkpoint = await openCheckpoint(parsed.checkpoint, await Promise.all(keys.map(readKey)));
  if (typeof checkpoint === "string") return { ok: false, reason: `its checkpoint does not hold: ${checkpoint}` };
  const { size, root } = checkpoint;
  if (!(await isIncluded(await leafHash(proven), parsed.index, size, parsed.path, root))) {
    return { ok: false, reason: "the record does not stand in the tree that was signed" };
  }
  return { ok: true, seq: parsed.index, line: text, checkpoint };
}

interface Parts {
  readonly extra: Bytes | null;
  readonly index: number;
  readonly path: readonly Bytes[];
  readonly checkpoint: Bytes;
}

function parse(bytes: Bytes): Parts | string {
  const text = textOf(bytes);
  const border = text?.indexOf("\n\n") ?? -1;
  if (text === null || border === -1) return "it has no empty line before its checkpoint";
  const lines = text.slice(0, border).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") return "its first line is not c2sp.org/tlog-proof@v1";
  const hasExtra = lines[0]?.startsWith("extra ") === true;
  const extra = hasExtra ? bytesFromBase64((lines.shift() ?? "").slice("extra ".length)) : null;
  if (hasExtra && extra === null) return "its extra data is not base64";
  const index = Number(/^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "")?.[1]);
  if (!Number.isSafeInteger(index)) return "it does not say which record it is about";
  const path = lines.map(bytesFromBase64).flatMap((hash) => (hash?.length === 32 ? [hash] : []));
  if (path.length !== lines.length || path.length > 63) return "its hashes are not at most 63 times 32 bytes";
  return { extra, index, path, checkpoint: bytesOf(text.slice(border + 2)) };
}
