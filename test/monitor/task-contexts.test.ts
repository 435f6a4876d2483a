import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs";
import { readFile as readFileLater } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { expect, test } from "vitest";
import { taskBench } from "./task-bench-top.ts";

/** Ways to go on later; each calls back when it does. */
const ways: readonly (readonly [string, (work: () => void) => Promise<unknown>])[] = [
  ["an await", async (work) => Promise.resolve().then(work)],
  ["a timer", async (work) => new Promise<void>((done) => setTimeout(() => done(work()), 1))],
  ["setImmediate", async (work) => new Promise<void>((done) => setImmediate(() => done(work())))],
  ["process.nextTick", async (work) => new Promise<void>((done) => process.nextTick(() => done(work())))],
  ["queueMicrotask", async (work) => new Promise<void>((done) => queueMicrotask(() => done(work())))],
  ["a callback", async (work) => new Promise<void>((done) => readFile("/proc/self/comm", () => done(work())))],
  ["a promise of the file system", async (work) => readFileLater("/proc/self/comm").then(work)],
  ["libuv's pool", async (work) => promisify(gzip)(Buffer.alloc(1000)).then(work)],
  ["an emitter", async (work) => emitted(work)],
  ["a stream", async (work) => streamed(work)],
  ["Promise.all", async (work) => Promise.all([later(work), later(() => undefined)])],
];

async function later(work: () => void): Promise<void> {
  await new Promise((done) => setImmediate(done));
  work();
}

/** Somebody else emits what the task waits for. */
async function emitted(work: () => void): Promise<void> {
  const emitter = new EventEmitter();
  setImmediate(() => emitter.emit("ready"));
  await once(emitter, "ready");
  work();
}

async function streamed(work: () => void): Promise<void> {
  let worked = false;
  const transform = new Transform({
    transform(chunk: unknown, _encoding, done) {
      if (!worked) work();
      worked = true;
      setImmediate(() => done(null, chunk));
    },
  });
  await pipeline(Readable.from(["a", "b", "c"]), transform, async (parts) => {
    for await (const part of parts) String(part);
  });
}

test.each(ways)("a task goes on through %s, beside another one", async (_name, goOn) => {
  const { tasks, work, watched } = taskBench();
  const run = async (milliseconds: number) => {
    const task = tasks.start("task", { enter: false });
    await task.run(async () => {
      await goOn(() => work(milliseconds));
      await goOn(() => work(milliseconds));
    });
    task.end();
    return watched(task).cpuSeconds;
  };
  const [first, second] = await Promise.all([run(3), run(5)]);
  expect(first).toBeCloseTo(0.006, 9);
  expect(second).toBeCloseTo(0.01, 9);
});
