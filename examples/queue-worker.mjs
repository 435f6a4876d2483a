/**
 * A worker that takes jobs from a queue, four at a time, and says what each kind of job took: `node examples/queue-worker.mjs [jobs]`.
 */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { EnergyLogger } from "carbon-ops";

const jobs = Number(process.argv[2] ?? 400);
const kinds = ["resize", "send mail", "index"];
const roundsOf = { resize: 6000, "send mail": 500, index: 2500 };
const queue = Array.from({ length: jobs }, (_, number) => ({ number, kind: kinds[number % kinds.length] }));

async function handle({ kind }) {
  await delay(2); // fetching what the job is about
  let text = kind;
  for (let round = 0; round < roundsOf[kind]; round += 1) text = createHash("sha256").update(text).digest("hex");
  return text;
}

const logger = await EnergyLogger.open();

async function worker() {
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
    const { kind } = job;
    // The worker goes on to the next job: the task begins in `run` alone.
    const task = logger.start(kind, { enter: false });
    try {
      await task.run(() => handle(job));
      task.end();
    } catch (error) {
      task.end("failed");
      console.error(`Job ${job.number} failed: ${error.message}`);
    }
  }
}

await Promise.all([worker(), worker(), worker(), worker()]);

const { tasks, outsideTasks, otherThreads, process: whole } = logger.taskReport();
const joules = ({ marginalJoules }) =>
  marginalJoules === null ? "no energy source" : `${marginalJoules.toFixed(2)} J`;
for (const task of tasks) {
  const { name, completed, cpuSeconds, cpuShare } = task;
  console.log(
    `${name.padEnd(14)} ${String(completed).padStart(4)} jobs  ${cpuSeconds.toFixed(3)} s CPU  ${(100 * cpuShare).toFixed(1)} %  ${joules(task)}`,
  );
}
for (const [name, part] of Object.entries({
  "outside tasks": outsideTasks,
  "other threads": otherThreads,
  process: whole,
}))
  console.log(`${name.padEnd(14)} ${" ".repeat(11)}${part.cpuSeconds.toFixed(3)} s CPU  ${joules(part)}`);
await logger.close();
