import {
  analyticalTruncated,
  autoregressiveSum,
  lognormalFromMean,
  lognormalQuantile,
  normalQuantile,
  relativeFromLnSigma,
  standardUncertaintyOf,
  sumOfSourced,
} from "../dist/uncertainty/index.js";
import { byAnalysis, bySampling, disagreement, embodiedMean } from "./agreement.mjs";
import { namedDeviates } from "./seeded-numbers.mjs";

/**
 * Does a 95 % interval hold the truth 95 % of the time? Two readings, both simulated with a fixed seed:
 *
 * content: the truth of every input is drawn from what is stated of it (the interval stays);
 * repeated sampling: the truth is fixed, estimates scatter about it, and each builds its own interval.
 *
 * The content is tried with both methods, and their ends are held against each other. Prints shares with their binomial errors, and exits 1 when one lies outside 94-97 % (93.0-97.3 % where the energy lies within four
 * of its own standard uncertainties of zero) by more than chance explains. COVERAGE_DRAWS sets the number of draws,
 * COVERAGE_PARTS=agreement (or others, with commas between) runs that part alone.
 */
const draws = Number(process.env.COVERAGE_DRAWS ?? 10_000);
const repetitions = Math.ceil(draws / 5);
/** More draws add nothing to the share that a sampled interval holds: its own error is a quarter of the binomial one. */
const contentTrials = 50_000;
const agreementTrials = Number(process.env.AGREEMENT_TRIALS ?? 1_000_000);
const level = 0.95;
let failures = 0;
let checked = 0;
/** Outside the band, though not by more than chance may explain: many of them, or always the same ones, are no chance. */
const doubtful = [];

const ratios = [-1, 0, 0.5, 1, 1.645, 2, 3, 5, 10, 50];
const intensities = [0.02, 0.1, 0.3, 0.6];
const pueExcesses = [0.1, 0.5];
const spans = [
  { buckets: 1, rho: 0 },
  { buckets: 24, rho: 0 },
  { buckets: 24, rho: 0.9 },
  { buckets: 24, rho: 1 },
];
const embodiedShares = [0, 0.3];

/** About this many results are judged: together they fail by chance once in a hundred campaigns. */
const judgedResults =
  ratios.length * intensities.length * pueExcesses.length * (2 * spans.length * embodiedShares.length + 1);
const z = normalQuantile(1 - 0.005 / judgedResults);

const parts = { content, repeatedSampling, dayOfTasks, negativeControls, agreement };
const asked = process.env.COVERAGE_PARTS?.split(",") ?? Object.keys(parts);
for (const name of asked) {
  if (!Object.hasOwn(parts, name))
    throw new Error(`COVERAGE_PARTS are ${Object.keys(parts).join(", ")}; there is no ${name}.`);
  parts[name]();
}
console.log(
  `${checked - failures} of ${checked} as promised (draws ${draws}, repetitions ${repetitions}, z ${z.toFixed(2)})`,
);
console.log(`${doubtful.length} of them outside the bands themselves, which allow nothing for chance`);
for (const line of doubtful) console.log(`  ${line}`);
process.exitCode = failures === 0 ? 0 : 1;

function content() {
  console.log(
    `content, ${draws} draws a cell, binomial error ${percent(errorOf(draws))}: lowest and highest over 8 spans, analytical and Monte Carlo (${contentTrials} trials)`,
  );
  for (const ratio of ratios) {
    for (const lnSigma of intensities) {
      for (const pue of pueExcesses) {
        const shares = spans.flatMap((span) =>
          embodiedShares.map((embodied) => contentOf({ ratio, lnSigma, pue, ...span, embodied })),
        );
        for (const share of shares.flat()) judge(share, draws, bandOf(ratio), { ratio, lnSigma, pue });
        const [analytical, sampled] = [0, 1].map((method) => {
          const ofMethod = shares.map((both) => both[method]);
          return `${percent(Math.min(...ofMethod))} to ${percent(Math.max(...ofMethod))}`;
        });
        console.log(
          `  energy ${String(ratio).padStart(5)} u, intensity ${lnSigma}, PUE ${pue}: ${analytical}; ${sampled}`,
        );
      }
    }
  }
}

function bandOf(ratio) {
  return ratio < 4 ? [0.93, 0.973] : [0.94, 0.97];
}

/** Shares of the same truths that the intervals of both methods hold. */
function contentOf(cell) {
  const { ratio, lnSigma, pue, buckets, rho, embodied } = cell;
  const { normal } = namedDeviates(`content ${ratio} ${lnSigma} ${pue} ${buckets} ${rho} ${embodied}`);
  const addend = embodiedMean(cell);
  const intervals = [byAnalysis(cell), bySampling(cell, contentTrials)];
  const held = [0, 0];
  for (let draw = 0; draw < draws; draw += 1) {
    const energy = positive(normal, ratio);
    const grams = energy * drawnPue(normal, 1.3, pue) * drawnIntensity(normal, lnSigma, buckets, rho);
    const truth = grams + (addend === 0 ? 0 : addend * meanOne(0.4 * normal(), 0.4));
    for (const [index, { lower, upper }] of intervals.entries()) if (lower <= truth && truth <= upper) held[index] += 1;
  }
  return held.map((count) => count / draws);
}

/**
 * JCGM 101, clause 8, on the same grid: both ends within the numerical tolerance of two digits of u, with three standard errors of the simulated
 * end on top, because it is no truth either. Buckets that are fully correlated are one bucket, and are left out.
 */
function agreement() {
  console.log(`agreement of the methods (JCGM 101, clause 8), ${agreementTrials} trials a cell`);
  const cells = pueExcesses.flatMap((pue) =>
    intensities.flatMap((lnSigma) =>
      ratios.flatMap((ratio) =>
        spans
          .filter(({ buckets, rho }) => buckets === 1 || rho < 1)
          .flatMap((span) => embodiedShares.map((embodied) => ({ ratio, lnSigma, pue, ...span, embodied }))),
      ),
    ),
  );
  const results = cells.map((cell) => ({
    ...cell,
    ...disagreement(byAnalysis(cell), bySampling(cell, agreementTrials)),
  }));
  for (const pue of pueExcesses) {
    for (const lnSigma of intensities) {
      const row = results.filter((result) => result.pue === pue && result.lnSigma === lnSigma);
      const within = (digits) => row.filter((result) => result.literally[digits]).length;
      const worst = row.reduce((most, result) => (result.ofU > most.ofU ? result : most));
      console.log(
        `  PUE ${pue}, intensity ${String(lnSigma).padEnd(4)}: ${within(1)} and ${within(2)} of ${row.length} within the bare tolerance of 1 and 2 digits; largest difference ${worst.ofU.toFixed(3)} u, at energy ${worst.ratio} u, ${worst.buckets} buckets, rho ${worst.rho}, embodied ${worst.embodied}`,
      );
    }
  }
  const broken = results.filter(({ holds }) => !holds);
  checked += results.length;
  failures += broken.length;
  for (const digits of [1, 2]) {
    const within = results.filter(({ literally }) => literally[digits]).length;
    console.log(
      `  ${within} of ${results.length} within the bare tolerance of ${digits} ${digits === 1 ? "digit" : "digits"}`,
    );
  }
  const errors = results.filter(({ withinErrors }) => withinErrors).length;
  console.log(`  ${errors} of ${results.length} within three standard errors of the simulated ends`);
  for (const cell of broken) console.log(`  FAILED: ${JSON.stringify(cell)}`);
  console.log(
    `  ${results.length - broken.length} of ${results.length} validated at two digits, three standard errors of the simulated ends allowed`,
  );
}

function drawnIntensity(normal, lnSigma, buckets, rho) {
  let error = normal();
  let sum = meanOne(lnSigma * error, lnSigma);
  for (let bucket = 1; bucket < buckets; bucket += 1) {
    error = rho === 1 ? error : rho * error + Math.sqrt(1 - rho * rho) * normal();
    sum += meanOne(lnSigma * error, lnSigma);
  }
  return sum / buckets;
}

/** Small truths are met at every ratio: the fixed truth is `ratio` standard uncertainties of the energy above zero. */
function repeatedSampling() {
  console.log(`repeated sampling, ${repetitions} estimates a cell, binomial error ${percent(errorOf(repetitions))}`);
  for (const ratio of ratios.filter((value) => value >= 0)) {
    for (const lnSigma of intensities) {
      const shares = pueExcesses.map((pue) => {
        const share = repeatedOf({ ratio, lnSigma, pue });
        judge(share, repetitions, bandOf(ratio), { ratio, lnSigma, pue });
        return `PUE ${pue}: ${percent(share)}`;
      });
      console.log(`  energy ${String(ratio).padStart(5)} u, intensity ${lnSigma}, ${shares.join(", ")}`);
    }
  }
}

function repeatedOf({ ratio, lnSigma, pue }) {
  const { normal } = namedDeviates(`repeated ${ratio} ${lnSigma} ${pue}`);
  let held = 0;
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const intensity = Math.exp(lnSigma * normal());
    const interval = analyticalTruncated({
      energy: { mean: ratio + normal(), standardUncertainty: 1 },
      factors: [
        pueFactor(1 + 0.3 * Math.exp(pue * normal()), pue),
        { mean: intensity, standardUncertainty: intensity * relativeFromLnSigma(lnSigma) },
      ],
      level,
    });
    const truth = ratio * 1.3;
    if (interval.lower <= truth && truth <= interval.upper) held += 1;
  }
  return held / repetitions;
}

/** 100 tasks x 24 hours on 2 hosts: what tasks share adds linearly, hours by their autocorrelation, the rest in quadrature. */
function dayOfTasks() {
  console.log(`a day of 100 tasks on two hosts, ${draws} draws, binomial error ${percent(errorOf(draws))}`);
  const shared = { gain: 0.05, bias: 0.08, pue: 0.05 };
  const [privateLnSigma, hourLnSigma, rho] = [0.1, 0.05, 0.9];
  const tasks = Array.from({ length: 100 }, (_, index) => ({ host: index % 2, hour: Math.floor((index * 24) / 100) }));
  const asRecord = ({ host, hour }) => ({
    value: 1,
    components: new Map([
      [`gain/host=${host}`, relativeFromLnSigma(shared.gain)],
      ["intensity.bias/zone=DE", relativeFromLnSigma(shared.bias)],
      ["pue/site=x", relativeFromLnSigma(shared.pue)],
      [
        `intensity.hour/zone=DE/rho=${rho}/t=2026-01-01T${String(hour).padStart(2, "0")}Z`,
        relativeFromLnSigma(hourLnSigma),
      ],
    ]),
    privateUncertainty: relativeFromLnSigma(privateLnSigma),
  });
  const records = tasks.map(asRecord);
  const truths = (normal) => {
    const gains = [0, 1].map(() => meanOne(shared.gain * normal(), shared.gain));
    const common = meanOne(shared.bias * normal(), shared.bias) * meanOne(shared.pue * normal(), shared.pue);
    const hours = [normal()];
    while (hours.length < 24) hours.push(rho * hours.at(-1) + Math.sqrt(1 - rho * rho) * normal());
    return tasks.map(
      ({ host, hour }) =>
        gains[host] *
        common *
        meanOne(hourLnSigma * hours[hour], hourLnSigma) *
        meanOne(privateLnSigma * normal(), privateLnSigma),
    );
  };
  const each = records.map((record) => standardUncertaintyOf(record));
  const rules = {
    "one task": { u: each[0], of: (values) => values[0], mean: 1 },
    "one host": {
      u: standardUncertaintyOf(sumOfSourced(records.filter((_, index) => tasks[index].host === 0))),
      of: (values) => values.reduce((sum, value, index) => sum + (tasks[index].host === 0 ? value : 0), 0),
      mean: 50,
    },
    "the day, named sources": { u: standardUncertaintyOf(sumOfSourced(records)), of: total, mean: 100 },
    "the day, quadrature of tasks": { u: Math.hypot(...each), of: total, mean: 100, mustFail: true },
    "the day, sum of tasks' u": { u: each.reduce((sum, u) => sum + u, 0), of: total, mean: 100, mustFail: true },
  };
  const { normal } = namedDeviates("day");
  const drawn = Array.from({ length: draws }, () => truths(normal));
  for (const [name, { u, of, mean, mustFail = false }] of Object.entries(rules)) {
    const distribution = lognormalFromMean(mean, u);
    const [low, high] = [lognormalQuantile(distribution, 0.025), lognormalQuantile(distribution, 0.975)];
    const share = drawn.filter((values) => of(values) >= low && of(values) <= high).length / draws;
    if (mustFail) expectOutside(name, share);
    else judge(share, draws, [0.94, 0.97], name);
    console.log(`  ${name.padEnd(30)} ${percent(share)}${mustFail ? " (must miss)" : ""}`);
  }
}

/** What must not pass: were these inside the band, the campaign could not tell right from wrong. */
function negativeControls() {
  console.log("negative controls, which must miss");
  const cell = { ratio: 10, lnSigma: 0.3, pue: 0.1 };
  const controls = {
    "without the intensity's error": { relative: 0, k: null },
    "k = 1": { relative: relativeFromLnSigma(cell.lnSigma), k: 1 },
    "hours taken as independent": {
      relative: autoregressiveSum(new Array(24).fill(relativeFromLnSigma(cell.lnSigma) / 24), 0),
      k: null,
    },
  };
  for (const [name, { relative, k }] of Object.entries(controls)) {
    const { normal } = namedDeviates(name);
    const result = analyticalTruncated({
      energy: { mean: cell.ratio, standardUncertainty: 1 },
      factors: [pueFactor(1.3, cell.pue), { mean: 1, standardUncertainty: relative }],
      level,
    });
    const { mean, standardUncertainty: u } = result;
    const [lower, upper] = k === null ? [result.lower, result.upper] : [mean - k * u, mean + k * u];
    let held = 0;
    for (let draw = 0; draw < draws; draw += 1) {
      const truth =
        positive(normal, cell.ratio) * drawnPue(normal, 1.3, cell.pue) * drawnIntensity(normal, cell.lnSigma, 24, 0.95);
      if (lower <= truth && truth <= upper) held += 1;
    }
    expectOutside(name, held / draws);
    console.log(`  ${name.padEnd(30)} ${percent(held / draws)}`);
  }
}

function judge(share, count, [lowest, highest], where) {
  checked += 1;
  const slack = z * errorOf(count);
  if (share < lowest || share > highest) doubtful.push(`${percent(share)} of ${count}: ${JSON.stringify(where)}`);
  if (share >= lowest - slack && share <= highest + slack) return;
  failures += 1;
  console.log(
    `  FAILED: ${percent(share)} is outside ${percent(lowest)} to ${percent(highest)}: ${JSON.stringify(where)}`,
  );
}

function expectOutside(name, share) {
  checked += 1;
  if (share < 0.94 || share > 0.97) return;
  failures += 1;
  console.log(`  FAILED: ${name} holds ${percent(share)} and would not be noticed`);
}

function pueFactor(mean, lnSigma) {
  return { mean, standardUncertainty: (mean - 1) * relativeFromLnSigma(lnSigma), lowest: 1 };
}

function drawnPue(normal, mean, lnSigma) {
  return 1 + (mean - 1) * meanOne(lnSigma * normal(), lnSigma);
}

/** Lognormal with mean 1, from an error that is lnSigma times a standard normal. */
function meanOne(error, lnSigma) {
  return Math.exp(error - (lnSigma * lnSigma) / 2);
}

function positive(normal, mean) {
  for (;;) {
    const value = mean + normal();
    if (value > 0) return value;
  }
}

function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

function errorOf(count) {
  return Math.sqrt((level * (1 - level)) / count);
}

function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}
