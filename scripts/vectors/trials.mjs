/**
 * How many trials of Monte Carlo hold a right engine within a case's tolerances by four standard errors. In units of u / sqrt(trials) these are
 * 1 of the mean, at most 1.2 of u and 3.6 of an interval's end for shapes such as the examples'. The ends of a shortest interval
 * scatter more; published tolerances take 10^6 trials for granted there.
 */
const standardErrors = { mean: 1, u: 1.2, median: 1.3, interval: 3.6 };

export function trialsFor({ expected, tolerance }) {
  const needed = Object.entries(standardErrors).map(([field, factor]) => {
    const allowed = tolerance?.[field] ?? tolerance?.[field === "median" ? "interval" : field];
    return field in expected && allowed > 0 ? ((4 * factor * expected.u) / allowed) ** 2 : 0;
  });
  const fewest = expected.interval_kind === "shortest" ? 2_000_000 : 200_000;
  return Math.ceil(Math.min(10_000_000, Math.max(fewest, ...needed)));
}
