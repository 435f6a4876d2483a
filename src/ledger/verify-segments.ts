import { basename } from "node:path";
import { CarbonOpsError } from "../errors.ts";
import { identityAt, isSameFile } from "./file-identity.ts";
import { predecessorsOf } from "./key-rotation.ts";
import { type Genesis, originOf } from "./own-records.ts";
import { genesisForReading } from "./read-genesis.ts";
import { ledgerPathOf, segmentPaths } from "./segment-paths.ts";
import { sealedPath } from "./segments.ts";
import { checkpointOf } from "./state-file.ts";
import { parseVerifierKey } from "./verifier-key.ts";
import { type LedgerVerification, neverSigned, type VerifyOptions, verifyLedger } from "./verify.ts";

export interface SegmentVerification extends LedgerVerification {
  readonly segment: number;
  readonly path: string;
  /** Why it does not go on from the segment before it; null when it does, or is the first. */
  readonly linkProblem: string | null;
  /** What a rotation that did not come to its end has left; null where none did. The next writer mends either. */
  readonly interruptedRotation: InterruptedRotation | null;
}

/** "sealing": the segment has both names, and goes on being the newest; "beginning": the next one is there, and not signed. */
export type InterruptedRotation = "sealing" | "beginning";

/**
 * Checks a ledger with all its segments, oldest first: each of them by itself, and that each goes on from exactly what the one
 * before it was when it was sealed. A checkpoint that was kept or remembered is held against the segment that it names. Stops
 * at the first segment that does not hold. Throws what `verifyLedger` throws: LEDGER_NOT_FOUND names a segment that is missing.
 * Each of them may be compressed (`.gz`).
 */
export async function verifySegments(
  path: string,
  options: VerifyOptions = {},
): Promise<readonly SegmentVerification[]> {
  for (let attempt = 1; ; attempt += 1) {
    const before = identityAt(path);
    const verified = await verifySegmentsOnce(path, options);
    const newest = verified.at(-1);
    const holds = newest?.valid === true && newest.linkProblem === null;
    // A writer that rotated meanwhile has moved files from under the check.
    if (holds || attempt === attempts || isSameFile(before, identityAt(path))) return verified;
  }
}

const attempts = 5;

async function verifySegmentsOnce(path: string, options: VerifyOptions): Promise<readonly SegmentVerification[]> {
  const genesis = await genesisIfAny(path);
  const paths = segmentPaths(path, genesis?.segment ?? 1);
  const routes = await routesOf(paths, options);
  const former = formerKeys(options.keys ?? [], genesis);
  const verified: SegmentVerification[] = [];
  for (const [index, segmentPath] of paths.entries()) {
    const route = routes(index);
    // What a replaced key signs after it was replaced counts for nothing.
    const isSealed = index < paths.length - 1 && former.length > 0;
    const keys = isSealed ? { keys: [...(options.keys ?? []), ...former] } : {};
    const sealing = index === paths.length - 1 ? await sealingOf(segmentPath, genesis) : null;
    const checkpoints = sealing?.checkpointsBeside ?? null;
    const beside = checkpoints === null ? {} : { checkpointsBeside: checkpoints };
    const found = await verifyLedger(segmentPath, { ...route, ...keys, ...beside });
    const verification = index > 0 ? asBegun(found) : found;
    const linkProblem = verification.valid
      ? (sealing?.problem ?? linkProblemOf(verification, index + 1, verified.at(-1) ?? null))
      : null;
    const interruptedRotation = interruptionOf(verification, sealing);
    verified.push({ segment: index + 1, path: segmentPath, linkProblem, interruptedRotation, ...verification });
    if (!verification.valid || linkProblem !== null) break;
  }
  return verified;
}

/** What stands beside the newest segment under the name that it gets when it is sealed. */
interface Sealing {
  /** Where the checkpoints of the segment are; null where they are beside it. */
  readonly checkpointsBeside: string | null;
  readonly problem: string | null;
}

/**
 * A rotation gives a segment its second name first, then its checkpoints go, then the segment itself. A larger file of that
 * name is the same segment at a later time.
 */
async function sealingOf(path: string, genesis: Genesis | null): Promise<Sealing | null> {
  if (genesis === null || ledgerPathOf(path, genesis.segment) !== path) return null;
  const sealed = sealedPath(path, genesis.segment);
  const [own, other] = [identityAt(path), identityAt(sealed)];
  if (own === null || other === null) return null;
  if (isSameFile(own, other)) {
    const isComplete = [".checkpoint", ".checkpoints"].every((ending) => identityAt(path + ending) !== null);
    return { checkpointsBeside: isComplete ? null : sealed, problem: null };
  }
  if (other.size <= own.size || (await genesisIfAny(sealed))?.ledgerId !== genesis.ledgerId) return null;
  const problem = `${basename(sealed)} beside it is segment ${genesis.segment} too, and holds more: the ledger was rolled back to before that segment was sealed`;
  return { checkpointsBeside: null, problem };
}

function interruptionOf(
  { lines, previous, signedUpTo, valid, checkpoints }: LedgerVerification,
  sealing: Sealing | null,
): InterruptedRotation | null {
  if (sealing !== null && sealing.problem === null) return "sealing";
  const isUnsigned = signedUpTo === 0 && checkpoints.inHistory === 0;
  return valid && lines === 1 && previous !== null && isUnsigned ? "beginning" : null;
}

/**
 * A rotation that was interrupted leaves a segment of one line that nobody has signed yet. It holds by what it goes on from, which is
 * signed; by itself it would not.
 */
function asBegun(found: LedgerVerification): LedgerVerification {
  const { checkpoints, lines, previous, firstBadLine, signedUpTo } = found;
  const isUnsigned = checkpoints.inHistory === 0 && signedUpTo === 0;
  const isOnlyThat = checkpoints.problems.length === 1 && checkpoints.problems[0]?.reason === neverSigned;
  if (lines !== 1 || previous === null || firstBadLine !== null || !isUnsigned || !isOnlyThat) return found;
  return { ...found, valid: true, checkpoints: { ...checkpoints, problems: [] } };
}

/** What each segment is verified with. Checkpoints that name none of them go to the newest, which does not fit them. */
async function routesOf(paths: readonly string[], options: VerifyOptions): Promise<(index: number) => VerifyOptions> {
  const { checkpoint, remembered, ...others } = options;
  const newest = paths.length - 1;
  if (newest === 0) return () => options;
  const origins: (string | null)[] = [];
  for (const path of paths) origins.push(originOrNull(await genesisIfAny(path)));
  const placeOf = (note: Uint8Array | undefined): number => {
    const origin = note === undefined ? null : (checkpointOf(note)?.origin ?? null);
    const index = origin === null ? -1 : origins.indexOf(origin);
    return index === -1 ? newest : index;
  };
  return (index) => ({
    ...others,
    ...(checkpoint !== undefined && placeOf(checkpoint) === index ? { checkpoint } : {}),
    ...(remembered !== undefined && placeOf(remembered) === index ? { remembered } : {}),
  });
}

/** Keys from which those that were given have taken over: they signed earlier segments. */
function formerKeys(keys: readonly string[], genesis: Genesis | null): readonly string[] {
  if (genesis === null || keys.length === 0) return [];
  return predecessorsOf(keys.map(parseVerifierKey), genesis.keyRotations).map(({ vkey }) => vkey);
}

function originOrNull(genesis: Genesis | null): string | null {
  return genesis === null ? null : originOf(genesis.ledgerId);
}

/** Null for what does not begin like a ledger: verifying it says so. */
async function genesisIfAny(path: string): Promise<Genesis | null> {
  try {
    const genesis = await genesisForReading(path);
    return typeof genesis === "string" ? null : genesis;
  } catch (error) {
    if (error instanceof CarbonOpsError && error.code === "LEDGER_NOT_FOUND") return null;
    throw error;
  }
}

function linkProblemOf(
  { namedSegment, previous }: LedgerVerification,
  segment: number,
  before: SegmentVerification | null,
): string | null {
  if (namedSegment !== segment) return `it says that it is segment ${namedSegment}`;
  if (before === null || previous === null) return before === null ? null : "it says that it is the first segment";
  if (previous.origin !== originOf(before.ledgerId ?? "")) return `it goes on from another log (${previous.origin})`;
  if (previous.size !== before.lines)
    return `it goes on from ${previous.size} lines, but the segment before it has ${before.lines}`;
  const isSame = previous.root === before.root && previous.lastHash === before.lastHash;
  return isSame ? null : "it goes on from other lines than those";
}
