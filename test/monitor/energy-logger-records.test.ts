import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import type { EnergyLoggerOptions } from "../../src/monitor/logger-options.ts";
import { recordsOf } from "../ledger/ledger-folder.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";
import { smallFileSystem, whereMountable } from "../support/small-file-system.ts";
import { quietLogger, use } from "./quiet-logger.ts";

interface Recording {
  readonly logger: EnergyLogger;
  readonly path: string;
  readonly key: string;
}

/** A logger that records, with a key of its own. */
async function recordingLogger(
  options: EnergyLoggerOptions = {},
  path = join(temporaryDirectory(), "carbon.ndjson"),
): Promise<Recording> {
  const key = join(temporaryDirectory(), "ledger.key");
  return { logger: await quietLogger({ ledger: path, ledgerKey: key, ...options }), path, key };
}

/** Records of tasks; what is no task's has others. */
function taskRecordsOf(path: string): Record<string, unknown>[] {
  return recordsOf(path).filter((record) => record["process_part"] === "task");
}

test("each name has a record for each span, with its calls, and the ledger's own commands read them", async () => {
  const { logger, path, key } = await recordingLogger({ labels: { team: "shop" } });
  await use(logger, "checkout", { route: "/pay" });
  await logger.flush();
  await Promise.all([use(logger, "checkout", { route: "/pay" }), use(logger, "search")]);
  await logger.close();
  const records = taskRecordsOf(path);
  expect(records).toMatchObject([
    {
      kind: "carbon_estimate",
      schema_version: "1.3.0",
      type: "span",
      name: "checkout",
      labels: { team: "shop", route: "/pay" },
      calls: { started: 1, completed: 1, failed: 0, cancelled: 0, cpu_seconds: expect.any(Number) },
    },
    { name: "checkout" },
    { name: "search", labels: { team: "shop" } },
  ]);
  expect(records[0]).toMatchObject({
    energy: { energy_source: "powercap" },
    cpu: { task_cpu_seconds: expect.any(Number) },
  });
  const verified = await carbonOps(["ledger", "verify", "--deep", path, "--key", `${key}.pub`]);
  expect(verified).toMatchObject({ status: 0, stderr: "" });
  const stats = await carbonOps(["ledger", "stats", path, "--json"]);
  expect(JSON.parse(stats.stdout.toString())).toMatchObject({ total: { calls: { record_count: 3, started: 3 } } });
  const shown = await carbonOps(["ledger", "show", path]);
  expect(shown.stdout.toString()).toContain("checkout");
});

test("records of one ledger add up to the joules of the process without its children, and those of a name to its own", async () => {
  const { logger, path } = await recordingLogger();
  for (let round = 0; round < 3; round += 1) {
    await use(logger, "a");
    await logger.flush();
  }
  await logger.close();
  const joulesOf = (records: readonly Record<string, unknown>[]): number =>
    3600 * records.reduce((sum, { energy_wh_stated: stated }) => sum + Number(stated ?? 0), 0);
  const { tasks, process: whole, childProcesses } = logger.taskReport();
  expect(joulesOf(taskRecordsOf(path))).toBeCloseTo(tasks[0]?.marginalJoules ?? 0, 6);
  expect(joulesOf(recordsOf(path))).toBeCloseTo((whole.marginalJoules ?? 0) - (childProcesses.marginalJoules ?? 0), 6);
});

test("what is no task's has records of its own, which no task's name can be taken for", async () => {
  const { logger, path } = await recordingLogger();
  await use(logger, "(outside tasks)");
  await logger.close();
  const named = recordsOf(path).map(({ name, process_part: part, calls }) => [name, part, calls !== undefined]);
  expect(named).toContainEqual(["(outside tasks)", "outside_tasks", false]);
  expect(named).toContainEqual(["task (outside tasks)", "task", true]);
});

test("a span is recorded when its time is over, and a shorter one at the end", async () => {
  const { logger, path } = await recordingLogger({ intervalSeconds: 1, recordIntervalSeconds: 2 });
  while (!existsSync(path) || taskRecordsOf(path).length === 0) await use(logger, "a");
  await use(logger, "a");
  await logger.close();
  const records = taskRecordsOf(path);
  const started = records.reduce((sum, { calls }) => sum + Number(Object(calls).started), 0);
  expect(records.length).toBeGreaterThan(1);
  expect(records.length).toBeLessThan(started);
  expect(started).toBe(logger.taskReport().tasks[0]?.started);
});

test("each watched task may have its own record, with its labels and its own times", async () => {
  const { logger, path } = await recordingLogger({ records: "task" });
  await use(logger, "job", { customer: "1" });
  await use(logger, "job", { customer: "2" });
  await logger.close();
  const records = recordsOf(path).slice(1);
  expect(records.map(({ name, labels, calls }) => [name, labels, Object(calls).started])).toEqual([
    ["job", { customer: "1" }, 1],
    ["job", { customer: "2" }, 1],
  ]);
  const [firstEnd, secondStart] = [records[0]?.["end_ts"], records[1]?.["start_ts"]].map((time) =>
    Date.parse(String(time)),
  );
  // The wall clock shows milliseconds, and durations are the monotonic clock's.
  expect((secondStart ?? Number.NaN) - (firstEnd ?? Number.NaN)).toBeGreaterThan(-20);
});

test("`records: none` writes nothing, though a ledger is named", async () => {
  const { logger, path } = await recordingLogger({ records: "none" });
  await use(logger, "a");
  await logger.close();
  expect(() => readFileSync(path)).toThrow("ENOENT");
});

test("a key that is missing is said, nothing is blocked, and the records are written when it is back", async () => {
  const { logger: first, path, key } = await recordingLogger();
  await use(first, "a");
  await first.close();
  renameSync(key, `${key}.away`);
  const logger = await quietLogger({ ledger: path, ledgerKey: key });
  await use(logger, "b");
  await logger.flush();
  expect(logger.problems).toEqual([expect.stringContaining(key)]);
  renameSync(`${key}.away`, key);
  await logger.close();
  expect(taskRecordsOf(path).map(({ name }) => name)).toEqual(["a", "b"]);
  expect(logger.problems).toEqual([]);
});

test("a ledger that another process holds is waited for in the background, for a bounded time", async () => {
  const { logger, path } = await recordingLogger();
  await use(logger, "a");
  await logger.flush();
  const holder = execFileSync("sh", ["-c", `flock -F "${path}.lock" sleep 30 >/dev/null 2>&1 & echo $!`]);
  await delay(200);
  await use(logger, "b");
  await logger.flush({ timeoutMs: 100 });
  const before = taskRecordsOf(path).length;
  process.kill(Number(holder.toString().trim()));
  await logger.close({ timeoutMs: 20_000 });
  expect(before).toBe(1);
  expect(taskRecordsOf(path).map(({ name }) => name)).toEqual(["a", "b"]);
});

whereMountable(() => {
  test("a full disk costs records, no task: what was lost is noted in the ledger when there is room again", async () => {
    const folder = smallFileSystem(128);
    const { logger, path, key } = await recordingLogger({ records: "task" }, join(folder, "carbon.ndjson"));
    const burst = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 40 }, async (_, index) => use(logger, `task ${index}`)));
      await delay(300);
      await logger.flush();
    };
    await burst();
    expect(logger.problems.join()).toContain("found the disk full");
    execFileSync("mount", ["-o", "remount,size=4m", folder]);
    await logger.flush();
    await logger.close();
    expect(recordsOf(path)).toHaveLength(41);
    expect(logger.problems).toEqual([]);
    const verified = await carbonOps(["ledger", "verify", "--deep", path, "--key", `${key}.pub`]);
    expect(verified.status).toBe(0);
  });
});
