/**
 * Counters of the parts of a whole, none of which ever goes back. By chance a part may: where few calls are sampled, what the watched
 * ones stand for is taken from the time outside tasks. A counter that went back would be read as one that began anew, and all of
 * it as used again. So such a part stands still, and the others grow by as much less until it has caught up: the parts shown add up to
 * the whole at every moment, and are the true ones again as soon as they can be.
 */
export type SteadyParts = (truth: ReadonlyMap<string, number>) => ReadonlyMap<string, number>;

export function steadyParts(): SteadyParts {
  let shown: ReadonlyMap<string, number> = new Map();
  return (truth) => {
    const steps = [...truth].map(([part, value]) => [part, value - (shown.get(part) ?? 0)] as const);
    const forward = sumOf(steps.map(([, step]) => Math.max(0, step)));
    const back = sumOf(steps.map(([, step]) => Math.max(0, -step)));
    if (back === 0) shown = truth;
    else shown = new Map(steps.map(([part, step]) => [part, advanced(shown.get(part) ?? 0, step, forward, back)]));
    return shown;
  };
}

function advanced(before: number, step: number, forward: number, back: number): number {
  return step <= 0 ? before : before + step * Math.max(0, 1 - back / forward);
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
