/** "Did you mean …?": the candidate that differs least from what was typed, or null when none is close. */
export function nearest(typed: string, candidates: readonly string[]): string | null {
  const target = typed.toLowerCase();
  let best: { readonly candidate: string; readonly distance: number } | null = null;
  for (const candidate of candidates) {
    const distance = editDistance(target, candidate.toLowerCase());
    if (best === null || distance < best.distance) best = { candidate, distance };
  }
  if (best === null) return null;
  return best.distance <= Math.max(1, Math.floor(target.length * 0.4)) ? best.candidate : null;
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours each cost 1. */
function editDistance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const options = [
        (rows[row - 1]?.[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (rows[row - 1]?.[column - 1] ?? 0) + (same ? 0 : 1),
      ];
      if (swapped) options.push((rows[row - 2]?.[column - 2] ?? 0) + 1);
      current.push(Math.min(...options));
    }
    rows.push(current);
  }
  return rows[left.length]?.[right.length] ?? 0;
}
