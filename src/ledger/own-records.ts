import type { JsonObject, JsonValue } from "./canonical-json.ts";
import { readEnvelope, readRecord } from "./line.ts";
import { parseVerifierKey, type VerifierKey } from "./verifier-key.ts";

/** The records that a ledger writes about itself. Their kinds are not free for others. */
export const reservedKinds: readonly string[] = ["genesis", "repair", "key_rotation"];

/** Versions of the format: lines, genesis and repair records, checkpoints. */
const firstSchemaVersion = "1.0.0";
/** A segment that goes on from another one: its genesis record says from which. */
const segmentSchemaVersion = "1.1.0";
/** A segment of a ledger whose key was replaced: its genesis record holds the statements about that. */
const rotatedSchemaVersion = "1.2.0";

/** Names of complete segments end in six digits. */
export const maximumSegments = 999_999;

const knownSchemaVersions: readonly string[] = [firstSchemaVersion, segmentSchemaVersion, rotatedSchemaVersion];

/** The complete segment that a ledger goes on from. */
export interface PreviousSegment {
  /** Name of its log, as its checkpoints give it. */
  readonly origin: string;
  /** Number of its lines, and the RFC 6962 root over them in hex: those of its last checkpoint. */
  readonly size: number;
  readonly root: string;
  /** Leaf hash of its last line, in hex. */
  readonly lastHash: string;
}

export interface Genesis {
  /** Random UUID. */
  readonly ledgerId: string;
  readonly createdAt: string;
  /** The key that signs this ledger's checkpoints. A name, not a proof: whoever rewrites the ledger can rewrite it. */
  readonly verifierKey: VerifierKey;
  /** Place among the segments of a ledger, from 1. */
  readonly segment: number;
  /** Null in the first segment. */
  readonly previous: PreviousSegment | null;
  /** Statements that one key follows another (key-rotation.ts), oldest first. */
  readonly keyRotations: readonly string[];
}

export function genesisRecord(ledgerId: string, createdAt: string, verifierKey: string): JsonObject {
  return {
    kind: "genesis",
    ledger_id: ledgerId,
    created_at: createdAt,
    schema_version: firstSchemaVersion,
    public_key: verifierKey,
  };
}

/** The first record of a segment that goes on from another one. */
export function segmentGenesisRecord(
  ledgerId: string,
  createdAt: string,
  verifierKey: string,
  segment: number,
  { origin, size, root, lastHash }: PreviousSegment,
  keyRotations: readonly string[],
): JsonObject {
  const hasRotations = keyRotations.length > 0;
  return {
    ...genesisRecord(ledgerId, createdAt, verifierKey),
    schema_version: hasRotations ? rotatedSchemaVersion : segmentSchemaVersion,
    segment,
    previous: { origin, size, root, last_hash: lastHash },
    ...(hasRotations ? { key_rotations: keyRotations } : {}),
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
  if (typeof version !== "string" || !knownSchemaVersions.includes(version)) {
    return `its schema_version is none of those that this program knows (${knownSchemaVersions.join(", ")})`;
  }
  const verifierKey = typeof vkey === "string" ? verifierKeyOrNull(vkey) : null;
  if (verifierKey === null) return "its public_key is not a verifier key";
  if (version === firstSchemaVersion) {
    return { ledgerId, createdAt, verifierKey, segment: 1, previous: null, keyRotations: [] };
  }
  const previous = readPreviousSegment(record["previous"]);
  const segment = record["segment"];
  if (previous === null || typeof segment !== "number" || !Number.isSafeInteger(segment) || segment < 2) {
    return "it does not say which segment it goes on from";
  }
  if (segment > maximumSegments) return `its segment is ${segment}, but a ledger has ${maximumSegments} at most`;
  const keyRotations = version === rotatedSchemaVersion ? readKeyRotations(record["key_rotations"]) : [];
  if (keyRotations === null) return "its key_rotations are no statements";
  return { ledgerId, createdAt, verifierKey, segment, previous, keyRotations };
}

/** Their texts alone: whoever follows them verifies them. */
function readKeyRotations(value: JsonValue | undefined): readonly string[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const texts = value.filter((note) => typeof note === "string");
  return texts.length === value.length ? texts : null;
}

function readPreviousSegment(value: JsonValue | undefined): PreviousSegment | null {
  if (!isObject(value)) return null;
  const { origin, size, root, last_hash: lastHash } = value;
  if (typeof origin !== "string" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 1) return null;
  return isHash(root) && isHash(lastHash) ? { origin, size, root, lastHash } : null;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHash(value: JsonValue | undefined): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
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
