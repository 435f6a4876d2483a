/** `carbon-ops/ledger`: append-only, signed records that others can check. It knows nothing of carbon. */
export { assertPathWritable } from "./appendable.ts";
export type { AppendedLine } from "./batch.ts";
export { canonicalJson, type JsonObject, type JsonValue } from "./canonical-json.ts";
export { checkConsistencyProof, checkRecordProof } from "./check-proof.ts";
export { type CosignatureImport, type ImportedCosignatures, importCosignatures } from "./cosignatures.ts";
export { rotateKey } from "./key-change.ts";
export { type AppendOptions, Ledger, type LedgerOptions } from "./ledger.ts";
export { type CurrentCheckpoint, currentCheckpoint, proveConsistency, proveRecord } from "./prove.ts";
export { recordSignatureFault, signRecord } from "./record-signature.ts";
export {
  createSigningKey,
  type KeyFile,
  type KeyFileOptions,
  loadOrCreateSigningKey,
  loadSigningKey,
  type Signer,
} from "./signing-key.ts";
export {
  type FirstBadLine,
  type LedgerVerification,
  type VerifyOptions,
  type VerifyProgress,
  verifyLedger,
  type Witnessing,
} from "./verify.ts";
export { type SegmentVerification, verifySegments } from "./verify-segments.ts";
export type { Durability } from "./writer.ts";
