/**
 * Ratios against a reference measured in the same run. Reference and subject take turns, and the one that goes first changes
 * from round to round, so that what drifts (heat, other processes) meets both alike. A number in seconds says more about the
 * machine than about the code: the ratio is what to compare between versions.
 *
 * @param {{ title: string, unit: string, rounds: number, reference: Measured, subject: Measured, higherIsBetter?: boolean }} comparison
 * @typedef {{ label: string, measure: () => Promise<number> }} Measured
 */
export async function compare({ title, unit, rounds, reference, subject, higherIsBetter = false }) {
  // The first of each warms caches and is thrown away.
  await reference.measure();
  await subject.measure();
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) pairs.push(await measurePair(reference, subject, round % 2 === 0));
  const ratios = pairs.map((pair) => pair.subject / pair.reference).sort(ascending);
  const spread = `${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)}`;
  console.log(`${title} (${higherIsBetter ? "higher" : "lower"} is better, ${rounds} rounds)`);
  console.log(`  ${reference.label.padEnd(36)} ${shown(pairs.map((pair) => pair.reference))} ${unit}`);
  console.log(`  ${subject.label.padEnd(36)} ${shown(pairs.map((pair) => pair.subject))} ${unit}`);
  console.log(`  ${"ratio".padEnd(36)} ${median(ratios).toFixed(2).padStart(9)}    (${spread})`);
}

async function measurePair(reference, subject, referenceFirst) {
  if (referenceFirst) {
    const first = await reference.measure();
    return { reference: first, subject: await subject.measure() };
  }
  const first = await subject.measure();
  return { subject: first, reference: await reference.measure() };
}

function shown(values) {
  return median([...values].sort(ascending))
    .toPrecision(4)
    .padStart(9);
}

function median(sorted) {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function ascending(left, right) {
  return left - right;
}
