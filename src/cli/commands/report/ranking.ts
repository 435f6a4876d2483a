/** The heaviest of many names, in bounded memory. */
export interface Ranking {
  add(name: string | null, weight: number): void;
  /** Heaviest first; of equals the more frequent, then the first by its letters. */
  top(count: number): readonly (string | null)[];
  /** Names that are remembered: all that there were, while `isExact`. */
  readonly count: number;
  readonly isExact: boolean;
}

interface Tally {
  weight: number;
  times: number;
}

/** Names may be long: what is remembered of them is bounded too. */
const maximumCharacters = 8_000_000;

/** With more names than `capacity` the lighter half is forgotten: one that comes later and heavy is still found. */
export function openRanking(capacity: number): Ranking {
  let tallies = new Map<string | null, Tally>();
  let characters = 0;
  let isExact = true;
  const sorted = (): [string | null, Tally][] => [...tallies].sort(heaviestFirst);
  const forgetHalf = (): void => {
    isExact = false;
    const kept = sorted().slice(0, Math.ceil(tallies.size / 2));
    tallies = new Map(kept);
    characters = kept.reduce((sum, [name]) => sum + (name?.length ?? 0), 0);
  };
  return {
    add(name, weight) {
      const tally = tallies.get(name);
      if (tally !== undefined) {
        tally.weight += weight;
        tally.times += 1;
        return;
      }
      tallies.set(name, { weight, times: 1 });
      characters += name?.length ?? 0;
      if (tallies.size > capacity || (characters > maximumCharacters && tallies.size > 1)) forgetHalf();
    },
    top: (count) =>
      sorted()
        .slice(0, count)
        .map(([name]) => name),
    get count() {
      return tallies.size;
    },
    get isExact() {
      return isExact;
    },
  };
}

function heaviestFirst([leftName, left]: [string | null, Tally], [rightName, right]: [string | null, Tally]): number {
  if (left.weight !== right.weight) return left.weight > right.weight ? -1 : 1;
  if (left.times !== right.times) return right.times - left.times;
  return (leftName ?? "") < (rightName ?? "") ? -1 : 1;
}
