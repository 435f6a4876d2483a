import { existsSync } from "node:fs";
import { CarbonOpsError } from "../errors.ts";
import { readGenesis } from "./appendable.ts";
import { predecessorsOf } from "./key-rotation.ts";
import { type Genesis, originOf } from "./own-records.ts";
import { sealedPath } from "./segments.ts";
import { checkpointOf } from "./state-file.ts";
import { parseVerifierKey } from "./verifier-key.ts";
import { type LedgerVerification, type VerifyOptions, verifyLedger } from "./verify.ts";

export interface SegmentVerification extends LedgerVerification {
  readonly segment: number;
  readonly path: string;
  /** Why it does not go on from the segment before it; null when it does, or is the first. */
  readonly linkProblem: string | null;
}

/**
 * Checks a ledger with all its segments, oldest first: each of them by itself, and that each goes on from exactly what the one
 * before it was when it was sealed. A checkpoint that was kept or remembered is held against the segment that it names. Stops
 * at the first segment that does not hold. Throws what `verifyLedger` throws: LEDGER_NOT_FOUND names a segment that is missing.
 */
export async function verifySegments(
  path: string,
  options: VerifyOptions = {},
): Promise<readonly SegmentVerification[]> {
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
    const verification = await verifyLedger(segmentPath, { ...route, ...keys });
    const linkProblem = verification.valid ? linkProblemOf(verification, index + 1, verified.at(-1) ?? null) : null;
    verified.push({ segment: index + 1, path: segmentPath, linkProblem, ...verification });
    if (!verification.valid || linkProblem !== null) break;
  }
  return verified;
}

/** The files of all segments up to the one that was named, which may itself be a sealed one. */
function segmentPaths(path: string, newest: number): string[] {
  const base = path === sealedPath(path.replace(/\.\d+$/, ""), newest) ? path.replace(/\.\d+$/, "") : path;
  const sealed = Array.from({ length: newest - 1 }, (_, index) => sealedPath(base, index + 1));
  return [...sealed.map((file) => (!existsSync(file) && existsSync(`${file}.gz`) ? `${file}.gz` : file)), path];
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
    return await readGenesis(path);
  } catch (error) {
    if (error instanceof CarbonOpsError && ["LEDGER_INVALID", "LEDGER_NOT_FOUND"].includes(error.code)) return null;
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
