import { expect, test } from "vitest";
import { Ledger, loadOrCreateSigningKey } from "../../src/ledger/index.ts";
import {
  buildCarbonEstimateRecord,
  type CarbonEstimateRecord,
  type CarbonEstimateRecordInput,
} from "../../src/record/carbon-estimate-record.ts";
import { buildNoteRecord } from "../../src/record/note-record.ts";
import { buildRestatementRecord } from "../../src/record/restatement-record.ts";
import { exampleRun } from "../record/example.ts";
import { ledgerShell } from "./ledger-shell.ts";

/** An estimate of 2025-07-01 in aws:eu-west-1, by the example of the record room. */
async function estimate(members: Partial<CarbonEstimateRecordInput> = {}): Promise<CarbonEstimateRecord> {
  return buildCarbonEstimateRecord({ ...(await exampleRun()), ...members });
}

/** A shell with a ledger a.ndjson that `fill` writes into. */
async function shellWith(fill: (ledger: Ledger) => Promise<void>) {
  const shell = ledgerShell();
  const { signer } = await loadOrCreateSigningKey(shell.path("home/.config/carbon-ops/ledger.key"));
  await using ledger = await Ledger.create(shell.path("a.ndjson"), { signer });
  await fill(ledger);
  return shell;
}

/** Two teams, a note of another year, and a segment that is complete. */
async function twoTeams() {
  return await shellWith(async (ledger) => {
    await ledger.append(await estimate({ name: "web-1", labels: { team: "web" } }));
    await ledger.append(await estimate({ name: "ml-1", labels: { team: "ml" } }));
    await ledger.append(buildNoteRecord("moved", "2026-03-01T00:00:00.000Z"));
    await ledger.append(await estimate({ name: "web-2", labels: { team: "web" } }));
  });
}

const seqs = (jsonLines: string): number[] =>
  jsonLines
    .split("\n")
    .slice(0, -1)
    .map((line) => Number(/"seq":(\d+)\}$/.exec(line)?.[1]));

test.each([
  ["a label", ["--label", "team=web"], [1, 4]],
  ["a kind", ["--kind", "note"], [3]],
  ["a region", ["--region", "aws:eu-west-1"], [1, 2, 4]],
  ["another region", ["--region", "DE"], []],
  ["a time from which on", ["--since", "2026-02-01", "--until", "2026-03-02"], [3]],
  ["a time before which", ["--until", "2025-07-02"], [1, 2, 4]],
  ["the moment itself", ["--since", "2025-07-01T13:00:00+02:00", "--until", "2025-07-01T11:00:00.001Z"], [1, 2, 4]],
  ["two things at once", ["--kind", "carbon_estimate", "--label", "team=ml"], [2]],
  ["how many, of those that are asked for", ["--label", "team=web", "--limit", "1"], [4]],
])("show takes %s to choose records by", async (_what, flags, expected) => {
  const { run } = await twoTeams();
  expect(seqs((await run("show", "a.ndjson", "--json", ...flags)).stdout)).toEqual(expected);
});

test("the table of what was asked for counts what was asked for", async () => {
  const { run } = await twoTeams();
  const { words } = await run("show", "a.ndjson", "--label", "team=web", "--limit", "1");
  expect(words).toContain("web-2");
  expect(words).toContain("The last 1 of 2 records");
  expect(words).not.toContain("web-1");
});

test.each(["yesterday", "2026-13-01", "2026-02-30", "2026-02-29T12:00:00Z", "2026-01-01T00:00:00"])(
  "the time %s is refused in words",
  async (time) => {
    const { run } = await twoTeams();
    for (const [command, flag] of [
      ["show", "--since"],
      ["show", "--until"],
      ["stats", "--since"],
      ["export", "--until"],
    ] as const) {
      const { status, stderr } = await run(command, "a.ndjson", flag, time);
      expect([status, stderr]).toEqual([2, expect.stringContaining("a day or a time")]);
    }
  },
);

test("stats groups by a label, and adds errors of one source up fully", async () => {
  const { run } = await twoTeams();
  const one = await estimate();
  const { stdout, status } = await run("stats", "a.ndjson", "--by", "label:team", "--json");
  const totals = JSON.parse(stdout);
  expect(status).toBe(0);
  expect(
    totals.groups.map((group: { keys: object; record_count: number }) => [group.keys, group.record_count]),
  ).toEqual([
    [{ "label:team": "ml" }, 1],
    [{ "label:team": "web" }, 2],
  ]);
  expect(totals.total.average.grams).toBeCloseTo(3 * one.grams, 9);
  expect(totals.total.average.uncertainty_pct).toBeLessThanOrEqual(one.uncertainty_pct ?? 0);
  expect(totals.total.average.uncertainty_pct).toBeGreaterThan((one.uncertainty_pct ?? 0) / Math.sqrt(3));
  expect(totals.other_count).toBe(2);
});

test("stats shows a row for each group and one for all, for people", async () => {
  const { run } = await twoTeams();
  const { words } = await run("stats", "a.ndjson", "--by", "label:team,region");
  expect(words).toMatch(/^team region records energy CO2e ± interval marginal quality ml aws:eu-west-1 1 .* total 3 /);
  expect(words).toContain("Records left out: 2 that are no estimates.");
});

test("stats groups by the name of what was measured", async () => {
  const { run } = await shellWith(async (ledger) => {
    await ledger.append(await estimate({ name: "pay" }));
    await ledger.append(await estimate({ name: "  " }));
    await ledger.append(await estimate({ name: "pay" }));
  });
  const { words, status } = await run("stats", "a.ndjson", "--by", "name");
  expect(status).toBe(0);
  expect(words).toMatch(/^name records energy .* quality " " 1 .* pay 2 .* total 3 /);
});

test("stats say how much more a total is than the readings, where that is not next to nothing", async () => {
  const near = { energy_wh: 1, energy_wh_stated: 0.9 };
  const shell = await shellWith(async (ledger) => {
    for (let index = 0; index < 3; index += 1) await ledger.append({ ...(await estimate()), ...near });
  });
  const { words } = await shell.run("stats", "a.ndjson");
  expect(words).toContain(
    "300 mWh of the energy (10.0 %) is there because no record counts for less than 0: the readings add up to 2.70 Wh.",
  );
  const { words: without } = await (await twoTeams()).run("stats", "a.ndjson");
  expect(without).not.toContain("less than 0");
});

/** So many calls, of which one failed. */
function calls(started: number) {
  return {
    started,
    watched: started,
    completed: started - 1,
    failed: 1,
    cancelled: 0,
    durationSeconds: started,
    cpuSeconds: started,
  };
}

test("stats say joules and grams per call where records count calls", async () => {
  const { run } = await shellWith(async (ledger) => {
    await ledger.append(await estimate({ name: "pay", labels: { team: "web" }, calls: calls(60) }));
    await ledger.append(await estimate({ name: "pay", labels: { team: "web" }, calls: calls(40) }));
    await ledger.append(await estimate({ name: "(other threads)", processPart: "other_threads" }));
  });
  const { stdout } = await run("stats", "a.ndjson", "--json");
  const { total } = JSON.parse(stdout);
  const { words } = await run("stats", "a.ndjson", "--by", "label:team");
  expect(total.calls).toMatchObject({ record_count: 2, started: 100 });
  expect(words).toContain("quality calls energy/call CO2e/call");
  const joules = Math.round(36 * Number(total.calls.energy_wh_stated));
  expect(words).toMatch(new RegExp(`web 3 .* 100 ${joules} J [\\d.]+ m?g `));
  expect(words).toContain("Per call are means over the calls that started, of the 2 records that count calls.");
});

test("stats of records that are asked for alone", async () => {
  const { run } = await twoTeams();
  const { stdout } = await run("stats", "a.ndjson", "--label", "team=ml", "--json");
  expect(JSON.parse(stdout).total.record_count).toBe(1);
  expect((await run("stats", "a.ndjson", "--label", "team=none")).words).toContain(
    "There is no such estimate in a.ndjson",
  );
});

/** An estimate, a restatement of it in the next segment, and a later one. */
async function restatedTwice() {
  const first = await estimate({ labels: { team: "web" } });
  return await shellWith(async (ledger) => {
    const { seq, lineHash } = await ledger.append(first);
    await ledger.rotate();
    for (const grams of [first.grams * 2, first.grams * 3]) {
      const record = buildRestatementRecord({
        createdAt: "2026-02-01T00:00:00.000Z",
        restates: { seq, lineHash },
        reason: "the grid's operator corrected an hour",
        previous: first,
        restated: { ...first, grams },
      });
      await ledger.append(record);
    }
  });
}

test("of an estimate that was restated the latest value counts, also in a later segment", async () => {
  const { run } = await restatedTwice();
  const { grams } = await estimate();
  const totals = JSON.parse((await run("stats", "a.ndjson", "--json")).stdout);
  expect([totals.total.record_count, totals.superseded_count]).toEqual([1, 2]);
  expect(totals.total.average.grams).toBeCloseTo(3 * grams, 9);
});

test("stats refuses a damaged ledger, and names the record", async () => {
  const { run, write, read } = await twoTeams();
  write("a.ndjson", read("a.ndjson").replace('"name":"ml-1"', '"name":5'));
  const { status, stderr } = await run("stats", "a.ndjson");
  expect([status, stderr]).toEqual([
    1,
    expect.stringContaining("Record 2 of segment 1 of a.ndjson cannot be added up"),
  ]);
});

/** Fields of RFC 4180, by a reader that knows nothing of the writer. */
function csvFields(text: string): string[][] {
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  for (let found = field.exec(text); found !== null; found = field.exec(text)) {
    rows.at(-1)?.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

async function exported(members: Partial<CarbonEstimateRecordInput>) {
  const { run } = await shellWith(async (ledger) => {
    await ledger.append(await estimate(members));
  });
  const [names = [], values = [], ...others] = csvFields((await run("export", "a.ndjson", "--csv")).stdout);
  return { row: Object.fromEntries(names.map((name, index) => [name, values[index]])), others };
}

test("export writes a row for each estimate, with every figure in full", async () => {
  const record = await estimate();
  const { row, others } = await exported({});
  expect(others).toEqual([]);
  expect(row).toMatchObject({
    segment: "1",
    seq: "1",
    kind: "carbon_estimate",
    grams: String(record.grams),
    standard_uncertainty_grams: String(record.standard_uncertainty_grams),
    lower_grams: String(record.interval.lower_grams),
    energy_wh: String(record.energy_wh),
    start_ts: "2025-07-01T10:00:00.000Z",
    labels: '{"camelCase":"kept","git.sha":"abc","team":"web"}',
  });
});

test.each([
  ['say "hi", twice', 'say "hi", twice'],
  ["two\r\nlines", "two\r\nlines"],
  ["=1+1", "'=1+1"],
  ["+1", "'+1"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\t=1", "'\t=1"],
  ["\uff1d1", "'\uff1d1"],
  ["a=1", "a=1"],
])("the name %j is one field, and no formula", async (name, expected) => {
  expect((await exported({ name })).row["name"]).toBe(expected);
});

test("export writes restatements with their newer values, and which line they restate", async () => {
  const { run } = await restatedTwice();
  const rows = csvFields((await run("export", "a.ndjson")).stdout);
  const column = (name: string) => rows.map((row) => row[rows[0]?.indexOf(name) ?? -1]).slice(1);
  expect(column("segment")).toEqual(["1", "2", "2"]);
  expect(column("kind")).toEqual(["carbon_estimate", "restatement", "restatement"]);
  expect(column("restates_line_hash")).toEqual(["", column("line_hash")[0], column("line_hash")[0]]);
});

test("export writes the records that are asked for", async () => {
  const { run } = await twoTeams();
  const rows = csvFields((await run("export", "a.ndjson", "--label", "team=web")).stdout);
  expect(rows.map((row) => row[1])).toEqual(["seq", "1", "4"]);
});
