import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ProcessCpuMeter } from "../dist/attribution/process-cpu.js";
import { conservationResidueJoules } from "../dist/attribution/process-shares.js";
import { systemClock } from "../dist/clock.js";
import { openEnergySource } from "../dist/discovery/discover.js";
import { readCpuTimes } from "../dist/host/stat.js";
import { idleBaselineFor } from "../dist/monitor/energy-figures.js";
import { HostWatch } from "../dist/monitor/host-watch.js";

/**
 * 50 real processes that fork children which compute and die, watched as `carbon-ops top` watches them: do the parts add up
 * to the host, and is each process's share what the kernel's own accounting of it says? Ends with 1 when the parts do not, or when a
 * share is further off than promised: 2 %, for processes that use a CPU second or more (their clocks are cut to 10 ms).
 *
 * node bench/conservation.bench.mjs [--seconds 60] [--processes 50] [--load 0.6] [--share-error 2] [--json]
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    processes: { type: "string", default: "50" },
    load: { type: "string", default: "0.6" },
    "share-error": { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const processCount = Number(values.processes);
/** Part of all CPUs that the processes are to keep busy. */
const load = Number(values.load);
/** Largest error of a process's share that is within the promise. */
const promisedShareError = Number(values["share-error"]) / 100;
const cpuCount = availableParallelism();
const worker = fileURLToPath(new URL("conservation-worker.sh", import.meta.url));
const roots = { proc: "/proc", sys: "/sys" };
/** Shares of 5 to 7 parts: the smallest process still uses many of the 10 ms steps in which the kernel shows its time. */
const weights = Array.from({ length: processCount }, (_, index) => 5 + (index % 3));
const pauseSeconds = 0.5;

const work = await iterationsPerCpuSecond();
const { source } = openEnergySource({ roots, clock: systemClock, wanted: "auto" });
const watch = new HostWatch({
  source,
  meter: new ProcessCpuMeter(roots),
  hostBusyCpuSeconds: () => readCpuTimes(roots).busySeconds,
  idleBaseline: idleBaselineFor(source, undefined),
});
const started = weights.map(startWorker);
const deadline = setTimeout(() => stopAll(), (seconds * 4 + 60) * 1000);
let largestResidueJoules = 0;
let ticks = 0;
const ticking = setInterval(tick, 1000);
await Promise.all(started.map(({ finished }) => finished));
clearInterval(ticking);
// All are alive and quiet now: one more tick sees everything that they did.
const view = tick();
clearTimeout(deadline);
stopAll();
await Promise.all(started.map(({ ended }) => ended));
source.close();
await report(view);

function tick() {
  const seen = watch.advance();
  ticks += 1;
  largestResidueJoules = Math.max(largestResidueJoules, Math.abs(conservationResidueJoules(watch.totals)));
  return seen;
}

/** How often this machine goes round the worker's loop in a CPU second, so that the load fits it. */
async function iterationsPerCpuSecond() {
  const rounds = 400_000;
  const child = spawn("bash", [worker, String(rounds), "1", "0"], { stdio: ["pipe", "pipe", "inherit"] });
  const { cpuSeconds } = await finishedWorker(child);
  child.stdin.end();
  return rounds / cpuSeconds;
}

/** All together need a part of this machine's CPUs. The work is fixed: where others take the CPUs, it takes longer. */
function startWorker(weight) {
  const totalWeight = weights.reduce((sum, other) => sum + other, 0);
  const rounds = Math.max(2, Math.round(seconds / (pauseSeconds * 1.15)));
  const cpuSecondsInAll = ((load * cpuCount * seconds) / totalWeight) * weight;
  const iterations = Math.round((work * cpuSecondsInAll) / rounds);
  const child = spawn("bash", [worker, String(iterations), String(rounds), String(pauseSeconds)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return {
    child,
    finished: finishedWorker(child),
    ended: new Promise((resolve) => child.once("close", resolve)),
  };
}

/** The process id and CPU seconds that a worker reports of itself when its work is done. */
function finishedWorker(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.once("error", reject);
    child.once("close", () => reject(new Error(`a worker ended before it reported: ${text}`)));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const times = [...text.matchAll(/(\d+)m(\d+\.\d+)s/g)].map(
        ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
      );
      if (times.length === 4) resolve({ pid: child.pid, cpuSeconds: times.reduce((sum, time) => sum + time, 0) });
    });
  });
}

function stopAll() {
  for (const { child } of started) child.stdin.end();
}

async function report(lastView) {
  const truths = await Promise.all(started.map(({ finished }) => finished));
  const consumerOf = new Map(lastView.consumers.map((consumer) => [consumer.pid, consumer]));
  const trueSum = truths.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const joulesSum = truths.reduce((sum, { pid }) => sum + (consumerOf.get(pid)?.joules ?? 0), 0);
  const errors = truths
    .map(({ pid, cpuSeconds }) => {
      const share = (consumerOf.get(pid)?.joules ?? 0) / joulesSum;
      return Math.abs(share / (cpuSeconds / trueSum) - 1);
    })
    .toSorted((left, right) => left - right);
  const result = {
    seconds: lastView.durationSeconds,
    processes: processCount,
    ticks,
    energySource: source.label,
    hostJoules: lastView.hostJoules,
    processesJoules: joulesSum,
    trueCpuSeconds: trueSum,
    smallestCpuSeconds: Math.min(...truths.map(({ cpuSeconds }) => cpuSeconds)),
    attributedCpuSeconds: truths.reduce((sum, { pid }) => sum + cpuOf(pid), 0),
    medianShareError: errors[Math.floor(errors.length / 2)],
    largestShareError: errors.at(-1),
    promisedShareError,
    processesWithinPromise: errors.filter((error) => error <= promisedShareError).length,
    largestResidueJoules,
    shares: truths.map(({ pid, cpuSeconds }) => ({ trueCpuSeconds: cpuSeconds, attributedCpuSeconds: cpuOf(pid) })),
  };
  if (values.json) console.log(JSON.stringify(result));
  else print(result);
  for (const failure of failuresOf(result)) {
    console.error(failure);
    process.exitCode = 1;
  }
}

/** Which promises were broken, one sentence each. */
function failuresOf(result) {
  const failures = [];
  const { hostJoules, processesWithinPromise, largestShareError } = result;
  if (!(result.largestResidueJoules <= 1e-9 * Math.max(1, hostJoules))) {
    failures.push(`The parts do not add up to the host: ${result.largestResidueJoules} J are left.`);
  }
  if (processesWithinPromise < processCount) {
    const worst = (largestShareError * 100).toFixed(2);
    failures.push(
      `${processCount - processesWithinPromise} of ${processCount} shares are more than ${values["share-error"]} % off, the worst ${worst} %.`,
    );
  }
  return failures;
}

function cpuOf(pid) {
  for (const [key, { cpuSeconds }] of watch.totals.consumers) if (key.startsWith(`${pid}@`)) return cpuSeconds;
  return 0;
}

function print(result) {
  const percent = (ratio) => `${(ratio * 100).toFixed(2)} %`;
  console.log(
    `${result.processes} processes that fork and die, ${result.seconds.toFixed(1)} s, ${result.ticks} ticks; ${result.energySource}`,
  );
  console.log(`  host                                 ${result.hostJoules.toFixed(3)} J`);
  console.log(`  residue: host less all its parts     ${result.largestResidueJoules.toExponential(2)} J at most`);
  console.log(
    `  CPU of the processes, by themselves  ${result.trueCpuSeconds.toFixed(3)} s (the smallest ${result.smallestCpuSeconds.toFixed(3)} s)`,
  );
  console.log(`  CPU attributed to them               ${result.attributedCpuSeconds.toFixed(3)} s`);
  console.log(
    `  error of a process's share           median ${percent(result.medianShareError)}, largest ${percent(result.largestShareError)}`,
  );
  console.log(
    `  ${`within ${values["share-error"]} % of the truth`.padEnd(36)} ${result.processesWithinPromise} of ${result.processes}`,
  );
}
