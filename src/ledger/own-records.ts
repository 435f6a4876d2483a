import type { JsonObject } from "./canonical-json.ts";
import { readEnvelope, readRecord } from "./line.ts";
import { parseVerifierKey, type VerifierKey } from "./verifier-key.ts";

/** The records that a ledger writes about itself. Their kinds are not free for others. */
export const reservedKinds: readonly string[] = ["genesis", "repair", "key_rotation"];

/** Version of the format: lines, genesis and repair records, checkpoints. */
const ledgerSchemaVersion = "1.0.0";

export interface Genesis {
  /** Random UUID. */
  readonly ledgerId: string;
  readonly createdAt: string;
  /** The key that signs this ledger's checkpoints. A name, not a proof: whoever rewrites the ledger can rewrite it. */
  readonly verifierKey: VerifierKey;
}

export function genesisRecord(ledgerId: string, createdAt: string, verifierKey: string): JsonObject {
  return {
    kind: "genesis",
    ledger_id: ledgerId,
    created_at: createdAt,
    schema_version: ledgerSchemaVersion,
    public_key: verifierKey,
  };
}

/** What the first line of a ledger says, or what is wrong with it. */
export function readGenesisLine(line: Buffer): Genesis | string {
  const envelope = readEnvelope(line);
  if (typeof envelope === "string") return envelope;
  const record = readRecord(line);
  if (typeof record === "string") return record;
  const { kind, ledger_id: ledgerId, created_at: createdAt, schema_version: version, public_key: vkey } = record;
  if (kind !== "genesis") return "it is not a genesis record";
  if (typeof ledgerId !== "string" || !isUuid(ledgerId)) return "its ledger_id is not a UUID";
  if (typeof createdAt !== "string" || !isIsoTime(createdAt)) return "its created_at is not a time";
  if (version !== ledgerSchemaVersion) {
    return `its schema_version is not ${ledgerSchemaVersion}, the one that this program knows`;
  }
  const verifierKey = typeof vkey === "string" ? verifierKeyOrNull(vkey) : null;
  if (verifierKey === null) return "its public_key is not a verifier key";
  return { ledgerId, createdAt, verifierKey };
}

/** Name of a ledger in its checkpoints. */
export function originOf(ledgerId: string): string {
  return `carbon-ops/ledger/${ledgerId}`;
}

export interface TornBytes {
  /** Name of the file beside the ledger that keeps them now. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Bytes that a crash left after the last good line, or after the last whole checkpoint of the history. */
export function tornBytesRecord(
  reason: "torn_tail" | "torn_checkpoint",
  { file, bytes, sha256 }: TornBytes,
  repairedAt: string,
): JsonObject {
  return { kind: "repair", reason, file, bytes, sha256, repaired_at: repairedAt };
}

/** Whole lines that no checkpoint covered: their writer ended before it could sign. The next checkpoint signs them. */
export function unsignedLinesRecord(firstSeq: number, lastSeq: number, repairedAt: string): JsonObject {
  return { kind: "repair", reason: "unsigned_lines", first_seq: firstSeq, last_seq: lastSeq, repaired_at: repairedAt };
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

function isIsoTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

function verifierKeyOrNull(text: string): VerifierKey | null {
  try {
    return parseVerifierKey(text);
  } catch {
    return null;
  }
}
