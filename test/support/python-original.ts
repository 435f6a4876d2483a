/**
 * The rule of the Python original's governor, restated: counter and range are cut to 32 bits although they are microjoules, and
 * a step above half the range is dropped as implausible.
 */
export function pythonOriginalMicrojoules(readings: readonly bigint[], range: bigint): bigint {
  const cut = (microjoules: bigint): bigint => microjoules % 2n ** 32n;
  let total = 0n;
  for (const [index, microjoules] of readings.slice(1).entries()) {
    const step = cut(microjoules) - cut(readings[index] ?? 0n);
    const delta = step < 0n ? step + cut(range) : step;
    if (delta >= 0n && delta <= cut(range) / 2n) total += delta;
  }
  return total;
}
