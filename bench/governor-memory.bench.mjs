import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectGovernor, watchGovernor } from "../dist/governor/client.js";
import { median, residentMegabytes, simulatedPlace, startDaemon } from "./simulated-governor.mjs";

/**
 * Resident memory of the governor, minute by minute, with one subscriber and one client that asks for windows ten times a second. Flat is:
 * the median of the last third is at most 2 MB above that of the first, whose first minute is left out. Ends with 1 when it is not.
 *
 * node bench/governor-memory.bench.mjs [--minutes 10]
 */
const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const minutes = Number(values.minutes);
const flatMegabytes = 2;
const place = simulatedPlace();
place.run();
const governor = startDaemon(place);
try {
  await governor.ready;
  await measure(governor.child.pid);
} finally {
  await governor.end("SIGTERM");
  place.close();
}

async function measure(pid) {
  let snapshots = 0;
  let windows = 0;
  const watch = await watchGovernor({
    socketPath: place.socketPath,
    intervalSeconds: 0.1,
    onSnapshot: () => {
      snapshots += 1;
    },
  });
  const client = await connectGovernor({ socketPath: place.socketPath, timeoutMs: 30_000 });
  const samples = [];
  const startMs = performance.now();
  for (let minute = 1; minute <= minutes; minute += 1) {
    const inMinute = [];
    while (performance.now() < startMs + minute * 60_000) {
      const to = process.hrtime.bigint();
      const from = to - BigInt(Math.round(Math.min(50_000, performance.now() - startMs) * 1e6));
      if (performance.now() - startMs > 2000) {
        await client.window(from + 1_000_000_000n, to);
        windows += 1;
      }
      inMinute.push({ minutes: (performance.now() - startMs) / 60_000, megabytes: residentMegabytes(pid) });
      await sleep(100);
    }
    const seen = inMinute.map(({ megabytes }) => megabytes);
    console.log(
      `  minute ${String(minute).padStart(3)}   RSS median ${median(seen).toFixed(1)}, max ${Math.max(...seen).toFixed(1)} MB`,
    );
    samples.push(...inMinute);
  }
  watch.close();
  client.close();
  const settled = samples.filter((sample) => sample.minutes > 1);
  const third = Math.floor(settled.length / 3);
  const of = (part) => median(part.map(({ megabytes }) => megabytes));
  const growth = of(settled.slice(-third)) - of(settled.slice(0, third));
  console.log(`  ${snapshots} snapshots and ${windows} windows in ${minutes} minutes`);
  console.log(
    `  slope            ${(slopeOf(settled) * 60).toFixed(2)} MB an hour (least squares, without the first minute)`,
  );
  console.log(
    `  growth           ${growth.toFixed(2)} MB from the first third's median to the last third's (flat: at most ${flatMegabytes})`,
  );
  if (!(growth <= flatMegabytes)) process.exitCode = 1;
}

/** Megabytes a minute. */
function slopeOf(samples) {
  const mean = (pick) => samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const [meanMinutes, meanMegabytes] = [mean((sample) => sample.minutes), mean((sample) => sample.megabytes)];
  const spread = mean((sample) => (sample.minutes - meanMinutes) ** 2);
  return mean((sample) => (sample.minutes - meanMinutes) * (sample.megabytes - meanMegabytes)) / spread;
}
