import { bytesFromBase64 } from "./base64.ts";
import { openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { verifyConsistency } from "./merkle-proof.ts";
import { leafHash } from "./merkle-tree.ts";
import { parseTlogProof, verifyTlogProof } from "./tlog-proof.ts";
import { parseVerifierKey } from "./verifier-key.ts";

export type CheckedRecordProof =
  | { readonly ok: true; readonly seq: number; readonly line: string; readonly checkpoint: SignedCheckpoint }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks a proof of one record (C2SP tlog-proof) with nothing but the keys: no ledger is needed. `line` is the record's line
 * where the proof does not hold it. Throws KEY_INVALID when a key is none.
 */
export function checkRecordProof(
  proof: Uint8Array,
  keys: readonly string[],
  line: Uint8Array | null = null,
): CheckedRecordProof {
  const parsed = parseTlogProof(proof);
  if (typeof parsed === "string") return { ok: false, reason: parsed };
  const proven = line === null ? parsed.extra : Buffer.from(line);
  if (proven === null) return { ok: false, reason: "it does not hold the record, and none was given beside it" };
  const opened = verifyTlogProof(proof, leafHash(proven), keys.map(parseVerifierKey));
  if (!opened.ok) return opened;
  return { ok: true, seq: opened.index, line: proven.toString("utf8"), checkpoint: opened.checkpoint };
}

export type CheckedConsistencyProof =
  | { readonly ok: true; readonly older: SignedCheckpoint; readonly newer: SignedCheckpoint }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks that the tree under a newer checkpoint begins with the tree under an older one; both must be signed by one of the
 * keys. The proof is an add-checkpoint body of C2SP tlog-witness. Throws KEY_INVALID.
 */
export function checkConsistencyProof(
  proof: Uint8Array,
  older: Uint8Array,
  keys: readonly string[],
): CheckedConsistencyProof {
  const trusted = keys.map(parseVerifierKey);
  const parsed = parseConsistencyProof(proof);
  if (typeof parsed === "string") return { ok: false, reason: parsed };
  const from = openCheckpoint(older, trusted);
  if (!from.ok) return { ok: false, reason: `the older checkpoint does not hold: ${from.reason}` };
  const to = openCheckpoint(parsed.checkpoint, trusted);
  if (!to.ok) return { ok: false, reason: `the newer checkpoint does not hold: ${to.reason}` };
  const [first, second] = [from.checkpoint, to.checkpoint];
  if (first.origin !== second.origin) return { ok: false, reason: "the two checkpoints are of different ledgers" };
  if (first.size !== parsed.oldSize) {
    return { ok: false, reason: `it begins at ${parsed.oldSize} lines, the older checkpoint is over ${first.size}` };
  }
  // Every tree begins with the empty one.
  const holds =
    first.size === 0
      ? parsed.path.length === 0
      : verifyConsistency(first.size, second.size, parsed.path, first.root, second.root);
  if (!holds) return { ok: false, reason: "the newer tree does not begin with the older one" };
  return { ok: true, older: first, newer: second };
}

interface ConsistencyParts {
  readonly oldSize: number;
  readonly path: readonly Buffer[];
  readonly checkpoint: Buffer;
}

function parseConsistencyProof(bytes: Uint8Array): ConsistencyParts | string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const border = buffer.indexOf("\n\n");
  if (border === -1) return "it has no empty line before its checkpoint";
  const lines = buffer.toString("latin1", 0, border).split("\n");
  const oldSize = Number(/^old (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "")?.[1]);
  if (!Number.isSafeInteger(oldSize)) return "it does not begin with the size of the older tree";
  const path = lines.map(bytesFromBase64);
  const hashes = path.flatMap((hash) => (hash?.length === 32 ? [hash] : []));
  if (hashes.length !== path.length || hashes.length > 63) return "its hashes are not at most 63 times 32 bytes";
  return { oldSize, path: hashes, checkpoint: buffer.subarray(border + 2) };
}
