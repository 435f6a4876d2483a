import { bytesFromBase64 } from "./base64.ts";
import { openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { verifyInclusion } from "./merkle-proof.ts";
import type { VerifierKey } from "./verifier-key.ts";

/**
 * A proof that can be handed out with a record and checked without the log (C2SP tlog-proof): a first line, the place of the
 * record, the inclusion proof, an empty line, and the signed checkpoint.
 */
export interface TlogProof {
  /** What the prover added, unsigned; for a record of a ledger its line. Null where there is nothing. */
  readonly extra: Buffer | null;
  readonly index: number;
  readonly path: readonly Buffer[];
  /** The note of the checkpoint, as it stands in the proof. */
  readonly checkpoint: Buffer;
}

const firstLine = "c2sp.org/tlog-proof@v1";
/** A tree of 2^63 leaves needs no more. */
const longestPath = 63;

/** The parts of a proof whose form is right, or what is wrong with it. Nothing is verified. */
export function parseTlogProof(bytes: Uint8Array): TlogProof | string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const border = buffer.indexOf("\n\n");
  if (border === -1) return "it has no empty line before its checkpoint";
  const lines = buffer.toString("latin1", 0, border).split("\n");
  if (lines.shift() !== firstLine) return `its first line is not ${firstLine}`;
  const hasExtra = lines[0]?.startsWith("extra ") === true;
  const extra = hasExtra ? bytesFromBase64((lines.shift() ?? "").slice("extra ".length)) : null;
  if (hasExtra && extra === null) return "its extra data is not base64";
  const index = Number(/^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "")?.[1]);
  if (!Number.isSafeInteger(index)) return "it does not say which record it is about";
  if (lines.length > longestPath) return `it has more than ${longestPath} hashes`;
  const path: Buffer[] = [];
  for (const line of lines) {
    const hash = bytesFromBase64(line);
    if (hash?.length !== 32) return "one of its hashes is not the base64 of 32 bytes";
    path.push(hash);
  }
  return { extra, index, path, checkpoint: buffer.subarray(border + 2) };
}

/** The text of a proof. */
export function formatTlogProof({ extra, index, path, checkpoint }: TlogProof): string {
  const extraLines = extra === null ? [] : [`extra ${extra.toString("base64")}`];
  const hashes = path.map((hash) => hash.toString("base64"));
  return `${[firstLine, ...extraLines, `index ${index}`, ...hashes].join("\n")}\n\n${checkpoint.toString("utf8")}`;
}

export type OpenedTlogProof =
  | { readonly ok: true; readonly index: number; readonly checkpoint: SignedCheckpoint }
  | { readonly ok: false; readonly reason: string };

/** Whether a record with this leaf hash stands in a log that one of the keys has signed. */
export function verifyTlogProof(bytes: Uint8Array, leaf: Uint8Array, keys: readonly VerifierKey[]): OpenedTlogProof {
  const proof = parseTlogProof(bytes);
  if (typeof proof === "string") return { ok: false, reason: proof };
  const opened = openCheckpoint(proof.checkpoint, keys);
  if (!opened.ok) return { ok: false, reason: `its checkpoint does not hold: ${opened.reason}` };
  const { checkpoint } = opened;
  if (!verifyInclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root)) {
    return { ok: false, reason: "the record does not stand in the tree that was signed" };
  }
  return { ok: true, index: proof.index, checkpoint };
}
