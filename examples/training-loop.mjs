/**
 * Fits a line by gradient descent, and says after each epoch what it took: `node examples/training-loop.mjs [epochs]`.
 * Grams are those of Great Britain; without a service for its grid they rest on the yearly table, and say so.
 */
import { CarbonEstimator, EnergyLogger, taskEnergyOf } from "carbon-ops";

const epochs = Number(process.argv[2] ?? 3);
const points = Array.from({ length: 200_000 }, (_, index) => ({ x: index / 200_000, y: 3 * (index / 200_000) + 1 }));

const logger = await EnergyLogger.open();
const estimator = new CarbonEstimator({ region: "GB" });

let slope = 0;
let offset = 0;
function epoch() {
  for (let pass = 0; pass < 40; pass += 1) {
    let slopeGradient = 0;
    let offsetGradient = 0;
    for (const { x, y } of points) {
      const error = slope * x + offset - y;
      slopeGradient += error * x;
      offsetGradient += error;
    }
    slope -= (0.5 * slopeGradient) / points.length;
    offset -= (0.5 * offsetGradient) / points.length;
  }
}

for (let count = 1; count <= epochs; count += 1) {
  const { metric } = await logger.monitor(`epoch ${count}`, epoch);
  const energy = taskEnergyOf(metric.energy);
  const took = `epoch ${count}: y = ${slope.toFixed(3)} x + ${offset.toFixed(3)}, ${metric.durationSeconds.toFixed(2)} s`;
  if (energy === null) {
    console.log(`${took}, energy unknown: ${logger.problems.at(-1) ?? "no source"}`);
    continue;
  }
  const estimate = await estimator.estimateOverSpan({
    startTs: metric.timestampStart,
    endTs: metric.timestampEnd,
    energy,
  });
  const { lowerGrams, upperGrams } = estimate.interval;
  const milligrams = (grams) => (1000 * grams).toPrecision(2);
  console.log(
    `${took}, ${(3600 * energy.meanWh).toFixed(2)} J, ${milligrams(estimate.grams)} mg CO2e (95 %: ${milligrams(lowerGrams)} to ${milligrams(upperGrams)})`,
  );
}
await logger.close();
