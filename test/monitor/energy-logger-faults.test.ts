import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import type { TaskInterval } from "../../src/monitor/task-interval.ts";
import { recordsOf } from "../ledger/ledger-folder.ts";
import { governorPlace, showMicrojoules, startGovernor, until } from "../support/governor.ts";
import { carbonOps, endOf, temporaryDirectory } from "../support/program.ts";
import { builtEntry, spinLine, startProgram } from "./own-program.ts";
import { residueOf } from "./task-bench-top.ts";

/** Names of tasks in the records of a ledger, in alphabetical order. */
function namesIn(ledger: string): string[] {
  return recordsOf(ledger)
    .flatMap(({ name, process_part: part }) => (typeof name === "string" && part === "task" ? [name] : []))
    .sort();
}

test("a process that ends inside a task, while it records, has its own exit code and output, and its ledger holds", async () => {
  const program = startProgram([
    spinLine,
    "const logger = await EnergyLogger.open();",
    "await logger.monitor('before', () => spin(20));",
    "await logger.flush();",
    "console.log('mine');",
    "logger.start('task').run(() => process.exit(7));",
  ]);
  const end = await endOf(program.child);
  expect(end).toMatchObject({ status: 7, stderr: "" });
  expect(end.stdout.toString()).toBe("mine\n");
  expect(namesIn(program.ledger)).toEqual(["before"]);
  const verified = await carbonOps(["ledger", "verify", "--deep", program.ledger], { cwd: program.home });
  expect(verified.status).toBe(0);
});

test("an error that nobody catches inside a task ends the process as it would without us, though it records", async () => {
  const program = startProgram([
    "const logger = await EnergyLogger.open();",
    "logger.start('task').run(() => setImmediate(() => { throw new Error('mine'); }));",
    "setTimeout(() => undefined, 10_000);",
  ]);
  const end = await endOf(program.child);
  expect(end.status).toBe(1);
  expect(end.stderr).toContain("Error: mine");
});

test("an application that ends by itself is not kept open by intervals, records or sinks", async () => {
  const program = startProgram([
    "const logger = await EnergyLogger.open({ sinks: [{ name: 'none' }] });",
    "logger.start('task', { enter: false }).run(() => 1);",
  ]);
  expect(await endOf(program.child)).toMatchObject({ status: 0, stderr: "" });
});

test("SIGTERM while another process holds the ledger: the last flush is given up in its time, and the application is out", async () => {
  const program = startProgram([
    spinLine,
    "const logger = await EnergyLogger.open();",
    "await logger.monitor('task', () => spin(20));",
    "process.on('SIGTERM', async () => { await logger.close({ timeoutMs: 300 }); process.exit(3); });",
    "setInterval(() => undefined, 1000);",
    "await logger.flush();",
    "console.log('ready');",
  ]);
  await once(program.child.stdout ?? program.child, "data");
  const lock = ["-c", `flock -F "${program.ledger}.lock" sleep 60 >/dev/null 2>&1 & echo $!`];
  const holder = Number(execFileSync("sh", lock).toString().trim());
  await delay(200);
  program.child.kill("SIGTERM");
  const end = await endOf(program.child);
  process.kill(holder);
  expect(end).toMatchObject({ status: 3, signal: null, stderr: "" });
});

test("a process and those that it forks each record their own, into one ledger", async () => {
  const program = startProgram([
    "import { fork } from 'node:child_process';",
    "import { once } from 'node:events';",
    spinLine,
    "const name = process.argv[2] ?? 'parent';",
    "const children = name === 'parent' ? ['one', 'two'].map((child) => fork(process.argv[1], [child])) : [];",
    "const logger = await EnergyLogger.open();",
    "await logger.monitor(name, () => spin(50));",
    "await Promise.all(children.map((child) => once(child, 'exit')));",
    "await logger.close({ timeoutMs: 20_000 });",
  ]);
  expect(await endOf(program.child)).toMatchObject({ status: 0, stderr: "" });
  expect(namesIn(program.ledger)).toEqual(["one", "parent", "two"]);
  // What the parent had of its children is theirs to record.
  const parts = recordsOf(program.ledger).map(({ process_part: part }) => part);
  expect(new Set(parts)).toEqual(new Set([undefined, "task", "outside_tasks", "other_threads"]));
});

test("the workers of a cluster record into one ledger", async () => {
  const program = startProgram([
    "import cluster from 'node:cluster';",
    spinLine,
    "if (cluster.isPrimary) { cluster.fork(); cluster.fork(); } else {",
    "  const logger = await EnergyLogger.open();",
    "  await logger.monitor('worker', () => spin(50));",
    "  await logger.close({ timeoutMs: 20_000 });",
    "  process.exit(0);",
    "}",
  ]);
  expect(await endOf(program.child)).toMatchObject({ status: 0, stderr: "" });
  expect(namesIn(program.ledger)).toEqual(["worker", "worker"]);
});

test("two copies of the package in one process each follow their own tasks, and neither breaks the other", async () => {
  const copy = temporaryDirectory();
  cpSync(dirname(builtEntry), join(copy, "dist"), { recursive: true });
  cpSync(fileURLToPath(new URL("../../package.json", import.meta.url)), join(copy, "package.json"));
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(copy, "node_modules"));
  const program = startProgram([
    `const other = await import(${JSON.stringify(join(copy, "dist/index.js"))});`,
    spinLine,
    "const mine = await EnergyLogger.open();",
    "const theirs = await other.EnergyLogger.open({ records: 'none' });",
    "const outer = mine.start('outer', { enter: false });",
    "await outer.run(async () => theirs.monitor('inner', async () => { spin(60); await null; spin(60); }));",
    "outer.end();",
    "const [a, b] = [mine, theirs].map((logger) => logger.taskReport().tasks.map(({ name, cpuSeconds }) => [name, cpuSeconds > 0.02]));",
    "await mine.close();",
    "await theirs.close();",
    "console.log(JSON.stringify([other.EnergyLogger !== EnergyLogger, a, b]));",
  ]);
  const end = await endOf(program.child);
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(end.stdout.toString())).toEqual([true, [["outer", true]], [["inner", true]]]);
  expect(namesIn(program.ledger)).toEqual(["outer"]);
});

test("two hundred thousand tasks may be open at once, and end at once: they take some hundred bytes each, and what is too much is counted", async () => {
  const program = startProgram([
    "const logger = await EnergyLogger.open({ records: 'task', sinks: [{ name: 'slow', ended: () => undefined }] });",
    "const open = [];",
    "const before = process.memoryUsage().heapUsed;",
    "for (let index = 0; index < 2e5; index += 1) open.push(logger.start('many', { enter: false }));",
    "const bytes = (process.memoryUsage().heapUsed - before) / 2e5;",
    "for (const task of open) task.end();",
    "const { started, completed } = logger.taskReport().tasks[0];",
    "console.log(JSON.stringify([started, completed, bytes < 1000, logger.problems.filter((text) => /ended at once/.test(text)).length]));",
    "process.exit(0);",
  ]);
  const end = await endOf(program.child);
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(end.stdout.toString())).toEqual([2e5, 2e5, true, 1]);
});

test("while the governor is away, intervals have no energy; the first one after has it all, and grams from when it went", async () => {
  const place = governorPlace();
  const first = await startGovernor(place);
  const intervals: TaskInterval[] = [];
  await using logger = await EnergyLogger.open({
    energySource: "governor",
    governorSocket: place.socketPath,
    idleBaselineWatts: 0,
    sinks: [{ name: "test", interval: (interval) => void intervals.push(interval) }],
  });
  const task = logger.start("task", { enter: false });
  const work = async (): Promise<void> => {
    const end = performance.now() + 50;
    task.run(() => {
      while (performance.now() < end);
    });
    await delay(100);
  };
  await work();
  await logger.flush();
  await first.end("SIGKILL");
  await delay(300);
  await logger.flush();
  await work();
  await logger.flush();
  showMicrojoules(place.roots, "intel-rapl:0", 31_000_000n);
  await startGovernor(place);
  await until(async () => {
    await work();
    return (logger.taskReport().hostJoules ?? 0) > 29;
  });
  await logger.flush();
  task.end();
  const away = intervals[2];
  const back = intervals[3];
  expect(away?.names).toMatchObject([{ marginalJoules: null, carbon: null }]);
  expect(back?.hostJoules).toBeGreaterThan(29);
  expect(String(back?.names[0]?.carbon?.startTs) <= String(away?.timestampStart)).toBe(true);
  expect(intervals.every((interval) => Math.abs(residueOf(interval)) < 1e-9)).toBe(true);
});
