import type { Comparison } from "./comparison.ts";

/** Whether a command is shown to be worse than the first one by more than a limit. */
export interface GateVerdict {
  /** Place in `commands`. */
  readonly command: number;
  /** 0.05: 5 % more energy than the first command is still allowed. */
  readonly limit: number;
  /** The whole interval lies above the limit. */
  readonly isWorse: boolean;
  /** The interval reaches above the limit: so few runs do not rule it out. */
  readonly mayBeWorse: boolean;
}

/** Judged by the bounds of the interval, not by its middle: chance alone then fails at most (1 - level) / 2 of the builds. */
export function judgeGate({ pairs }: Comparison, limit: number): readonly GateVerdict[] {
  return pairs
    .filter(({ reference }) => reference === 0)
    .map(({ command, lower, upper }) => ({
      command,
      limit,
      isWorse: lower > 1 + limit,
      mayBeWorse: upper > 1 + limit,
    }));
}
