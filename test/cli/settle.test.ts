import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { Ledger, loadOrCreateSigningKey } from "../../src/ledger/index.ts";
import { electricityMapsRow, intensityService, type Reaction } from "../support/intensity-service.ts";
import {
  electricityMapsAt,
  estimateRecord,
  homeWithLedger,
  hourOfTaskMs,
  recordsIn,
  withoutNetwork,
} from "../support/ledger-of-estimates.ts";
import { carbonOps, cleanEnvironment, endOf, programPath, startCarbonOps } from "../support/program.ts";

const reportSchema = z.looseObject({
  estimate_count: z.number(),
  is_dry_run: z.boolean(),
  providers: z.array(z.string()),
  restated: z.array(
    z.looseObject({
      restates_seq: z.number(),
      replaces_seq: z.number(),
      seq: z.number().nullable(),
      reason: z.string(),
    }),
  ),
  kept: z.array(z.looseObject({ outcome: z.string(), reason: z.string(), count: z.number() })),
});

function hourly(value: number, more: object = {}): Reaction {
  return { body: { zone: "DE", data: [electricityMapsRow("DE", hourOfTaskMs, value, more)] } };
}

async function settle(home: string, environment: Record<string, string>, flags: readonly string[] = []) {
  const end = await carbonOps(["settle", "carbon.ndjson", "--json", ...flags], { cwd: home, environment });
  return { ...end, report: reportSchema.parse(JSON.parse(end.stdout.toString())) };
}

async function verifyStatus(home: string) {
  return (await carbonOps(["ledger", "verify", "carbon.ndjson"], { cwd: home })).status;
}

async function totalGrams(home: string) {
  const { stdout } = await carbonOps(["ledger", "stats", "carbon.ndjson", "--json"], { cwd: home });
  const totals = z.looseObject({
    superseded_count: z.number(),
    total: z.looseObject({ record_count: z.number(), average: z.looseObject({ grams: z.number() }) }),
  });
  return totals.parse(JSON.parse(stdout.toString()));
}

test("hours that a service knows now restate an annual value; the ledger stays valid, and totals count the latest", async () => {
  const service = await intensityService(() => hourly(300));
  const { home, path } = await homeWithLedger([await estimateRecord()]);
  const { status, stderr, report } = await settle(home, electricityMapsAt(service.url));
  const [, first, restatement] = recordsIn(path);
  expect([status, stderr]).toEqual([0, ""]);
  expect(report.restated).toMatchObject([{ restates_seq: 1, replaces_seq: 1, seq: 2 }]);
  const firstLine = readFileSync(path, "utf8").split("\n")[1] ?? "";
  expect(restatement).toMatchObject({
    kind: "restatement",
    restates: { seq: 1, line_hash: createHash("sha256").update(`\0${firstLine}`).digest("hex") },
    old: { intensity_g_per_kwh: 342 },
    new: { intensity_g_per_kwh: 300 },
    record: { status: "settled", grams: expect.closeTo(300, 6) },
  });
  expect(restatement?.difference_grams).toBeCloseTo(300 - (first?.grams ?? 0), 9);
  expect(await verifyStatus(home)).toBe(0);
  const totals = await totalGrams(home);
  expect([totals.superseded_count, totals.total.record_count]).toEqual([1, 1]);
  expect(totals.total.average.grams).toBeCloseTo(300, 6);
});

test("running it twice appends nothing new", async () => {
  const service = await intensityService(() => hourly(300));
  const { home, path } = await homeWithLedger([await estimateRecord()]);
  await settle(home, electricityMapsAt(service.url));
  const before = readFileSync(path);
  const { report } = await settle(home, electricityMapsAt(service.url));
  expect(report).toMatchObject({ estimate_count: 1, restated: [], kept: [{ outcome: "settled", count: 1 }] });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a value that is still estimated is restated once, and again only when it changes", async () => {
  let value = 300;
  const estimated = { isEstimated: true, estimationMethod: "TIME_SLICER_AVERAGE" };
  const service = await intensityService(() => hourly(value, estimated));
  const { home, path } = await homeWithLedger([await estimateRecord()]);
  const environment = (cache: string) => ({
    ...electricityMapsAt(service.url),
    CARBON_OPS_CACHE_DIRECTORY: join(home, cache),
  });
  const first = await settle(home, environment("a"));
  const same = await settle(home, environment("b"));
  value = 310;
  const changed = await settle(home, environment("c"));
  expect([first, same, changed].map(({ report }) => report.restated.length)).toEqual([1, 0, 1]);
  expect(same.report.kept).toMatchObject([{ outcome: "unchanged", count: 1 }]);
  expect(recordsIn(path).at(-1)).toMatchObject({ restates: { seq: 1 }, replaces: { seq: 2 } });
  expect((await totalGrams(home)).total.average.grams).toBeCloseTo(310, 6);
});

/** A home with a ledger of two segments, of which the first holds two estimates and the second one. */
async function homeWithSegments() {
  const there = await homeWithLedger([await estimateRecord(), await estimateRecord({ region: "FR" })]);
  const { signer } = await loadOrCreateSigningKey(join(there.home, ".config/carbon-ops/ledger.key"));
  await using ledger = await Ledger.open(there.path, { signer });
  await ledger.rotate();
  await ledger.append(await estimateRecord());
  return there;
}

function hourlyInEveryZone(value: number) {
  return ({ searchParams }: URL): Reaction => {
    const zone = searchParams.get("zone") ?? "";
    return { body: { zone, data: [electricityMapsRow(zone, hourOfTaskMs, value)] } };
  };
}

test("estimates of complete segments are settled too, once, by restatements in the newest segment", async () => {
  const service = await intensityService(hourlyInEveryZone(300));
  const { home, path } = await homeWithSegments();
  const first = await settle(home, electricityMapsAt(service.url));
  expect(first.report.restated).toMatchObject([
    { replaces_segment: 1, replaces_seq: 1, segment: 2, seq: 2 },
    { replaces_segment: 1, replaces_seq: 2, segment: 2, seq: 3 },
    { replaces_segment: 2, replaces_seq: 1, segment: 2, seq: 4 },
  ]);
  const sealedLine = readFileSync(`${path}.000001`, "utf8").split("\n")[1] ?? "";
  expect(recordsIn(path)[2]?.restates).toEqual({
    seq: 1,
    line_hash: createHash("sha256").update(`\0${sealedLine}`).digest("hex"),
  });
  const again = await settle(home, electricityMapsAt(service.url));
  expect(again.report).toMatchObject({ estimate_count: 3, restated: [], kept: [{ outcome: "settled", count: 3 }] });
  const totals = await totalGrams(home);
  expect([totals.superseded_count, totals.total.record_count]).toEqual([3, 3]);
  expect(totals.total.average.grams).toBeCloseTo(900, 6);
  const { stdout } = await carbonOps(["ledger", "show", "carbon.ndjson"], { cwd: home });
  expect(stdout.toString()).toMatch(/^ +1 +1 .*carbon_estimate +\(restated by 2\/2\) train/m);
  expect(stdout.toString()).toMatch(/^ +2 +1 .*carbon_estimate +\(restated by 4\) train/m);
  expect(await verifyStatus(home)).toBe(0);
});

test("the page of a settlement says in which segments the records stand, once there are several", async () => {
  const service = await intensityService(hourlyInEveryZone(300));
  const { home } = await homeWithSegments();
  const environment = electricityMapsAt(service.url);
  const { stdout } = await carbonOps(["settle", "carbon.ndjson"], { cwd: home, environment });
  expect(stdout.toString().replace(/\s+/g, " ")).toContain("of segment 1, now record 2 of segment 2,");
});

test.each([[[]], [["--dry-run"]]])("a complete segment that was touched is not settled: %j", async (flags) => {
  const service = await intensityService(hourlyInEveryZone(300));
  const { home, path } = await homeWithSegments();
  const sealed = `${path}.000001`;
  writeFileSync(sealed, readFileSync(sealed, "utf8").replace('"name":"train"', '"name":"trail"'));
  const before = readFileSync(path);
  const environment = electricityMapsAt(service.url);
  const { status, stdout, stderr } = await carbonOps(["settle", "carbon.ndjson", ...flags], { cwd: home, environment });
  expect(stderr).toMatch(/^carbon-ops: carbon\.ndjson\.000001 was altered or damaged at line 2 [^\n]+\n$/);
  expect([status, stdout.toString()]).toEqual([1, ""]);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a file that is no ledger is not settled, and nobody speaks of what was not written", async () => {
  const { home, path } = await homeWithLedger([]);
  writeFileSync(path, "");
  const { status, stderr } = await carbonOps(["settle", "carbon.ndjson"], { cwd: home });
  expect([status, stderr]).toEqual([1, expect.stringContaining("(the file is empty); name a ledger")]);
});

test("ledger show says what was restated, and shows the newer grams", async () => {
  const service = await intensityService(() => hourly(300));
  const { home } = await homeWithLedger([await estimateRecord()]);
  await settle(home, electricityMapsAt(service.url));
  const { stdout } = await carbonOps(["ledger", "show", "carbon.ndjson"], { cwd: home });
  expect(stdout.toString()).toMatch(/^ +1 .*carbon_estimate +\(restated by 2\) train/m);
  expect(stdout.toString()).toMatch(/^ +2 .*restatement +electricity-maps knows.* 300 g$/m);
});

test("--dry-run says the same, writes nothing and needs no key", async () => {
  const service = await intensityService(() => hourly(300));
  const { home, path } = await homeWithLedger([await estimateRecord()]);
  rmSync(join(home, ".config"), { recursive: true });
  const before = readFileSync(path);
  const { status, report } = await settle(home, electricityMapsAt(service.url), ["--dry-run"]);
  expect(status).toBe(0);
  expect(report).toMatchObject({
    is_dry_run: true,
    verified_against: "chain",
    restated: [{ restates_seq: 1, seq: null }],
  });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("--dry-run says that no key was looked at, and refuses a ledger that was touched", async () => {
  const { home, path } = await homeWithLedger([await estimateRecord(), await estimateRecord()]);
  const dryRun = () => carbonOps(["settle", "carbon.ndjson", "--dry-run"], { cwd: home });
  expect((await dryRun()).stdout.toString()).toContain("not verified against a key");
  writeFileSync(path, readFileSync(path, "utf8").replace('"name":"train"', '"name":"trail"'));
  const { status, stdout, stderr } = await dryRun();
  expect(stderr).toMatch(/^carbon-ops: carbon\.ndjson was altered or damaged at line \d+ [^\n]+\n$/);
  expect([status, stdout.toString()]).toEqual([1, ""]);
});

test("without a network and without a key there is nothing better, and it says why", async () => {
  const { home } = await homeWithLedger([await estimateRecord()]);
  const { status, report } = await settle(home, withoutNetwork(home));
  expect(status).toBe(0);
  expect(report).toMatchObject({
    providers: ["static"],
    restated: [],
    kept: [{ outcome: "nothing_better", count: 1, reason: expect.stringContaining("static") }],
  });
});

test("--offline asks nobody, and says so", async () => {
  const service = await intensityService(() => hourly(300));
  const { home } = await homeWithLedger([await estimateRecord()]);
  const { report } = await settle(home, electricityMapsAt(service.url), ["--offline"]);
  expect(service.asked).toEqual([]);
  expect(report).toMatchObject({ is_offline: true, kept: [{ reason: expect.stringContaining("Offline mode is on") }] });
});

test("what can never be settled, or not yet, is counted with its reason", async () => {
  const { inputs: _, ...old } = await estimateRecord();
  const nowMs = Date.now();
  const { home } = await homeWithLedger([
    old,
    await estimateRecord({ region: "world" }),
    await estimateRecord({}, { startTs: nowMs - 3_600_000, endTs: nowMs }),
    await estimateRecord({}, { startTs: nowMs - 3_600_000, endTs: nowMs }),
  ]);
  const { report } = await settle(home, {});
  expect(report.kept).toMatchObject([
    { outcome: "no_inputs", count: 1 },
    { outcome: "region_unknown", count: 1 },
    { outcome: "too_recent", count: 2 },
  ]);
});

test("a service that refuses the key leaves the record as it is, and ends with status 1 and the reason", async () => {
  const service = await intensityService(() => ({ status: 401, body: { message: "em-SECRET-0123456789" } }));
  const { home, path } = await homeWithLedger([await estimateRecord()]);
  const { status, stdout, stderr, report } = await settle(home, electricityMapsAt(service.url));
  expect(status).toBe(1);
  expect(stderr).toMatch(/^carbon-ops: 1 of 1 estimates [^\n]*refuses the key[^\n]*doctor --online[^\n]*\n$/);
  expect(report).toMatchObject({
    unreached_count: 1,
    kept: [{ outcome: "nothing_better", reason: expect.stringContaining("electricity-maps") }],
  });
  expect(stdout.toString() + stderr + readFileSync(path, "utf8")).not.toContain("SECRET");
});

test("a service that is not reached ends it with status 1; one that has nothing for those hours with 0", async () => {
  const { home } = await homeWithLedger([await estimateRecord()]);
  const absent = await intensityService(() => ({ status: 404, body: {} }));
  const away = await settle(home, electricityMapsAt("http://127.0.0.1:1"));
  const nothing = await settle(home, electricityMapsAt(absent.url));
  expect([away.status, nothing.status]).toEqual([1, 0]);
  expect(nothing.stderr).toBe("");
});

test("a disk that takes no more ends it with one sentence, and the ledger is as it was", async () => {
  const service = await intensityService(() => hourly(300));
  const { home, path } = await homeWithLedger([await estimateRecord()]);
  const before = readFileSync(path);
  // The limit counts in units of 512 bytes: one more than the ledger takes has room for checkpoints, not for a record.
  const blocks = Math.ceil(statSync(path).size / 512) + 1;
  const script = `ulimit -f ${blocks}; exec "$0" "$1" settle carbon.ndjson`;
  const child = spawn("sh", ["-c", script, process.execPath, programPath], {
    cwd: home,
    env: { ...cleanEnvironment(home), ...electricityMapsAt(service.url) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { status, stderr } = await endOf(child);
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(status).toBe(1);
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(await verifyStatus(home)).toBe(0);
});

test("killed between two records, it goes on with the second one next time", async () => {
  let isStuck = true;
  const service = await intensityService(({ searchParams }) => {
    const zone = searchParams.get("zone") ?? "";
    if (zone === "FR" && isStuck) return "silence";
    return { body: { zone, data: [electricityMapsRow(zone, hourOfTaskMs, 300)] } };
  });
  const { home, path } = await homeWithLedger([await estimateRecord(), await estimateRecord({ region: "FR" })]);
  const environment = electricityMapsAt(service.url);
  const child = startCarbonOps(["settle", "carbon.ndjson"], { cwd: home, environment });
  const ended = endOf(child);
  await expect.poll(() => service.asked.some((asked) => asked.includes("FR")), { timeout: 20_000 }).toBe(true);
  child.kill("SIGKILL");
  await ended;
  const afterKill = recordsIn(path).length;
  isStuck = false;
  await settle(home, environment);
  const restated = recordsIn(path).flatMap(({ restates }) => (restates === undefined ? [] : [restates.seq]));
  expect(afterKill).toBe(4);
  expect(restated).toEqual([1, 2]);
  expect(await verifyStatus(home)).toBe(0);
});

test("two at once restate each record once", async () => {
  const service = await intensityService(() => hourly(300));
  const { home, path } = await homeWithLedger([await estimateRecord(), await estimateRecord()]);
  const both = await Promise.all([1, 2].map(() => settle(home, electricityMapsAt(service.url))));
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  const restated = recordsIn(path).flatMap(({ restates }) => (restates === undefined ? [] : [restates.seq]));
  expect(restated).toEqual([1, 2]);
});

test.each([
  [["none.ndjson"], "none.ndjson"],
  [["carbon.ndjson", "--older-than", "soon"], "--older-than"],
  [["carbon.ndjson", "--key", "none.key"], "none.key"],
  [["carbon.ndjson", "--intensity", "electricity-map"], "electricity-maps"],
  [["carbon.ndjson", "--ofline"], "--offline"],
  [[], "ledger"],
])("settle %j: one sentence, status 2", async (flags, fault) => {
  const { home } = await homeWithLedger([]);
  const { status, stdout, stderr } = await carbonOps(["settle", ...flags], { cwd: home });
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(stderr).toContain(fault);
  expect([status, stdout.toString()]).toEqual([2, ""]);
});

const nobody = 65_534;
const asRoot = process.getuid?.() === 0 ? [nobody] : [];

test.each(asRoot)("an unprivileged user may look at somebody's ledger, and may not settle it (uid %i)", async (uid) => {
  const { home } = await homeWithLedger([await estimateRecord()]);
  for (const folder of [home, join(home, ".config"), join(home, ".config/carbon-ops")]) chmodSync(folder, 0o755);
  chownSync(join(home, ".config/carbon-ops/ledger.key"), uid, uid);
  const run = (...flags: readonly string[]) =>
    spawnSync(process.execPath, [programPath, "settle", join(home, "carbon.ndjson"), ...flags], {
      uid,
      gid: uid,
      cwd: "/",
      env: cleanEnvironment(home),
      encoding: "utf8",
    });
  expect(run("--dry-run").status).toBe(0);
  const { status, stderr } = run();
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(status).toBe(2);
});
