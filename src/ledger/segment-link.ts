import { rotationInto } from "./key-rotation.ts";
import { type Genesis, originOf } from "./own-records.ts";

/** A complete segment as the next one must name it. Root and last hash are null where its lines do not hold. */
export interface EarlierSegment {
  readonly genesis: Genesis;
  /** Number of its lines. */
  readonly size: number;
  readonly root: string | null;
  readonly lastHash: string | null;
}

/** Why a segment does not go on from the one before it, or null: what its first record says of it, and of new keys. */
export function linkFault(genesis: Genesis, before: EarlierSegment): string | null {
  const { previous, ledgerId } = genesis;
  if (previous === null) return "it says that it is the first segment";
  if (previous.origin !== originOf(before.genesis.ledgerId)) return `it goes on from another log (${previous.origin})`;
  if (previous.size !== before.size)
    return `it goes on from ${previous.size} lines, but the segment before it has ${before.size}`;
  if (previous.root !== before.root || previous.lastHash !== before.lastHash)
    return "it goes on from other lines than those";
  if (ledgerId === before.genesis.ledgerId) return repeatedId(genesis.segment - 1);
  return rotationProblem(genesis, before.genesis);
}

/** Each segment is a log of its own: two with one ledger_id would be one log with two roots. */
export function repeatedId(segment: number): string {
  return `it has the ledger_id of segment ${segment}`;
}

/** It holds the statements of the segment before it, and one more where, and only where, the key is another. */
function rotationProblem(genesis: Genesis, before: Genesis): string | null {
  const added = genesis.keyRotations.length - before.keyRotations.length;
  const areKept = before.keyRotations.every((note, index) => note === genesis.keyRotations[index]);
  const rotation = rotationInto(genesis);
  if (!areKept || added > 1 || (added === 1 && rotation === null)) {
    return "a statement in it about a new key was not made for this ledger as it stands here";
  }
  const [from, to] = [rotation?.from ?? before.verifierKey, rotation?.to ?? before.verifierKey];
  const isHandedOver = from.vkey === before.verifierKey.vkey && to.vkey === genesis.verifierKey.vkey;
  return isHandedOver ? null : "no statement gives it from the key of the segment before it to the one that it names";
}
