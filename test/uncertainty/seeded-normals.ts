import { normalQuantile } from "../../src/uncertainty/normal.ts";

/** A repeatable stream of standard normal numbers: a 32-bit mixing generator (Mulberry32) through the inverse distribution. */
export function seededNormals(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => normalQuantile((uniform() + uniform() / 2 ** 32 + 2 ** -66) / (1 + 2 ** -31));
}
