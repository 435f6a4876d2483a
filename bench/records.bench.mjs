import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { EnergyLogger } from "../dist/index.js";
import { simulatedPlace, startDaemon } from "./simulated-governor.mjs";

/**
 * What a span costs that is recorded: CPU time and bytes for each name, with its estimate, and for how long at a stretch a flush of 1000 names
 * keeps the event loop; and how long `monitor` keeps its caller waiting through a governor. Ends with status 1 when a record is missing, when
 * records do not add up to the process, when each of the flushes keeps the loop for more than 15 ms at a stretch (known from Node.js 23.9 on),
 * or when a span that is longer than a tick of the governor was kept waiting for the next one.
 *
 *     node bench/records.bench.mjs [--rounds 12]
 */
const { values } = parseArgs({ options: { rounds: { type: "string", default: "12" } } });
const rounds = Number(values.rounds);

function spin(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function median(numbers) {
  return numbers.toSorted((left, right) => left - right)[numbers.length >> 1];
}

function recordedJoules(ledger) {
  const records = readFileSync(ledger, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).record);
  const estimates = records.filter(({ kind }) => kind === "carbon_estimate");
  return { count: estimates.length, joules: estimates.reduce((sum, each) => sum + 3600 * each.energy_wh_stated, 0) };
}

/** CPU time of this thread in milliseconds, which other programs do not lengthen; before Node.js 23.9, the time that passed. */
function threadMs() {
  if (process.threadCpuUsage === undefined) return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Longest times between two turns of the event loop, in milliseconds, the longest first, until it is stopped. */
function watchLoop() {
  let [isWatching, last] = [true, threadMs()];
  const stretches = [];
  const look = () => {
    const now = threadMs();
    stretches.push(now - last);
    last = threadMs();
    if (isWatching) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    isWatching = false;
    return stretches.sort((left, right) => right - left);
  };
}

/** So many names do some work, once. */
async function useNames(logger, nameCount) {
  for (let index = 0; index < nameCount; index += 1) {
    const task = logger.start(`name ${index}`, { enter: false });
    task.run(() => spin(0.2));
    task.end();
  }
  await sleep(1500);
}

async function span(nameCount) {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-bench-"));
  const ledger = join(folder, "carbon.ndjson");
  const logger = await EnergyLogger.open({
    energySource: "model",
    region: "GB",
    intensityProviders: "static",
    ledger,
    ledgerKey: join(folder, "key"),
  });
  await useNames(logger, nameCount);
  const before = process.cpuUsage();
  await logger.flush({ timeoutMs: 120_000 });
  const { user, system } = process.cpuUsage(before);
  await logger.close();
  const { count, joules } = recordedJoules(ledger);
  const { process: whole, childProcesses } = logger.taskReport();
  const reported = whole.marginalJoules - childProcesses.marginalJoules;
  const isWhole = count >= nameCount && Math.abs(joules - reported) <= 1e-9 * Math.max(1, Math.abs(reported));
  console.log(
    `span of ${nameCount} names: ${((user + system) / 1000 / nameCount).toFixed(2)} ms of CPU time and ${(statSync(ledger).size / count).toFixed(0)} bytes a name; records and report ${isWhole ? "agree" : `differ: ${count} records, ${joules} and ${reported} J`}`,
  );
  rmSync(folder, { recursive: true });
  return isWhole;
}

async function longestStretches(nameCount, flushes) {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-bench-"));
  const logger = await EnergyLogger.open({
    energySource: "model",
    region: "GB",
    intensityProviders: "static",
    ledger: join(folder, "carbon.ndjson"),
    ledgerKey: join(folder, "key"),
    sinks: [{ name: "bench", interval: () => undefined }],
  });
  const longest = [];
  for (let flush = 0; flush < flushes; flush += 1) {
    await useNames(logger, nameCount);
    const stop = watchLoop();
    const start = performance.now();
    await logger.flush({ timeoutMs: 120_000 });
    const [first, second, third] = stop();
    longest.push(first);
    const clock = process.threadCpuUsage === undefined ? "ms" : "ms of CPU time";
    console.log(
      `flush of ${nameCount} names to sinks and ledger: ${(performance.now() - start).toFixed(0)} ms; longest stretches of the event loop: ${[first, second, third].map((each) => each.toFixed(1)).join(", ")} ${clock}`,
    );
  }
  await logger.close();
  rmSync(folder, { recursive: true });
  return Math.min(...longest);
}

async function waits(logger, workMs) {
  const waited = [];
  for (let round = 0; round < rounds; round += 1) {
    await sleep(210);
    let end = 0;
    await logger.monitor("work", async () => {
      await sleep(workMs);
      end = performance.now();
    });
    waited.push(performance.now() - end);
  }
  const middle = median(waited);
  console.log(
    `monitor of ${workMs} ms through a governor: its caller waits for ${middle.toFixed(1)} ms (median), ${Math.max(...waited).toFixed(1)} ms at most`,
  );
  return middle;
}

const wholes = [];
for (const nameCount of [1, 20, 500]) wholes.push(await span(nameCount));
const shortestStretch = await longestStretches(1000, 4);

const place = simulatedPlace();
place.run();
const daemon = startDaemon(place);
await daemon.ready;
const logger = await EnergyLogger.open({ energySource: "governor", governorSocket: place.socketPath });
for (const workMs of [1, 50]) await waits(logger, workMs);
const long = [await waits(logger, 250), await waits(logger, 1000)];
await logger.close();
await daemon.end("SIGTERM");
place.close();
if (
  wholes.includes(false) ||
  (process.threadCpuUsage !== undefined && shortestStretch > 15) ||
  long.some((milliseconds) => milliseconds > 25)
)
  process.exitCode = 1;
