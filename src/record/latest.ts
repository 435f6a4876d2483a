/** Where a record stands: the segment of its ledger, from 1, and its number there. */
export interface RecordLocation {
  readonly segment: number;
  readonly seq: number;
}

/** A record of any kind, as a line of the ledger holds it. */
interface LedgerRecord {
  readonly kind?: unknown;
  readonly restates?: unknown;
}

/**
 * Which record of a ledger counts for each estimate: the first one, or its last restatement, in whichever segments they stand. A
 * restatement names the first record by the hash of its line, for numbers begin anew in each segment. For `aggregate`:
 * `isSuperseded` is whether `replacementOf` is not null, after all records were taken.
 */
export interface LatestRecords {
  /** Takes the records in their order, before any question. Those that are no restatements may be left out. */
  take(location: RecordLocation, record: LedgerRecord): void;
  /**
   * Where the record stands that counts in the place of this one; null where it counts itself, or is no estimate. The hash of its
   * line, in hexadecimal, is asked for only where it matters.
   */
  replacementOf(location: RecordLocation, record: LedgerRecord, lineHash: () => string): RecordLocation | null;
}

export function latestRecords(): LatestRecords {
  const latestByFirst = new Map<string, RecordLocation>();
  return {
    take({ segment, seq }, record) {
      const first = restatedLineHash(record);
      if (first !== null) latestByFirst.set(first, { segment, seq });
    },
    replacementOf({ segment, seq }, record, lineHash) {
      const first = restatedLineHash(record) ?? firstLineHash(record, latestByFirst.size > 0, lineHash);
      const latest = first === null ? undefined : latestByFirst.get(first);
      return latest === undefined || (latest.segment === segment && latest.seq === seq) ? null : latest;
    },
  };
}

function firstLineHash(record: LedgerRecord, isAnyRestated: boolean, lineHash: () => string): string | null {
  return isAnyRestated && record.kind === "carbon_estimate" ? lineHash() : null;
}

/** Hash of the line that a restatement restates; null for other records. */
function restatedLineHash(record: LedgerRecord): string | null {
  const { kind, restates } = record;
  if (kind !== "restatement" || typeof restates !== "object" || restates === null) return null;
  const hash = "line_hash" in restates ? restates["line_hash"] : null;
  return typeof hash === "string" ? hash : null;
}
