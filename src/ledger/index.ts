/** `carbon-ops/ledger`: append-only, signed records that others can check. It knows nothing of carbon. */
export { assertPathWritable } from "./appendable.ts";
export { canonicalJson, type JsonObject, type JsonValue } from "./canonical-json.ts";
export { Ledger, type LedgerOptions } from "./ledger.ts";
export { type KeyFile, loadOrCreateSigningKey, loadSigningKey, type Signer } from "./signing-key.ts";
export { type FirstBadLine, type LedgerVerification, type VerifyOptions, verifyLedger } from "./verify.ts";
export type { AppendedLine } from "./writer.ts";
