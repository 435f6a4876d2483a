import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { gzip } from "node:zlib";
import { ownThreadCpuClock } from "../dist/host/thread-cpu.js";

/**
 * A service that does four kinds of work at once, with 10, 20, 30 and 40 % of the CPU, and knows by itself what each had: the thread's CPU
 * clock around every busy loop, and that of the worker thread from its start. What libuv's pool does for it is in nobody's truth.
 */
const clock = ownThreadCpuClock({ proc: "/proc" });
const compress = promisify(gzip);
const lanes = 8;

/** CPU seconds of the calling thread; asking for the process's first brings the clock up to date. */
function threadSeconds() {
  process.cpuUsage();
  return clock.seconds();
}

function busyFor(truth, kind, milliseconds) {
  const start = threadSeconds();
  const startMs = performance.now();
  while (performance.now() - startMs < milliseconds);
  truth[kind] += threadSeconds() - start;
}

const workerText = `
const { parentPort } = require("node:worker_threads");
const { readFileSync } = require("node:fs");
const seconds = () => { process.cpuUsage(); return Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[0]) / 1e9; };
parentPort.on("message", (milliseconds) => {
  const startMs = performance.now();
  while (performance.now() - startMs < milliseconds);
  parentPort.postMessage(seconds());
});`;

/** Runs the service for a while and answers with the CPU seconds that each kind really had. A slice is the shortest busy loop. */
export async function runService(logger, durationSeconds, sliceMs) {
  const truth = { a: 0, b: 0, c: 0, "c inner": 0, d: 0 };
  let worker = null;
  let workerSeconds = 0;
  const emitter = new EventEmitter().setMaxListeners(100);
  const wake = setInterval(() => emitter.emit("turn"), 2);
  const untilMs = performance.now() + durationSeconds * 1000;

  const kinds = {
    a: async () => {
      for (let part = 0; part < 2; part += 1) {
        await delay(1);
        busyFor(truth, "a", sliceMs);
      }
    },
    b: async () => {
      const part = async () => {
        await turn();
        busyFor(truth, "b", sliceMs);
      };
      await Promise.all([part(), part(), part(), part()]);
    },
    c: async () => {
      await readFile("/proc/self/comm");
      busyFor(truth, "c", 3 * sliceMs);
      const inner = logger.start("c inner", { enter: false });
      await inner.run(async () => {
        await compress(Buffer.alloc(2000, "x"));
        busyFor(truth, "c inner", 3 * sliceMs);
      });
      inner.end();
    },
    d: async (task) => {
      await once(emitter, "turn");
      const busy = new Transform({
        transform(chunk, _encoding, done) {
          busyFor(truth, "d", sliceMs);
          setImmediate(() => done(null, chunk));
        },
      });
      await pipeline(Readable.from(["1", "2", "3", "4", "5"]), busy, async (parts) => {
        for await (const part of parts) String(part);
      });
      worker ??= new Worker(workerText, { eval: true }).setMaxListeners(100);
      task.chargeWorker(worker);
      worker.postMessage(3 * sliceMs);
      [workerSeconds] = await once(worker, "message");
    },
  };
  const call = async (name) => {
    const task = logger.start(name, { enter: false });
    try {
      await task.run(() => kinds[name](task));
    } finally {
      task.end();
    }
  };
  // Of each kind as many as of the others, however long each takes.
  while (performance.now() < untilMs) {
    await Promise.all(Object.keys(kinds).flatMap((name) => Array.from({ length: lanes }, () => call(name))));
  }
  clearInterval(wake);
  await worker?.terminate();
  return { ...truth, d: truth.d + workerSeconds };
}
