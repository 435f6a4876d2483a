/**
 * The examples of JCGM 101:2008, clause 9, published and as carbon-ops computes them: `node examples/jcgm101.mjs`.
 * Seeded: it prints the same figures every time.
 */
import { coverageFactor, momentsOf, monteCarlo, propagateUncertainty } from "carbon-ops/uncertainty";

const trials = 1_000_000;
const normal = (mean, standardDeviation) => ({ kind: "normal", mean, standardDeviation });
const rectangular = (low, high) => ({ kind: "rectangular", low, high });
const student = (location, scale, degreesOfFreedom) => ({ kind: "student_t", location, scale, degreesOfFreedom });
const fromEntries = (entries) => Object.entries(entries).map(([id, distribution]) => ({ id, distribution }));

const sum = ([x1, x2, x3, x4]) => x1 + x2 + x3 + x4;
const squares = ([x1, x2]) => x1 * x1 + x2 * x2;
const four = (distribution) => fromEntries({ x1: distribution, x2: distribution, x3: distribution, x4: distribution });
const two = (x1) => fromEntries({ x1: normal(x1, 0.005), x2: normal(0, 0.005) });

/** Mass of a weight by comparison in air, mg from nominal (9.3). */
const mass = fromEntries({
  referenceMass: normal(100_000, 0.05),
  balanceDifference: normal(1.234, 0.02),
  airDensity: rectangular(1.1, 1.3),
  weightDensity: rectangular(7000, 9000),
  referenceDensity: rectangular(7950, 8050),
});
const massModel = ([reference, balance, air, weight, referenceDensity]) =>
  (reference + balance) * (1 + (air - 1.2) * (1 / weight - 1 / referenceDensity)) - 100_000;

/** Length of a gauge block of 50 mm, nm from nominal (9.5). */
const gaugeBlock = fromEntries({
  standardLength: student(50_000_623, 25, 18),
  difference: student(215, 6, 24),
  comparatorRandom: student(0, 4, 5),
  comparatorSystematic: student(0, 7, 8),
  expansion: rectangular(9.5e-6, 13.5e-6),
  meanTemperature: normal(-0.1, 0.2),
  cyclicTemperature: { kind: "arcsine", low: -0.5, high: 0.5 },
  expansionDifference: { kind: "curvilinear_trapezoid", low: -1e-6, high: 1e-6, limitHalfWidth: 0.1e-6 },
  temperatureDifference: { kind: "curvilinear_trapezoid", low: -0.05, high: 0.05, limitHalfWidth: 0.025 },
});
const gaugeBlockModel = ([
  standard,
  difference,
  random,
  systematic,
  expansion,
  mean,
  cyclic,
  expansions,
  temperatures,
]) =>
  standard +
  difference +
  random +
  systematic -
  standard * (expansions * (mean + cyclic) + expansion * temperatures) -
  5e7;

const examples = [
  { clause: "9.2.2", unit: "", sources: four(normal(0, 1)), model: sum, published: "0, 2.0, [-3.92, 3.92]", digits: 2 },
  {
    clause: "9.2.3",
    unit: "",
    sources: four(rectangular(-Math.sqrt(3), Math.sqrt(3))),
    model: sum,
    published: "0, 2.0, [-3.88, 3.88]",
    digits: 2,
  },
  {
    clause: "9.3",
    unit: "mg",
    sources: mass,
    model: massModel,
    interval: "shortest",
    published: "1.2341, 0.0754, [1.0834, 1.3825]",
    digits: 4,
  },
  {
    clause: "9.4, x1 = 0",
    unit: "1e-6",
    scale: 1e6,
    sources: two(0),
    model: squares,
    interval: "shortest",
    published: "50, 50, [0, 150]",
    digits: 0,
  },
  {
    clause: "9.4, x1 = 0.010",
    unit: "1e-6",
    scale: 1e6,
    sources: two(0.01),
    model: squares,
    interval: "shortest",
    published: "150, 112, [0, 367]",
    digits: 0,
  },
  {
    clause: "9.4, x1 = 0.010, r = 0.9",
    unit: "1e-6",
    scale: 1e6,
    sources: two(0.01),
    correlations: [{ between: ["x1", "x2"], coefficient: 0.9 }],
    model: squares,
    interval: "shortest",
    published: "150, 121, [13, 398]",
    digits: 0,
  },
  {
    clause: "9.5 (99 %)",
    unit: "nm",
    sources: gaugeBlock,
    model: gaugeBlockModel,
    interval: "shortest",
    level: 0.99,
    published: "838, 36, [745, 932]",
    digits: 0,
  },
];

console.log("Each: estimate, standard uncertainty, interval (95 % unless said otherwise).\n");
for (const { clause, unit, scale = 1, published, digits, ...model } of examples) {
  const { mean, standardUncertainty, lower, upper } = monteCarlo({ ...model, seed: 1, trials });
  const shown = (value) => (value * scale).toFixed(digits);
  console.log(`${clause} ${unit}`.trimEnd());
  console.log(`  published    ${published}`);
  console.log(`  Monte Carlo  ${shown(mean)}, ${shown(standardUncertainty)}, [${shown(lower)}, ${shown(upper)}]`);
  const first = lawOfPropagation(model);
  const half = coverageFactor(model.level ?? 0.95, null) * first.standardUncertainty;
  console.log(
    `  first order  ${shown(first.estimate)}, ${shown(first.standardUncertainty)}, [${shown(first.estimate - half)}, ${shown(first.estimate + half)}]${first.sensitivitiesVanish ? " (all sensitivities vanish: says nothing)" : ""}`,
  );
}

/** What the law of propagation of the GUM makes of the same inputs, with a normal result. */
function lawOfPropagation({ sources, correlations = [], model }) {
  const inputs = sources.map(({ id, distribution }) => {
    const { mean, standardDeviation } = momentsOf(distribution);
    return { id, estimate: mean, standardUncertainty: standardDeviation };
  });
  return propagateUncertainty({ inputs, correlations, model });
}
