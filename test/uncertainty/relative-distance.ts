/** How far a value is from what is expected, relative to that; absolute where 0 is expected. */
export function relativeDistance(value: number, expected: number): number {
  return Math.abs(value - expected) / (expected === 0 ? 1 : Math.abs(expected));
}
