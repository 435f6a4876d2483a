import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { EnergyLogger } from "../dist/index.js";
import { simulatedPlace, startDaemon } from "./simulated-governor.mjs";

/**
 * What an interval costs that is handed on and recorded: CPU time and bytes for each name, with its estimate; and how long `monitor` keeps its
 * caller waiting through a governor. Ends with status 1 when a record is missing, when records do not add up to the report, or when a span
 * that is longer than a tick of the governor was kept waiting for the next one.
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

async function interval(nameCount) {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-bench-"));
  const ledger = join(folder, "carbon.ndjson");
  const logger = await EnergyLogger.open({
    energySource: "model",
    region: "GB",
    intensityProviders: "static",
    ledger,
    ledgerKey: join(folder, "key"),
  });
  for (let index = 0; index < nameCount; index += 1) {
    const task = logger.start(`name ${index}`, { enter: false });
    task.run(() => spin(0.2));
    task.end();
  }
  await sleep(1500);
  const before = process.cpuUsage();
  await logger.flush({ timeoutMs: 120_000 });
  const { user, system } = process.cpuUsage(before);
  await logger.close();
  const { count, joules } = recordedJoules(ledger);
  const reported = logger.taskReport().tasks.reduce((sum, { marginalJoules }) => sum + marginalJoules, 0);
  const isWhole = count >= nameCount && Math.abs(joules - reported) <= 1e-9 * Math.max(1, Math.abs(reported));
  console.log(
    `interval of ${nameCount} names: ${((user + system) / 1000 / nameCount).toFixed(2)} ms of CPU time and ${(statSync(ledger).size / count).toFixed(0)} bytes a name; records and report ${isWhole ? "agree" : `differ: ${count} records, ${joules} and ${reported} J`}`,
  );
  rmSync(folder, { recursive: true });
  return isWhole;
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
for (const nameCount of [1, 20, 500]) wholes.push(await interval(nameCount));

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
if (wholes.includes(false) || long.some((milliseconds) => milliseconds > 25)) process.exitCode = 1;
