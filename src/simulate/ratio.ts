/** An exact fraction of two whole numbers, the lower one above 0. */
export interface Ratio {
  readonly over: bigint;
  readonly under: bigint;
}

/** A decimal number as a fraction of a million: 0.5 is 500000 of 1000000. */
export function millionths(value: number): Ratio {
  return { over: BigInt(Math.round(value * 1e6)), under: 1_000_000n };
}

export function product(left: Ratio, right: Ratio): Ratio {
  return { over: left.over * right.over, under: left.under * right.under };
}

/** The whole part of `whole` times a fraction. */
export function wholeTimes(whole: bigint, { over, under }: Ratio): bigint {
  return (whole * over) / under;
}
