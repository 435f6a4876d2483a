import { isDeepStrictEqual } from "node:util";
import { CarbonOpsError } from "../errors.ts";
import { identityAt, isSameFile } from "./file-identity.ts";
import { keysOfSegments } from "./key-rotation.ts";
import { type Genesis, originOf } from "./own-records.ts";
import { genesisForReading } from "./read-genesis.ts";
import { isSealed, type Sealing, sealedNow, sealingOf } from "./sealing.ts";
import { linkFault, repeatedId } from "./segment-link.ts";
import { segmentPaths } from "./segment-paths.ts";
import { checkpointOf } from "./state-file.ts";
import { parseVerifierKey } from "./verifier-key.ts";
import { type LedgerVerification, neverSigned, type VerifyOptions, verifyLedger } from "./verify.ts";
import { vouchedForByNext } from "./vouching.ts";

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
 * Each of them may be compressed (`.gz`). When it is rotated meanwhile, what stood there at the beginning is judged; LEDGER_BUSY
 * where that file is gone, again and again.
 */
export async function verifySegments(
  path: string,
  options: VerifyOptions = {},
): Promise<readonly SegmentVerification[]> {
  let target = path;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const before = identityAt(target);
    const { verified, error } = await attemptOn(target, options);
    const isMoved = before !== null && !isSameFile(before, identityAt(target));
    // A writer that rotated meanwhile has moved files from under the check.
    if (!isMoved || isWhole(verified)) {
      if (verified === null) throw error;
      return target === path ? verified : verified.map(withRotation);
    }
    // The file that stood there has a lasting name by now, and nobody writes to it: that state is judged.
    target = sealedNow(path, before) ?? path;
  }
  throw new CarbonOpsError(
    "LEDGER_BUSY",
    `${path} was replaced ${attempts} times while it was looked at, so nothing can be said about it; verify it when nobody rotates it, or a copy.`,
  );
}

const attempts = 5;

async function attemptOn(path: string, options: VerifyOptions) {
  try {
    return { verified: vouchedForByNext(await verifySegmentsOnce(path, options)), error: null };
  } catch (error) {
    return { verified: null, error };
  }
}

function isWhole(verified: readonly SegmentVerification[] | null): boolean {
  const newest = verified?.at(-1);
  return newest?.valid === true && newest.linkProblem === null && newest.unsignedLines === 0;
}

function withRotation(verification: SegmentVerification): SegmentVerification {
  const since = "what was written since this check began: the ledger was rotated meanwhile";
  return { ...verification, notChecked: [...verification.notChecked, since] };
}

async function verifySegmentsOnce(path: string, options: VerifyOptions): Promise<readonly SegmentVerification[]> {
  const genesis = await genesisIfAny(path);
  const paths = segmentPaths(path, genesis?.segment ?? 1);
  const geneses: (Genesis | null)[] = [];
  for (const segmentPath of paths) geneses.push(await genesisIfAny(segmentPath));
  const routes = routesOf(geneses, options);
  const keys = keysOfSegments((options.keys ?? []).map(parseVerifierKey), geneses);
  const verified: SegmentVerification[] = [];
  for (const [index, segmentPath] of paths.entries()) {
    const route = { ...routes(index), keys: (keys[index] ?? []).map(({ vkey }) => vkey) };
    const sealing = index === paths.length - 1 ? await sealingOf(segmentPath, genesis) : null;
    const checkpoints = sealing?.checkpointsBeside ?? null;
    const beside = checkpoints === null ? {} : { checkpointsBeside: checkpoints };
    const found = await verifyLedger(segmentPath, { ...route, ...beside });
    const verification = index > 0 ? asBegun(found) : found;
    const linkProblem = verification.valid
      ? (sealing?.problem ??
        tailProblemOf(verification, segmentPath, index + 1) ??
        linkProblemOf(verification, index + 1, geneses, verified.at(-1) ?? null))
      : null;
    const interruptedRotation = interruptionOf(verification, sealing);
    verified.push({ segment: index + 1, path: segmentPath, linkProblem, interruptedRotation, ...verification });
    if (!verification.valid || linkProblem !== null) break;
  }
  return verified;
}

function interruptionOf(
  { lines, previous, signedUpTo, valid, checkpoints }: LedgerVerification,
  sealing: Sealing | null,
): InterruptedRotation | null {
  if (sealing?.isUnderWay === true && sealing.problem === null) return "sealing";
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
function routesOf(geneses: readonly (Genesis | null)[], options: VerifyOptions): (index: number) => VerifyOptions {
  const { checkpoint, remembered, ...others } = options;
  const newest = geneses.length - 1;
  if (newest === 0) return () => options;
  const origins = geneses.map((genesis) => (genesis === null ? null : originOf(genesis.ledgerId)));
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

/** A writer seals a segment when its last line is on the disk: no crash can leave bytes behind it. */
function tailProblemOf({ tornTail }: LedgerVerification, path: string, segment: number): string | null {
  if (tornTail === null || !isSealed(path, segment)) return null;
  const bytes = tornTail.bytes === 1 ? "1 byte" : `${tornTail.bytes} bytes`;
  return `${bytes} that no line ends in follow its last line, but a complete segment ends with that: somebody added them`;
}

/** The keys that a segment was held against come from what its first line said before: it must still say so. */
function linkProblemOf(
  found: LedgerVerification,
  segment: number,
  geneses: readonly (Genesis | null)[],
  before: SegmentVerification | null,
): string | null {
  const [genesis, earlier] = [geneses[segment - 1] ?? null, geneses[segment - 2] ?? null];
  const isSame = genesis?.ledgerId === found.ledgerId && isDeepStrictEqual(genesis.previous, found.previous);
  if (genesis === null || !isSame) return "it was replaced while it was checked";
  if (genesis.segment !== segment) return `it says that it is segment ${genesis.segment}`;
  if (before === null || earlier === null) return null;
  const namesake = geneses.slice(0, segment - 1).findIndex((other) => other?.ledgerId === genesis.ledgerId);
  if (namesake !== -1) return repeatedId(namesake + 1);
  const { lines: size, root, lastHash } = before;
  return linkFault(genesis, { genesis: earlier, size, root, lastHash });
}
