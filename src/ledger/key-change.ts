import { CarbonOpsError } from "../errors.ts";
import { readGenesis } from "./appendable.ts";
import { maximumKeyRotations } from "./key-rotation.ts";
import { Ledger, type LedgerOptions } from "./ledger.ts";
import type { Signer } from "./signing-key.ts";
import { verifierKeyFor } from "./verifier-key.ts";

/**
 * Hands a ledger over to another key: the old key seals the file, and the new one signs the segment that goes on from it. The
 * first checkpoint of that segment carries both signatures. After a crash in between, opening the ledger with the new key
 * completes it, and so does another call.
 *
 * Throws KEY_INVALID when the two keys are the same, or the old one is not the ledger's, and what `Ledger.open` throws.
 */
export async function rotateKey(path: string, options: LedgerOptions, next: Signer): Promise<void> {
  const nextKey = verifierKeyFor(next.name, next.publicKey).vkey;
  const formerKey = verifierKeyFor(options.signer.name, options.signer.publicKey).vkey;
  if (nextKey === formerKey) {
    throw new CarbonOpsError("KEY_INVALID", "The new key is the one that signs the ledger already; give another one.");
  }
  const { keyRotations, verifierKey } = await readGenesis(path);
  if (keyRotations.length >= maximumKeyRotations) {
    throw new CarbonOpsError(
      "KEY_INVALID",
      `The key of ${path} was replaced ${keyRotations.length} times, and there is no room for more; begin a new ledger.`,
    );
  }
  if (verifierKey.vkey !== nextKey) {
    const ledger = await Ledger.open(path, options);
    await ledger.sealFor(next);
  }
  const continued = await Ledger.open(path, { ...options, signer: next, formerSigner: options.signer });
  await continued.close();
}
