import { basename } from "node:path";
import { type LedgerVerification, type VerifyOptions, verifyLedger, verifySegments } from "../../../ledger/index.ts";
import type { SegmentSummary } from "../../../report/ledger-findings.ts";

/** A ledger with all its segments: what was found in the newest, or in the first that does not hold, and sums over all. */
export interface WholeVerification extends LedgerVerification {
  /** All of them, where there is more than one. */
  readonly segments: readonly SegmentSummary[];
  /** The file that the first bad line stands in, when it is not the newest segment. */
  readonly badFile: string | null;
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
  if (typeof ledger !== "string") return wholeOf(await verifyLedger(ledger, options), []);
  const verified = await verifySegments(ledger, options);
  const segments = verified.map(({ segment, path, lines, root, valid, linkProblem, unsignedLines, bytes }) => {
    return { segment, file: basename(path), lines, bytes, root, valid: valid && linkProblem === null, unsignedLines };
  });
  const newest = verified.at(-1);
  if (newest === undefined) throw new Error("a ledger has one segment at least");
  const { segment: _segment, path, linkProblem, ...findings } = newest;
  if (linkProblem === null) return wholeOf(findings, segments, path === ledger ? null : basename(path));
  const problems = [...findings.checkpoints.problems, { file: basename(path), reason: linkProblem }];
  return wholeOf({ ...findings, valid: false, checkpoints: { ...findings.checkpoints, problems } }, segments);
}

function wholeOf(
  findings: LedgerVerification,
  segments: readonly SegmentSummary[],
  badFile: string | null = null,
): WholeVerification {
  const all = segments.length > 0 ? segments : [findings];
  const sum = (of: (part: { lines: number; bytes: number; unsignedLines: number }) => number): number =>
    all.reduce((total, part) => total + of(part), 0);
  return {
    ...findings,
    unsignedLines: sum(({ unsignedLines }) => unsignedLines),
    segments: segments.length > 1 ? segments : [],
    badFile: findings.firstBadLine === null ? null : badFile,
    hashedLines: sum(({ lines }) => lines),
    hashedBytes: sum(({ bytes }) => bytes),
    records: sum(({ lines }) => Math.max(0, lines - 1)),
  };
}
