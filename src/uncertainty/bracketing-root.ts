/**
 * Root of an increasing continuous function by the Illinois variant of false position: it keeps the root between two points of
 * opposite sign and cannot run away. `start` and `step` give the first bracket, which is widened until it holds the root.
 */
export function increasingRoot(evaluate: (x: number) => number, start: number, step: number): number {
  let { low, high } = bracket(evaluate, start, step);
  for (let iteration = 0; iteration < 200; iteration += 1) {
    const x = (low.x * high.weight - high.x * low.weight) / (high.weight - low.weight);
    const value = evaluate(x);
    if (value === 0 || high.x - low.x <= 1e-13 * Math.max(1, Math.abs(x))) return x;
    if (value < 0) {
      high = { ...high, weight: low.moved ? high.weight / 2 : high.weight, moved: false };
      low = { x, weight: value, moved: true };
    } else {
      low = { ...low, weight: high.moved ? low.weight / 2 : low.weight, moved: false };
      high = { x, weight: value, moved: true };
    }
  }
  return (low.x + high.x) / 2;
}

interface BracketEnd {
  readonly x: number;
  /** Function value, halved each time the other end moves twice in a row. */
  readonly weight: number;
  readonly moved: boolean;
}

function bracket(evaluate: (x: number) => number, start: number, step: number): { low: BracketEnd; high: BracketEnd } {
  const end = (direction: 1 | -1): BracketEnd => {
    for (let width = step; ; width *= 2) {
      const x = start + direction * width;
      const weight = evaluate(x);
      if (weight * direction > 0 || !Number.isFinite(x)) return { x, weight, moved: false };
    }
  };
  return { low: end(-1), high: end(1) };
}
