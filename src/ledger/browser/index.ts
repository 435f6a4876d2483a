/**
 * `carbon-ops/ledger/browser`: checks proofs, checkpoints and small ledgers with WebCrypto alone, in a browser page as well as in
 * Node.js. Nothing here, and nothing that is imported here, needs Node.js.
 */
export type { Checkpoint } from "./note.ts";
export { type ProofVerdict, verifyRecordProof } from "./tlog-proof.ts";
export { hasEd25519 } from "./verifier-key.ts";
export { type CheckpointVerdict, verifyCheckpoint } from "./verify-checkpoint.ts";
export { type LedgerEvidence, type LedgerVerdict, verifyLedger } from "./verify-ledger.ts";
