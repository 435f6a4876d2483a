import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median, residentMegabytes, simulatedPlace, startDaemon } from "./simulated-governor.mjs";

/**
 * A governor under siege, and at the same time its twin, whose socket nobody touches: what the load does to the machine meets both. The
 * load runs in processes of its own at nice 19. Ends with 1 when a promise is broken:
 *
 * - each of 10^5 random and mutated lines gets the answer that the protocol says, and no other;
 * - no tick comes later than one interval because of clients: the largest lateness is at most 100 ms above that of the twin;
 * - memory is bounded (below 160 MB: 256 clients with 64 KiB to read and 64 KiB unread each are 32 MB of it) and flat: its median in the
 *   fourth assault at most 8 MB above that in the second.
 *
 * node bench/governor-siege.bench.mjs [--lines 100000] [--seconds 20]
 */
const { values } = parseArgs({
  options: { lines: { type: "string", default: "100000" }, seconds: { type: "string", default: "20" } },
});
const lines = Number(values.lines);
const seconds = Number(values.seconds);
const intervalMs = 100;
const [boundMegabytes, flatMegabytes] = [160, 8];
const load = fileURLToPath(new URL("hostile-clients.mjs", import.meta.url));
const broken = [];

console.log(`load in separate processes at nice 19 on ${availableParallelism()} cores that others may use, too`);
await phase("undisturbed", () => sleep(seconds * 1000));
await phase(`${lines} lines`, ({ socketPath }) => sendLines(socketPath));
await phase("1,000 idle and 100 hostile clients, four times", async ({ socketPath, memory }) => {
  const medians = [];
  for (let assault = 0; assault < 4; assault += 1) {
    const from = memory.length;
    const done = await hostile(["deaf", "storm"], socketPath);
    medians.push(median(memory.slice(from)));
    if (assault === 0) printHostile(done);
  }
  // What the collector has not collected yet comes and goes; what is lost for good goes on growing.
  const growth = medians[3] - medians[1];
  console.log(
    `    RSS median in each      ${medians.map((megabytes) => megabytes.toFixed(1)).join(", ")} MB (flat: the last at most ${flatMegabytes} above the second)`,
  );
  if (growth > flatMegabytes) broken.push("memory is not flat");
});
for (const sentence of broken) console.log(`BROKEN: ${sentence}`);
if (broken.length > 0) process.exitCode = 1;

/** Two fresh daemons, what is done to the one, and how late the ticks of both came meanwhile. */
async function phase(name, act) {
  const [sieged, twin] = [await startObserved(), await startObserved()];
  try {
    await sleep(1500);
    const before = residentMegabytes(sieged.pid);
    const memory = [];
    const watching = setInterval(() => memory.push(residentMegabytes(sieged.pid)), 100);
    console.log(`  ${name}`);
    await act({ socketPath: sieged.socketPath, memory });
    clearInterval(watching);
    const late = await sieged.lateness("ticks late              ");
    const twinLate = await twin.lateness("the twin's meanwhile    ");
    console.log(`    largest less the twin's ${(late - twinLate).toFixed(1)} ms (promise: at most ${intervalMs})`);
    console.log(
      `    RSS before, median, max ${before.toFixed(1)}, ${median(memory).toFixed(1)}, ${Math.max(...memory).toFixed(1)} MB (promise: below ${boundMegabytes})`,
    );
    if (late - twinLate > intervalMs) broken.push(`a tick came later than an interval: ${name}`);
    if (Math.max(...memory) > boundMegabytes) broken.push(`memory is not bounded: ${name}`);
  } finally {
    await Promise.all([sieged.close(), twin.close()]);
  }
}

async function startObserved() {
  const place = simulatedPlace();
  place.run();
  const governor = startDaemon(place);
  const { pid } = governor.child;
  await governor.ready;
  // Asked over a connection from before: those that come later may find every place taken.
  const observer = await observe(place.socketPath);
  const waitedBefore = waitedSeconds(pid);
  return {
    pid,
    socketPath: place.socketPath,
    /** Prints how late ticks came, and returns the largest lateness in milliseconds. */
    lateness: async (title) => {
      const { tick_lateness_ms: late, skipped_ticks: skipped, sequence } = await observer.info();
      const waited = (waitedSeconds(pid) - waitedBefore).toFixed(2);
      console.log(
        `    ${title}p50 ${late.p50.toFixed(2)}, p99 ${late.p99.toFixed(2)}, max ${late.max.toFixed(2)} ms; ${skipped} skipped of ${sequence + skipped}; waited ${waited} s for a core`,
      );
      return late.max;
    },
    close: async () => {
      observer.close();
      await governor.end("SIGKILL");
      place.close();
    },
  };
}

/** Time that the daemon's main thread was ready to run and had no core (kernel Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat). */
function waitedSeconds(pid) {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e9;
}

async function observe(socketPath) {
  const socket = connect(socketPath);
  await once(socket, "connect");
  socket.setEncoding("utf8");
  const ask = async (request) => {
    socket.write(`${request}\n`);
    let text = "";
    while (!text.endsWith("\n")) [text] = [text + (await once(socket, "data"))[0]];
    return JSON.parse(text);
  };
  // A client that asks nothing for a minute is let go.
  const alive = setInterval(() => {
    ask('{"op":"snapshot"}').catch(() => undefined);
  }, 20_000);
  return {
    info: () => {
      clearInterval(alive);
      return ask('{"op":"info"}');
    },
    close: () => {
      clearInterval(alive);
      socket.destroy();
    },
  };
}

async function sendLines(socketPath) {
  const [{ wrong, firstWrong, ok, refused, connectionsEnded, lines: sent }] = await start(["fuzz"], socketPath, lines);
  console.log(
    `    ${sent} lines            ${ok} answered, ${refused} refused, ${connectionsEnded} unfinished or too long, ${wrong} wrong`,
  );
  if (wrong === 0) return;
  console.log(`    first wrong one         ${JSON.stringify(firstWrong)}`);
  broken.push("a line got a wrong answer, or none");
}

function hostile(roles, socketPath = "") {
  return start(roles, socketPath, seconds);
}

/** Runs the load to its end; whatever happens, not much longer than it was to take. */
async function start(roles, socketPath, amount) {
  return Promise.all(
    roles.map(async (role) => {
      const words = ["-n", "19", process.execPath, load, role, socketPath, String(amount)];
      const child = spawn("nice", words, {
        stdio: ["ignore", "pipe", "inherit"],
        timeout: 300_000,
        killSignal: "SIGKILL",
      });
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      await once(child, "close");
      return JSON.parse(text);
    }),
  );
}

function printHostile([deaf, storm]) {
  const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
  console.log(
    `    the greedy and deaf     ${megabytes(deaf.bytesSent)} MB of requests, ${megabytes(deaf.bytesRead)} MB of answers read`,
  );
  console.log(
    `    the storm               ${storm.connections} connections, ${storm.refused} read that there are too many`,
  );
}
