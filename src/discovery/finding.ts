/** Whether a source can be used, in words for people. */
export interface Finding {
  readonly usable: boolean;
  /** The same as `why` in one clause, for an error sentence. */
  readonly reason: string;
  /** Why it can be used, or why not: one to three sentences. */
  readonly why: string;
  /** The command that mends it, ready for a shell; null where nothing inside this machine does. */
  readonly mend: string | null;
}
