import { readdirSync, rmSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectGovernor } from "../dist/governor/client.js";
import { seededRandom, simulatedPlace, startDaemon, until } from "./simulated-governor.mjs";

/**
 * The governor is killed with SIGKILL again and again, at random instants, at its start, and while it writes its state, and started anew,
 * while a client measures one span after the other. A share of the kills loses the state file, or comes with another boot id: then the id has to
 * change, and the client reports a gap. Ends with 1 when a promise is broken:
 *
 * - under one id, what the spans add up to is the truth to one raw count of each domain, however often the governor was killed;
 * - their error over the whole run is at most 0.1 %, and no more than the truth was measured;
 * - the id changes after a lost state or a new boot, and never otherwise; totals and sequence never go backwards; no span is lost.
 *
 * node bench/governor-kill.bench.mjs [--kills 200] [--seed 1]
 */
const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
const kills = Number(values.kills);
const random = seededRandom(Number(values.seed));
/** What the counters showed when: the reading behind a total is among them. */
const shows = [];
const place = simulatedPlace((host, ns) =>
  shows.push({ ns, counts: host.counters.map((counter) => counter.counts()) }),
);
/** What claims the state file, made at the start: no part of a writing. */
const lockName = `${basename(place.stateFile)}.lock`;
const broken = [];
const seen = {
  spans: 0,
  spansWithEnergy: 0,
  gaps: [],
  refusedCalls: 0,
  idsKept: 0,
  idsChanged: 0,
  downwards: 0,
  gapsOfReadings: 0,
};
const done = { anywhere: 0, atStart: 0, atWrite: 0, leftHalf: 0, stateLost: 0, newBoot: 0 };
/** Stretches that were measured under one id: its first and last snapshot. */
const stretches = [];
const measuring = { isOver: false };
let daemon = null;
try {
  place.run();
  daemon = startDaemon(place);
  await daemon.ready;
  const spans = measureSpans();
  for (let kill = 0; kill < kills; kill += 1) await killOnce(kill);
  await daemon.ready;
  place.halt();
  const haltNs = process.hrtime.bigint();
  await until(() => (stretches.at(-1)?.last.monotonicNs ?? 0n) > haltNs);
  measuring.isOver = true;
  await spans;
  report();
} finally {
  measuring.isOver = true;
  if (daemon !== null) await daemon.end("SIGKILL");
  place.close();
}

/** One life and its end. */
async function killOnce(kill) {
  const kind = random.below(20);
  if (kind < 3) await atWrite(600);
  else if (kind === 3) {
    await daemon.ready;
    await atWrite(7000);
  } else {
    await sleep(random.below(800));
    done[daemon.log().includes('"event":"started"') ? "anywhere" : "atStart"] += 1;
  }
  await daemon.end("SIGKILL");
  const idBefore = stretches.at(-1)?.last.governorId;
  const stretchesBefore = stretches.length;
  if (leavesHalf(daemon.startedMs)) done.leftHalf += 1;
  const losesId = kind >= 16;
  if (kind >= 18) {
    place.setBootId(`0f0e0d0c-0000-4000-8000-${String(kill + 2).padStart(12, "0")}`);
    done.newBoot += 1;
  } else if (losesId) {
    rmSync(place.stateFile, { force: true });
    done.stateLost += 1;
  }
  daemon = startDaemon(place);
  // Where the id is at stake, the next kill waits until the client has heard it; otherwise it may come at any time.
  if (losesId) {
    await until(() => stretches.length > stretchesBefore);
    if (stretches.at(-1).last.governorId === idBefore) broken.push("an id was kept that had to change");
  }
}

/** Whether a file of this life lies beside the state file: the writing was not finished. */
function leavesHalf(sinceMs) {
  const directory = dirname(place.stateFile);
  const whole = [basename(place.stateFile), lockName];
  const others = readdirSync(directory).filter((name) => !whole.includes(name));
  return others.some((name) => statSync(join(directory, name)).mtimeMs >= sinceMs);
}

/** Just when the first thing happens in the state's directory, or after a while. */
async function atWrite(waitMs) {
  const watcher = watch(dirname(place.stateFile));
  await new Promise((resolve) => {
    let isKilled = false;
    watcher.on("change", (_, name) => {
      if (isKilled || name === lockName) return;
      isKilled = true;
      daemon.child.kill("SIGKILL");
      done.atWrite += 1;
      resolve();
    });
    setTimeout(resolve, waitMs);
  });
  watcher.close();
}

/** Spans without a pause between them: each ends where the next begins. */
async function measureSpans() {
  let client = null;
  let last = null;
  while (!measuring.isOver) {
    let snapshot = null;
    try {
      const isNew = client === null;
      client ??= await connectGovernor({ socketPath: place.socketPath });
      snapshot = await client.snapshot();
      if (snapshot !== null && last !== null && isNew) {
        seen[snapshot.governorId === last.governorId ? "idsKept" : "idsChanged"] += 1;
      }
    } catch {
      seen.refusedCalls += 1;
      client?.close();
      client = null;
    }
    if (snapshot === null) {
      await sleep(15);
      continue;
    }
    endSpan(last, snapshot);
    last = snapshot;
    await sleep(30 + random.below(250));
  }
  client?.close();
}

function endSpan(from, to) {
  const stretch = stretches.at(-1);
  if (from === null || from.governorId !== to.governorId) {
    stretches.push({ first: to, last: to });
    if (from === null) return;
    seen.spans += 1;
    seen.gaps.push(difference(to.monotonicNs, from.monotonicNs) / 1e9);
    return;
  }
  seen.spans += 1;
  seen.spansWithEnergy += 1;
  seen.gapsOfReadings += to.gaps - from.gaps;
  const isBackwards = [...to.countersMicrojoules].some(
    ([id, total]) => total < (from.countersMicrojoules.get(id) ?? 0n),
  );
  if (isBackwards || to.sequence < from.sequence) seen.downwards += 1;
  stretch.last = to;
}

function report() {
  const domains = place
    .truth()
    .domains.map((domain, index) => ({ ...domain, index }))
    .filter(({ counted }) => counted);
  const results = stretches.flatMap((stretch) => domains.map((domain) => compareStretch(stretch, domain)));
  const sum = (pick) => results.reduce((total, result) => total + pick(result), 0);
  const [measured, truth] = [sum((result) => result.measured), sum((result) => result.truth)];
  const errorPercent = (Math.abs(measured - truth) / truth) * 100;
  const worst = Math.max(
    ...results.map(({ measured: energy, truth: true_, count }) => Math.abs(energy - true_) / count),
  );
  const whole = Number(place.truth().hostMicrojoules) / 1e6;
  const counts = Math.max(...results.map(({ measured: energy, truth: true_, count }) => (energy - true_) / count));
  const inGaps = seen.gaps.reduce((total, seconds) => total + seconds, 0);
  console.log(
    `${kills} x kill -9: ${done.anywhere} while it counted, ${done.atStart} while it started, ${done.atWrite} at a write of its state`,
  );
  console.log(`  a file half written was left  ${done.leftHalf} times`);
  console.log(`  state file lost, new boot     ${done.stateLost}, ${done.newBoot}: the id has to change`);
  console.log(`  ids kept / changed            ${seen.idsKept} / ${seen.idsChanged}`);
  console.log(
    `  spans                         ${seen.spans}: ${seen.spansWithEnergy} with energy, ${seen.gaps.length} as gaps of ${inGaps.toFixed(1)} s together; ${seen.refusedCalls} calls in vain`,
  );
  console.log(`  readings that were gaps       ${seen.gapsOfReadings}`);
  console.log(`  energy of the whole run       ${whole.toFixed(3)} J, ${place.truth().wraps} wraps`);
  console.log(`  measured, under ${String(stretches.length).padEnd(4)} ids      ${(measured / 1e6).toFixed(6)} J`);
  console.log(`  truth of those stretches      ${(truth / 1e6).toFixed(6)} J`);
  console.log(`  error                         ${errorPercent.toFixed(6)} % (promise: at most 0.1)`);
  console.log(`  largest error of a domain     ${worst.toFixed(3)} raw counts (promise: at most 1)`);
  const lost = seen.spans - seen.spansWithEnergy - seen.gaps.length;
  const promises = [
    [errorPercent <= 0.1, "the error is above 0.1 %"],
    [worst <= 1, "a stretch under one id is not the truth to one raw count"],
    [counts <= 1 && measured / 1e6 <= whole + 1, "energy was invented"],
    [seen.idsChanged === done.stateLost + done.newBoot, "an id changed without need"],
    [seen.downwards === 0, "totals or the sequence went backwards"],
    [lost === 0, "spans were lost"],
  ];
  for (const [isKept, sentence] of promises) if (!isKept) broken.push(sentence);
  for (const sentence of broken) console.log(`  BROKEN: ${sentence}`);
  if (broken.length > 0) process.exitCode = 1;
}

/**
 * A domain's energy between the first and the last snapshot of a stretch, against the truth between the two moments at which its counter was
 * read: each lies close to its tick, so of the pairs of values that were shown then, the best one is taken. By chance alone one of 500 would fit.
 */
function compareStretch({ first, last }, { id, index }) {
  const counter = place.host.counters.indexOf(place.host.domains[index].counter);
  const { over, under } = place.host.counters[counter].unit.shownMicrojoules;
  const count = Number(over) / Number(under);
  const totalOf = ({ countersMicrojoules }) => [...countersMicrojoules].find(([path]) => path.endsWith(id))?.[1] ?? 0n;
  const measured = difference(totalOf(last), totalOf(first));
  if (first === last) return { measured: 0, truth: 0, count };
  let truth = Number.NaN;
  for (const from of shownAround(first.monotonicNs)) {
    for (const to of shownAround(last.monotonicNs)) {
      const energy = (difference(to.counts[counter], from.counts[counter]) * Number(over)) / Number(under);
      if (Number.isNaN(truth) || Math.abs(energy - measured) < Math.abs(truth - measured)) truth = energy;
    }
  }
  return { measured, truth, count };
}

function shownAround(tickNs) {
  const [beforeNs, afterNs] = [tickNs - 150_000_000n, tickNs + 300_000_000n];
  const near = shows.filter(({ ns }) => ns >= beforeNs && ns <= afterNs);
  // Where nothing moved meanwhile, what was shown last is still there.
  const before = shows.findLast(({ ns }) => ns < beforeNs);
  return before === undefined ? near : [before, ...near];
}

/** @param {bigint} left @param {bigint} right */
function difference(left, right) {
  return Number(left - right);
}
