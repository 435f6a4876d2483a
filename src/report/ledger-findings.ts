import type { LedgerVerification } from "../ledger/index.ts";
import type { Repair } from "../ledger/repairs.ts";
import type { InterruptedRotation } from "../ledger/verify-segments.ts";

/** What the command found, and with which keys. */
export interface VerificationReport extends LedgerVerification {
  /** The ledger as the user named it. */
  readonly path: string;
  /** Where the trusted keys come from; null when there are none. */
  readonly keyOrigin: string | null;
  /** Every segment, where a ledger has more than one: counts are sums over all of them. */
  readonly segments: readonly SegmentSummary[];
  /** Segments before the one that was looked at, which are not there. */
  readonly segmentsBefore: number;
  readonly interruptedRotation: InterruptedRotation | null;
  readonly repairs: readonly PlacedRepair[];
  /** The file that the first bad line stands in, when it is not the newest segment. */
  readonly badFile: string | null;
  readonly hashedLines: number;
  readonly hashedBytes: number;
  /** Records beside those that open a file. */
  readonly records: number;
  /** What became of the state that was to be remembered; null when none was asked for. */
  readonly state: RememberedState | null;
  /** Why the user's own key was not used; null when it was, or was not looked for. */
  readonly unusedKey: string | null;
}

export interface RememberedState {
  readonly path: string;
  readonly isMoved: boolean;
  /** It should have moved, and could not be written. */
  readonly isUnwritten: boolean;
  readonly isRefused: boolean;
}

/** The segment is named where there is more than one. */
export interface PlacedRepair extends Repair {
  readonly segmentFile: string | null;
}

export interface SegmentSummary {
  readonly segment: number;
  readonly file: string;
  readonly lines: number;
  readonly bytes: number;
  readonly root: string | null;
  readonly valid: boolean;
  readonly unsignedLines: number;
  readonly signedBy: string | null;
}
