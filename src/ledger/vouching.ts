import { type LedgerVerification, unknownAuthor } from "./verify.ts";

interface LinkedSegment extends LedgerVerification {
  readonly linkProblem: string | null;
}

/**
 * A segment says in its first line what all lines before it were: their number, root and last hash. Whatever vouches for that
 * line vouches for them.
 */
export function vouchedForByNext<Segment extends LinkedSegment>(segments: readonly Segment[]): readonly Segment[] {
  const [newest, ...earlier] = segments.toReversed();
  if (newest === undefined) return [];
  const vouchedFor = [newest];
  let next = newest;
  for (const segment of earlier) {
    next = isVouchedFor(next) ? withAuthorOf(segment, next) : segment;
    vouchedFor.push(next);
  }
  return vouchedFor.reverse();
}

function isVouchedFor({ valid, linkProblem, trust, signedUpTo }: LinkedSegment): boolean {
  return valid && linkProblem === null && trust !== "none" && signedUpTo > 0;
}

function withAuthorOf<Segment extends LinkedSegment>(segment: Segment, next: LinkedSegment): Segment {
  return {
    ...segment,
    trust: segment.trust === "none" ? next.trust : segment.trust,
    signedUpTo: segment.lines,
    unsignedLines: 0,
    signedBy: segment.signedBy ?? next.signedBy,
    notChecked: segment.notChecked.filter((part) => part !== unknownAuthor),
  };
}
