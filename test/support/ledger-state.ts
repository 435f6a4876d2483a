import { verifyLedger } from "../../src/ledger/verify.ts";

/** What a verifier with the key finds, in short. */
export async function stateOfLedger(path: string, key: string) {
  const { valid, lines, unsignedLines } = await verifyLedger(path, { keys: [key] });
  return { valid, lines, unsignedLines };
}
