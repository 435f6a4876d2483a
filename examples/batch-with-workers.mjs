/**
 * A batch job that hands its parts to worker threads; each part is charged with its own thread, however many run at once:
 * `node examples/batch-with-workers.mjs [parts]`.
 */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { EnergyLogger } from "carbon-ops";

const parts = Number(process.argv[2] ?? 4);
// The logger is opened before the workers are created: it learns of them as they start.
const logger = await EnergyLogger.open();

const work = `
  const { parentPort, workerData } = require("node:worker_threads");
  let count = 0;
  for (let candidate = 2; candidate < workerData; candidate += 1) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor += 1;
    if (divisor * divisor > candidate) count += 1;
  }
  parentPort.postMessage(count);
  setTimeout(() => undefined, 200); // time for its last CPU seconds to be read
`;

async function countPrimes(limit) {
  const worker = new Worker(work, { eval: true, workerData: limit });
  const [count] = await once(worker, "message");
  await once(worker, "exit");
  return count;
}

const limits = Array.from({ length: parts }, (_, index) => 300_000 * (index + 1));
const counts = await Promise.all(
  limits.map(async (limit) => {
    const task = logger.start(`primes below ${limit}`, { enter: false });
    try {
      return await task.run(() => countPrimes(limit));
    } finally {
      task.end();
    }
  }),
);
await delay(1100); // the energy of the last second

for (const [index, { name, cpuSeconds, marginalJoules }] of logger.taskReport().tasks.entries()) {
  const energy = marginalJoules === null ? "no energy source" : `${marginalJoules.toFixed(2)} J`;
  console.log(`${name.padEnd(22)} ${counts[index]} found, ${cpuSeconds.toFixed(3)} s CPU, ${energy}`);
}
await logger.close();
