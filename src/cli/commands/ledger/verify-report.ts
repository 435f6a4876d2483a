import { basename } from "node:path";
import { type LedgerVerification, type VerifyOptions, verifyLedger, verifySegments } from "../../../ledger/index.ts";
import type { InterruptedRotation } from "../../../ledger/verify-segments.ts";
import type { PlacedRepair, SegmentSummary } from "../../../report/ledger-findings.ts";

/**
 * A ledger with all its segments. Counts of lines, bytes and repairs are sums over all of them; root, last hash and newest
 * checkpoint are those of the newest; what is wrong is what was found in the first that does not hold.
 */
export interface WholeVerification extends LedgerVerification {
  readonly repairs: readonly PlacedRepair[];
  /** All of them, where there is more than one. */
  readonly segments: readonly SegmentSummary[];
  /** The file that the first bad line stands in, when it is not the newest segment. */
  readonly badFile: string | null;
  /** Segments before the one that was looked at, which are not here: a stream holds one file. */
  readonly segmentsBefore: number;
  readonly interruptedRotation: InterruptedRotation | null;
  /** Lines that were hashed anew, and their bytes, over all segments. */
  readonly hashedLines: number;
  readonly hashedBytes: number;
  /** Records beside those that open a file. */
  readonly records: number;
}

export async function verifyReport(
  ledger: string | AsyncIterable<Uint8Array>,
  options: VerifyOptions,
): Promise<WholeVerification> {
  if (typeof ledger !== "string") {
    const only = await verifyLedger(ledger, options);
    const notChecked = only.namedSegment > 1 ? [...only.notChecked, beforeText(only.namedSegment)] : only.notChecked;
    const place = { segmentsBefore: only.namedSegment - 1, badFile: null, interruptedRotation: null };
    return { ...only, notChecked, ...sumsOf([only]), ...place, segments: [] };
  }
  const verified = await verifySegments(ledger, options);
  const newest = verified.at(-1);
  if (newest === undefined) throw new Error("a ledger has one segment at least");
  const { segment: _segment, path, linkProblem, ...own } = newest;
  // A segment that was only begun is signed by nobody: the author is known from those before it.
  const findings = own.interruptedRotation === "beginning" ? { ...own, ...authorOf(verified.at(-2) ?? own) } : own;
  const linkProblems = linkProblem === null ? [] : [{ file: basename(path), reason: linkProblem }];
  const behind =
    path === ledger || (findings.valid && linkProblem === null)
      ? []
      : [`the segments behind ${basename(path)}: the check ends at the first that does not hold`];
  const problems = [...findings.checkpoints.problems, ...linkProblems];
  return {
    ...findings,
    valid: findings.valid && linkProblem === null,
    checkpoints: { ...findings.checkpoints, problems },
    ...sumsOf(verified),
    checked: [...new Set(verified.flatMap(({ checked }) => checked))],
    notChecked: [...new Set([...verified.flatMap(({ notChecked }) => notChecked), ...behind])],
    segmentsBefore: 0,
    segments: verified.length > 1 ? verified.map(summaryOf) : [],
    badFile: findings.firstBadLine === null || path === ledger ? null : basename(path),
  };
}

function authorOf({ trust, signedBy, newestCheckpoint }: LedgerVerification) {
  return { trust, signedBy, newestCheckpoint };
}

function beforeText(segment: number): string {
  const before = segment === 2 ? "segment 1" : `segments 1 to ${segment - 1}`;
  return `${before}, from which this one goes on: a stream holds one file, so name the file of the ledger beside which they stand`;
}

type Segment = LedgerVerification & { readonly path?: string };

/** What is added up over segments. */
function sumsOf(segments: readonly Segment[]) {
  const sum = (of: (segment: Segment) => number): number => segments.reduce((total, part) => total + of(part), 0);
  const lines = sum((part) => part.lines);
  const bytes = sum((part) => part.bytes);
  return {
    lines,
    bytes,
    hashedLines: lines,
    hashedBytes: bytes,
    records: sum((part) => Math.max(0, part.lines - 1)),
    parsedLines: sum((part) => part.parsedLines),
    signedUpTo: sum((part) => part.signedUpTo),
    unsignedLines: sum((part) => part.unsignedLines),
    adoptedLines: sum((part) => part.adoptedLines),
    repairCount: sum((part) => part.repairCount),
    repairs: segments
      .flatMap(({ repairs, path }) => {
        const segmentFile = segments.length > 1 && path !== undefined ? basename(path) : null;
        return repairs.map((repair) => ({ ...repair, segmentFile }));
      })
      // Lines that somebody else may have written come first.
      .sort((left, right) => Number(left.adopted === null) - Number(right.adopted === null)),
  };
}

function summaryOf(part: Awaited<ReturnType<typeof verifySegments>>[number]): SegmentSummary {
  const { segment, path, lines, root, valid, linkProblem, unsignedLines, bytes, signedBy } = part;
  const holds = valid && linkProblem === null;
  return { segment, file: basename(path), lines, bytes, root, valid: holds, unsignedLines, signedBy };
}
