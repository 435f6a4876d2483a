/**
 * Which record of a ledger counts for each estimate: the first one, or its last restatement. For `aggregate`:
 * `isSuperseded: (_, index) => latest.replacementOf(index) !== null`, after all records were taken.
 */
export interface LatestRecords {
  /** Takes the records in order of `seq`. Those that are no estimate and no restatement may be left out. */
  take(seq: number, record: RecordWithPlace | { readonly kind: string }): void;
  /** Number of the record that counts in the place of this one; null where it counts itself. */
  replacementOf(seq: number): number | null;
}

interface RecordWithPlace {
  readonly kind: string;
  readonly restates: { readonly seq: number };
}

export function latestRecords(): LatestRecords {
  const latestByFirst = new Map<number, number>();
  const firstByRestatement = new Map<number, number>();
  const firstOf = (seq: number): number => firstByRestatement.get(seq) ?? seq;
  return {
    take(seq, record) {
      if (!("restates" in record)) return;
      const first = record.restates.seq;
      firstByRestatement.set(seq, first);
      latestByFirst.set(first, Math.max(latestByFirst.get(first) ?? 0, seq));
    },
    replacementOf(seq) {
      const latest = latestByFirst.get(firstOf(seq)) ?? seq;
      return latest > seq ? latest : null;
    },
  };
}
