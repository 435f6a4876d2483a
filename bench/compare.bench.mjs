import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { announcedRounds } from "../dist/comparison/announcement.js";
import { compareRounds } from "../dist/comparison/comparison.js";
import { interleavedRounds } from "../dist/comparison/rounds.js";
import { openEnergySource } from "../dist/discovery/discover.js";
import { constantPower } from "../dist/simulate/profile.js";
import { startSimulation } from "../dist/simulate/simulation.js";
import { carbonOps } from "./child-process.mjs";
import { namedDeviates } from "./seeded-numbers.mjs";

/**
 * Does `carbon-ops compare` find what is there, with the runs that it announces, and nothing where there is nothing? Campaigns over the
 * program's own pilot, order and test:
 *
 * - counters: 100 pairs of twins and 100 that differ by 5 %, on simulated powercap files of exactly known energy;
 * - many: thousands of the same on numbers alone, so that the rates are sharp; with drift, heavy tails, seven comparisons at once;
 * - controls that must fail, or this bench could not tell: no turns, a pilot that is counted, looking after every round;
 * - real: two commands that sleep, on `carbon-ops simulate powercap` at constant power, through the program itself.
 *
 * node bench/compare.bench.mjs [--trials 1000] [--skip-real]
 */
const { values } = parseArgs({
  options: { trials: { type: "string", default: "1000" }, "skip-real": { type: "boolean", default: false } },
});
const trials = Number(values.trials);
if (!(trials >= 200)) throw new Error("--trials is at least 200: with fewer, the controls cannot be told from chance");
const level = 0.95;
const power = 0.9;
const pilotRounds = 8;
const most = 1000;
let failures = 0;

/** Scatter of a run, and of what drifts for both alike: 6 % up and down over forty runs. */
const usual = { scatter: 0.03, drift: 0.06, tail: "normal", commandCount: 2 };

await onCounters();
await onNumbers();
await controls();
if (!values["skip-real"]) await onRealCommands();
console.log(failures === 0 ? "as promised" : `${failures} promises broken`);
process.exitCode = failures === 0 ? 0 : 1;

async function onCounters() {
  console.log("simulated powercap counters, 60 W, runs of 1 s, 100 trials each");
  const { measure, close } = counters();
  const twins = await campaign({ ...usual, count: 100, difference: 0, name: "counter twins", measure });
  console.log(`  twins: no difference shown in ${100 - twins.found} of 100 (${twins.meanRounds} runs each on average)`);
  const differing = await campaign({ ...usual, count: 100, difference: 0.05, name: "counter 5 %", measure });
  close();
  console.log(
    `  5 %: found in ${differing.found} of 100 with the ${differing.meanRounds} runs each that were announced`,
  );
  // The rates themselves are judged below, where trials are many; here only what chance can hardly do.
  judge("twins on counters", twins.found / 100, 100, 0.05, "at most");
  judge("5 % on counters", differing.found / 100, 100, power, "at least");
}

async function onNumbers() {
  console.log(`numbers alone, ${trials} trials each`);
  const cases = [
    { title: "scatter 3 %", ...usual },
    { title: "scatter 6 %", ...usual, scatter: 0.06 },
    { title: "heavy tails (t, 3 degrees of freedom)", ...usual, tail: "heavy" },
    { title: "drift of 20 %", ...usual, drift: 0.2 },
    { title: "eight commands", ...usual, commandCount: 8, count: Math.ceil(trials / 5) },
  ];
  for (const { title, count = trials, ...rest } of cases) {
    const common = { ...rest, count, measure: numbers() };
    const twins = await campaign({ ...common, difference: 0, name: `twins ${title}` });
    const differing = await campaign({ ...common, difference: 0.05, name: `5 % ${title}` });
    console.log(
      `  ${title.padEnd(40)} twins told apart ${percent(twins.found / count)}; 5 % found ${percent(differing.found / count)} with ${differing.meanRounds} runs each; interval holds ${percent(differing.covered / count)}`,
    );
    judge(`${title}: twins`, twins.found / count, count, 0.05, "at most");
    // The number of runs is exact for normal scatter; heavy tails hide more from a pilot of eight.
    const kept = rest.tail === "heavy" ? power - 0.05 : power;
    judge(`${title}: 5 %`, differing.found / count, count, kept, "at least");
    if (rest.tail === "normal" && rest.commandCount === 2) {
      judge(`${title}: interval`, differing.covered / count, count, level, "at least");
    }
  }
}

async function controls() {
  console.log(`controls that must fail, ${trials} trials each`);
  const all = { ...usual, count: trials, difference: 0, measure: numbers() };
  const blocks = await campaign({ ...all, name: "no turns", drift: 0.2, isInBlocks: true });
  mustExceed("all of A, then all of B, with drift", blocks.found / trials, 0.08);
  const peeked = await campaign({ ...all, count: Math.ceil(trials / 5), name: "peeking", isPeeking: true });
  mustExceed("looking after every round, stopping when it pleases", peeked.found / Math.ceil(trials / 5), 0.08);
}

/** Trials of one kind: how many say that a difference is real, and how many intervals hold the truth. */
async function campaign({ count, difference, name, measure, commandCount, isInBlocks, isPeeking, ...kind }) {
  let [found, covered, rounds] = [0, 0, 0];
  for (let trial = 0; trial < count; trial += 1) {
    const draw = namedDeviates(`${name} ${trial}`);
    const energyOf = runEnergies({ draw, difference, ...kind });
    const run = async (command, round) => measure(energyOf, command, round);
    const stage = (firstRound, roundCount) =>
      interleavedRounds({ commandCount, firstRound, roundCount, seed: trial, run, isInterrupted: () => false });
    const pilot = (await stage(1, pilotRounds)).rounds;
    const request = { commandCount, pilot, difference: 0.05, level, power, isAllPairs: false };
    const announced = Math.min(most, announcedRounds(request).rounds ?? most);
    rounds += announced;
    const measured = isInBlocks
      ? await inBlocks(run, announced, commandCount)
      : (await stage(pilotRounds + 1, announced)).rounds;
    const of = (some) =>
      compareRounds({
        commands: Array.from({ length: commandCount }, (_, index) => `command ${index}`),
        rounds: some,
        level,
        power,
        isAllPairs: false,
        plannedDifferences: [],
      });
    const isFound = isPeeking
      ? measured.some((_, index) => index >= 2 && of(measured.slice(0, index + 1)).pairs[0].isReal)
      : null;
    const { pairs } = of(measured);
    // With several commands only the second differs: the others are its twins, and one alarm among them all is one too many.
    const isReal = difference === 0 ? pairs.some((pair) => pair.isReal) : pairs[0].isReal && pairs[0].ratio > 1;
    if (isFound ?? isReal) found += 1;
    if (pairs[0].lower <= 1 + difference && 1 + difference <= pairs[0].upper) covered += 1;
  }
  return { found, covered, meanRounds: (rounds / count).toFixed(1) };
}

async function inBlocks(run, roundCount, commandCount) {
  const byCommand = [];
  for (let command = 0; command < commandCount; command += 1) {
    const runs = [];
    for (let round = 0; round < roundCount; round += 1) runs.push(await run(command, round));
    byCommand.push(runs);
  }
  return Array.from({ length: roundCount }, (_, round) => byCommand.map((runs) => runs[round]));
}

/** Energy of the next run of a command in units of the first one's: scatter of its own, and drift that both share by time. */
function runEnergies({ draw, difference, scatter, drift, tail }) {
  const phase = draw.uniform() * 2 * Math.PI;
  let runs = 0;
  return (command) => {
    runs += 1;
    const own = tail === "heavy" ? heavyTailed(draw) : draw.normal();
    const shared = drift * Math.sin(phase + (2 * Math.PI * runs) / 80);
    return (command === 1 ? 1 + difference : 1) * Math.exp(scatter * own + shared);
  };
}

/** Student's t with 3 degrees of freedom, scaled to a standard deviation of 1. */
function heavyTailed({ normal }) {
  const chiSquare = normal() ** 2 + normal() ** 2 + normal() ** 2;
  return normal() / Math.sqrt(chiSquare);
}

function numbers() {
  return (energyOf, command, round) => runOf(command, round, energyOf(command));
}

/** A run lasts as long as its energy takes at constant power; the joules are what the program's own source reads from the files. */
function counters() {
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops-bench-compare-"));
  let nowNs = 0n;
  const clock = { monotonicNs: () => nowNs, bootNs: () => nowNs, wallMs: () => Number(nowNs / 1_000_000n) };
  const shape = {
    vendor: "intel",
    packages: 1,
    parts: ["dram"],
    quirks: [],
    esu: 14,
    startBelowWrapJoules: 100,
    profile: constantPower(60),
  };
  const simulation = startSimulation({
    window: "powercap",
    directory: join(directory, "host"),
    shape,
    faults: [],
    mode: 0o444,
    speed: 1,
    durationSeconds: null,
    tickMilliseconds: 100_000_000,
    clock,
    procRoot: "/proc",
  });
  const roots = { proc: join(directory, "host", "proc"), sys: join(directory, "host", "sys"), msr: "/nowhere" };
  const { source } = openEnergySource({ roots: { ...roots, proc: "/proc" }, clock, wanted: "powercap" });
  const read = () => {
    simulation.truth();
    return source.read().hostMicrojoules;
  };
  const measure = (energyOf, command, round) => {
    const before = read();
    const energy = energyOf(command);
    nowNs += BigInt(Math.round(energy * 1e9));
    const joules = Number(read() - before) / 1e6;
    if (Math.abs(joules - 60 * energy) > 0.001) throw new Error(`${joules} J were read, but ${60 * energy} J used`);
    return runOf(command, round, joules / 3600);
  };
  const close = () => {
    simulation.stop();
    source.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { measure, close };
}

function runOf(command, round, energyWh) {
  const energy = {
    meanWh: energyWh,
    additiveWh: 0,
    gainLnSigma: 0.02,
    gainSourceId: "rapl.gain/bench",
    gainCitation: "bench",
    shareLnSigma: 0,
    boundary: "package_and_dram",
    provenance: "measured",
  };
  const rest = { durationSeconds: 1, cpuSeconds: 1, otherCpuSeconds: 0, gaps: 0, processesLeftRunning: 0 };
  return { command, round, energy, energyWh, isModelled: false, ...rest };
}

/** Through the program: sleeping commands on a host of constant power take energy in proportion to their time. */
async function onRealCommands() {
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops-bench-compare-"));
  const simulator = spawn(
    process.execPath,
    [carbonOps, "simulate", "powercap", "--dir", join(directory, "host"), "--watts", "60", "--tick", "2"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  try {
    await new Promise((resolve) => simulator.stderr.once("data", resolve));
    for (const [title, second, isDifferent] of [
      ["real commands that differ by 5 %", "sleep 1.05", true],
      ["real twins", "sleep 1.00", false],
    ]) {
      const { pairs, detect } = await compareForReal(directory, ["sleep 1.00", second]);
      const [pair] = pairs;
      console.log(
        `${title}: ${detect.announced_rounds} runs each announced and done; ratio ${pair.ratio.toFixed(4)}, interval ${pair.lower.toFixed(4)} to ${pair.upper.toFixed(4)}, p ${pair.p_value.toPrecision(2)}`,
      );
      // One trial each: twins may be told apart once in twenty, and 5 % be missed once in ten. Only what both would make absurd fails.
      if (isDifferent ? pair.upper < 1.02 : pair.lower > 1.03) fail(title);
    }
  } finally {
    simulator.kill("SIGTERM");
    await new Promise((resolve) => simulator.once("close", resolve));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function compareForReal(directory, commands) {
  const file = join(directory, "result.json");
  const words = ["compare", "--energy-of", "host", "--detect", "5%", "--quiet", "--seed", "1", "--json", file];
  const child = spawn(process.execPath, [carbonOps, ...words, ...commands], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, CARBON_OPS_SYS_ROOT: join(directory, "host", "sys") },
    timeout: 300_000,
  });
  const status = await new Promise((resolve) => child.once("close", resolve));
  if (status !== 0) throw new Error(`compare ended with ${status}`);
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Three binomial deviations are left to chance. */
function judge(what, rate, count, bound, side) {
  const slack = 3 * Math.sqrt((bound * (1 - bound)) / count);
  if (side === "at most" ? rate <= bound + slack : rate >= bound - slack) return;
  fail(`${what}: ${percent(rate)} of ${count}, promised ${side} ${percent(bound)}`);
}

function mustExceed(what, rate, bound) {
  console.log(`  ${what.padEnd(52)} ${percent(rate)} false alarms`);
  if (rate <= bound) fail(`${what}: ${percent(rate)} would not be noticed`);
}

function fail(text) {
  failures += 1;
  console.log(`  FAILED: ${text}`);
}

function percent(ratio) {
  return `${(100 * ratio).toFixed(1)} %`;
}
