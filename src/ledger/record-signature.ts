import { verify } from "node:crypto";
import { bytesFromBase64 } from "./base64.ts";
import { canonicalJson, type JsonObject } from "./canonical-json.ts";
import type { Signer } from "./signing-key.ts";
import { parseVerifierKey, type VerifierKey, verifierKeyFor } from "./verifier-key.ts";

/**
 * A record that stands alone: `signature` (base64) is Ed25519 over this prefix and the canonical form of the record without the
 * members `signature` and `append_id`; `signing_key` is the key, as text. No checkpoint can be taken for such a message, nor the
 * other way round; all the same, a key of its own is cleaner.
 */
const prefix = "carbon-ops/record/v1\n";

/** The same record with the signer's name and signature. Throws RECORD_INVALID when it is not JSON. */
export async function signRecord(record: JsonObject, signer: Signer): Promise<JsonObject> {
  const named = { ...record, signing_key: verifierKeyFor(signer.name, signer.publicKey).vkey };
  const signature = await signer.sign(messageOf(named));
  return { ...named, signature: Buffer.from(signature).toString("base64") };
}

/**
 * What is wrong with a record's own signature; null when it holds, or there is none. With `trusted` keys, as text, it must be by
 * one of them; without, it only holds for the key that the record itself names.
 */
export function recordSignatureFault(record: JsonObject, trusted: readonly string[] | null = null): string | null {
  const { signature, signing_key: signingKey } = record;
  if (signature === undefined && signingKey === undefined) return trusted === null ? null : "its record is not signed";
  const key = typeof signingKey === "string" ? keyOrNull(signingKey) : null;
  if (key?.algorithm !== "ed25519") return "its record's signing_key is no verifier key";
  if (trusted !== null && !trusted.includes(key.vkey)) return "its record is signed by a key that was not given";
  const bytes = typeof signature === "string" ? bytesFromBase64(signature) : null;
  const holds = bytes?.length === 64 && verify(null, messageOf(record), key.keyObject, bytes);
  return holds ? null : "its record's signature does not fit the record";
}

function messageOf(record: JsonObject): Buffer {
  const { signature: _signature, append_id: _appendId, ...signed } = record;
  return Buffer.from(`${prefix}${canonicalJson(signed)}`);
}

function keyOrNull(text: string): VerifierKey | null {
  try {
    return parseVerifierKey(text);
  } catch {
    return null;
  }
}
