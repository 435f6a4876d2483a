import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { z } from "zod";
import type { CarbonEstimateRecord } from "../../src/record/carbon-estimate-record.ts";
import { buildNoteRecord } from "../../src/record/note-record.ts";
import { buildRestatementRecord } from "../../src/record/restatement-record.ts";
import { cellWidth } from "../../src/report/terminal/cells.ts";
import { body, pythonWriter } from "../ledger/python/python-original-writer.ts";
import {
  beginning,
  exampleRecord,
  hostileNames,
  shellWithLedger,
  shellWithRecords,
} from "../support/ledger-for-report.ts";
import { shellIn } from "./shell.ts";

const group = z.looseObject({
  record_count: z.number(),
  energy_wh: z.number(),
  average: z.looseObject({ grams: z.number(), uncertainty_pct: z.number().nullable() }).nullable(),
});

const reportJson = z.looseObject({
  title: z.string(),
  kind: z.string(),
  total: group.nullable(),
  verification: z.looseObject({ valid: z.boolean(), signed_up_to: z.number(), unsigned_lines: z.number() }),
  time: z
    .looseObject({ unit: z.string(), periods: z.array(z.looseObject({ label: z.string(), group: group.nullable() })) })
    .nullable(),
  breakdowns: z.array(
    z.looseObject({
      dimension: z.string(),
      label_name: z.string().nullable(),
      rows: z.array(z.looseObject({ name: z.string().nullable(), group })),
      others: z.looseObject({ count: z.number(), group }).nullable(),
      is_exact: z.boolean(),
    }),
  ),
  uncertainty: z.array(z.looseObject({ family: z.string(), share_of_variance: z.number() })),
  left_out: z.looseObject({
    superseded_count: z.number(),
    other_kinds: z.array(z.looseObject({ value: z.string(), count: z.number() })),
    unusable_count: z.number(),
  }),
});

type Shell = Awaited<ReturnType<typeof shellWithRecords>>;

async function jsonOf(shell: Shell, ...flags: readonly string[]) {
  const { stdout, stderr, status } = await shell.run("report", "a.ndjson", "--json", ...flags);
  if (stdout === "") throw new Error(stderr);
  return { report: reportJson.parse(JSON.parse(stdout)), status, stderr };
}

const words = (text: string): string => text.replace(/\s+/g, " ");

test("the page says what the ledger says in total, and who vouches for it", async () => {
  const shell = await shellWithRecords({ name: "train" }, { name: "serve" });
  const { stdout, status } = await shell.run("report", "a.ndjson");
  expect(status).toBe(0);
  expect(words(stdout)).toContain("Valid: a.ndjson. All 3 lines are as they were written and signed.");
  expect(words(stdout)).toMatch(/CO2e [\d.]+ m?g, 95 % interval .* to .*, ± \d+ %/);
  expect(words(stdout)).toMatch(/energy [\d.]+ Wh; one standard uncertainty lies between/);
  expect(words(stdout)).toMatch(/signed lines 1 to 3 by carbon-ops\/key/);
});

test("what a call took stands beside each task that counts calls, in both pages, and nowhere where none does", async () => {
  const calls = { started: 4, watched: 4, completed: 3, failed: 1, cancelled: 0, duration_seconds: 1, cpu_seconds: 1 };
  const counted = { schema_version: "1.3.0", calls, grams: 2, energy_wh_stated: 1 } as const;
  const shell = await shellWithRecords({ name: "pay", ...counted }, { name: "pay", ...counted }, { name: "train" });
  const { stdout } = await shell.run("report", "a.ndjson");
  expect(words(stdout)).toMatch(/calls energy\/call CO2e\/call pay 8 900 J 500 mg \(total\) 8 900 J 500 mg/);
  await shell.run("report", "a.ndjson", "-o", "a.html");
  expect(shell.read("a.html")).toMatch(
    /data-label="calls">8<\/td><td [^>]*data-label="energy\/call">900 J<\/td><td [^>]*data-label="CO2e\/call">500 mg</,
  );
  const { stdout: without } = await (await shellWithRecords({ name: "train" })).run("report", "a.ndjson");
  expect(without).not.toContain("call");
});

test("both pages say how much more a total is than the readings, and nothing where that is next to nothing", async () => {
  const near = { energy_wh: 2, energy_wh_stated: 1.98 };
  const shell = await shellWithRecords(near, near);
  const sentence =
    "40.0 mWh of the energy (1.0 %) is there because no record counts for less than 0: the readings add up to 3.96 Wh.";
  expect(words((await shell.run("report", "a.ndjson")).stdout)).toContain(sentence);
  await shell.run("report", "a.ndjson", "-o", "a.html");
  expect(shell.read("a.html")).toContain(`<p>${sentence}</p>`);
  const hardly = { energy_wh: 2, energy_wh_stated: 1.999 };
  const other = await shellWithRecords(hardly, hardly);
  expect((await other.run("report", "a.ndjson")).stdout).not.toContain("less than 0");
});

test("where nothing is asked for that is there, neither page has an empty section", async () => {
  const shell = await shellWithRecords({ name: "train" });
  const { stdout } = await shell.run("report", "a.ndjson", "--region", "nowhere");
  expect(stdout).toContain("There is no such estimate in this ledger.");
  expect(stdout).not.toContain("Data quality");
  await shell.run("report", "a.ndjson", "--region", "nowhere", "-o", "a.html");
  expect(shell.read("a.html")).not.toContain("quality");
});

test("a task that is named of blanks has a row with a name", async () => {
  const shell = await shellWithRecords({ name: " \u200b " }, { name: "train" });
  expect((await shell.run("report", "a.ndjson")).stdout).toMatch(/^ {2}" \u200b " /m);
  await shell.run("report", "a.ndjson", "-o", "a.html");
  expect(shell.read("a.html")).toContain("<bdi>&quot; \u200b &quot;</bdi>");
});

test("an hour is an hour in both pages", async () => {
  const shell = await shellWithRecords(beginning("2026-03-08T10:00:00.000Z"), beginning("2026-03-08T11:00:00.000Z"));
  const { stdout } = await shell.run("report", "a.ndjson");
  expect(stdout).toContain("Over time, a column an hour");
  await shell.run("report", "a.ndjson", "-o", "a.html");
  const page = shell.read("a.html");
  expect(page).toContain("CO2e an hour");
  expect(page).toContain("over 2 periods of an hour");
  expect(page).not.toMatch(/\ba hour/);
});

test("on a terminal that nobody gave a size the page has 80 columns", async () => {
  const sized = await shellWithRecords({ name: "train" });
  const unsized = shellIn(dirname(sized.path("a.ndjson")), {}, { columns: 0 });
  expect((await unsized.run("report", "a.ndjson")).stdout).toBe((await sized.run("report", "a.ndjson")).stdout);
});

test("a place that one may not write to is refused in words", async () => {
  const shell = await shellWithRecords({ name: "train" });
  const { status, stderr } = await shell.run("report", "a.ndjson", "-o", "/proc/self/mem/a.html");
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr:
      "carbon-ops: -o /proc/self/mem/a.html cannot be written (what should be its directory is a file); name another file.\n",
  });
});

test("so is one where not even root may write", async () => {
  const { stderr } = await (await shellWithRecords({ name: "train" })).run("report", "a.ndjson", "-o", "/sys/a.html");
  expect(stderr).toMatch(
    /^carbon-ops: -o \/sys\/a\.html cannot be written \((you may not write there|its file system is read-only)\);/,
  );
});

test("a flag that the verdict names is not broken at the end of a line", async () => {
  const shell = await shellWithRecords({});
  const stranger = shellIn(dirname(shell.path("a.ndjson")), { HOME: "/nonexistent" });
  await stranger.run("report", "a.ndjson", "-o", "a.html");
  expect(shell.read("a.html")).toContain('name it with <span class="whole">--key</span>.');
});

test("errors that records share add up fully: the total is that of `ledger stats`", async () => {
  const shell = await shellWithRecords({}, {}, { region: "DE" });
  const stats = z
    .looseObject({ total: group })
    .parse(JSON.parse((await shell.run("ledger", "stats", "a.ndjson", "--json")).stdout));
  const figuresOf = (total: z.infer<typeof group> | null): readonly unknown[] => {
    return [total?.record_count, total?.energy_wh, total?.average?.grams, total?.average?.["interval"]];
  };
  expect(figuresOf((await jsonOf(shell)).report.total)).toEqual(figuresOf(stats.total));
});

test("the largest names have a row each, and the others one together", async () => {
  const [grams, names] = [[1, 5, 3, 4, 2], "abcde"];
  const shell = await shellWithRecords(...grams.map((each, index) => ({ name: names.charAt(index), grams: each })));
  const { report } = await jsonOf(shell, "--top", "2");
  const [tasks] = report.breakdowns;
  expect(tasks?.rows.map(({ name, group: { average } }) => [name, average?.grams])).toEqual([
    ["b", 5],
    ["d", 4],
  ]);
  expect([tasks?.others?.count, tasks?.others?.group.average?.grams]).toEqual([3, 6]);
});

test("names of records that do not count are no others", async () => {
  const shell = await shellWithRecords({ name: "a", grams: 9 }, { name: "b", grams: 1 }, { name: "c", grams: -1 });
  const { report } = await jsonOf(shell, "--top", "1");
  expect(report.breakdowns[0]?.others?.count).toBe(1);
});

test("a terminal that says nothing of its width has a page too", async () => {
  const { path } = await shellWithRecords({});
  const { status, stdout } = await shellIn(dirname(path("a.ndjson")), {}, { columns: 0 }).run("report", "a.ndjson");
  expect([status, stdout]).toEqual([0, expect.stringContaining("CO2e")]);
});

test("rows and others add up to the total in every table", async () => {
  const shell = await shellWithRecords(
    { name: null },
    { name: "b", labels: {} },
    { name: "c", host: "h", region: "DE" },
  );
  const { report } = await jsonOf(shell, "--top", "1");
  const sums = report.breakdowns.map(({ rows, others }) =>
    [...rows.map((row) => row.group), ...(others === null ? [] : [others.group])].reduce(
      (sum, { energy_wh: energyWh }) => sum + energyWh,
      0,
    ),
  );
  expect(sums.length).toBeGreaterThan(3);
  for (const sum of sums) expect(sum).toBeCloseTo(report.total?.energy_wh ?? 0, 9);
});

test("time without a record is a gap, and not 0", async () => {
  const shell = await shellWithRecords(beginning("2026-03-01T10:00:00.000Z"), beginning("2026-03-05T10:00:00.000Z"), {
    start_ts: null,
    end_ts: null,
  });
  const { report } = await jsonOf(shell);
  expect(report.time?.periods.map(({ label, group: found }) => [label, found?.record_count ?? null])).toEqual([
    ["2026-03-01", 1],
    ["2026-03-02", null],
    ["2026-03-03", null],
    ["2026-03-04", null],
    ["2026-03-05", 1],
  ]);
  const { stdout } = await shell.run("report", "a.ndjson");
  expect(words(stdout)).toContain(
    "In 3 of them no record began: that is not known to be 0. 1 record without a time is not shown.",
  );
  expect(stdout).toContain("█···█");
});

test("of an estimate that was restated the latest value counts, in its table too", async () => {
  const first = await exampleRecord({ name: "train" });
  const shell = await shellWithLedger(async (ledger) => {
    const { seq, lineHash } = await ledger.append(first);
    await ledger.append(await exampleRecord({ name: "serve", grams: first.grams * 2 }));
    const restated = { ...first, grams: first.grams * 10 };
    const restates = { seq, lineHash };
    await ledger.append(
      buildRestatementRecord({
        createdAt: "2026-03-01T00:00:00.000Z",
        restates,
        reason: "corrected",
        previous: first,
        restated,
      }),
    );
  });
  const { report } = await jsonOf(shell, "--top", "1");
  expect(report.total?.average?.grams).toBeCloseTo(first.grams * 12, 9);
  expect(report.breakdowns[0]?.rows.map(({ name }) => name)).toEqual(["train"]);
  expect(report.left_out.superseded_count).toBe(1);
});

test.each([
  ["a label", ["--label", "team=web"], 2],
  ["a time from which on", ["--since", "2026-03-02"], 1],
  ["a time before which", ["--until", "2026-03-02"], 2],
  ["a region", ["--region", "nowhere"], null],
])("only records with %s", async (_what, flags, expected) => {
  const shell = await shellWithRecords(
    { ...beginning("2026-03-01T10:00:00.000Z"), labels: { team: "web" } },
    { ...beginning("2026-03-01T11:00:00.000Z"), labels: { team: "ml" } },
    { ...beginning("2026-03-03T10:00:00.000Z"), labels: { team: "web" } },
  );
  expect((await jsonOf(shell, ...flags)).report.total?.record_count ?? null).toBe(expected);
});

test("shares of the variance sum to 1, the largest first", async () => {
  const { report } = await jsonOf(await shellWithRecords({}, {}));
  const shares = report.uncertainty.map(({ share_of_variance: share }) => share);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
  expect(shares).toEqual([...shares].sort((left, right) => right - left));
});

test("hours of a grid hang together, and have what the other errors leave of the variance", async () => {
  const components = Object.fromEntries(
    ["00", "01", "02"].map((hour) => [`intensity.hour/zone=DE/t=2026-03-01T${hour}Z`, 2]),
  );
  const { report } = await jsonOf(await shellWithRecords({ components, private_uncertainty_grams: 1 }));
  const shares = report.uncertainty.map(({ family, share_of_variance: share }) => [family, share] as const);
  expect(shares.map(([family]) => family)).toEqual(["intensity.hour", "private"]);
  // Independent they would have 12 of 13.
  expect(shares[0]?.[1]).toBeGreaterThan(0.95);
});

test("a ledger that was touched is said so first of all, and counts up to the bad line", async () => {
  const shell = await shellWithRecords({ name: "a" }, { name: "b" }, { name: "c" });
  shell.write("a.ndjson", shell.read("a.ndjson").replace('"name":"b"', '"name":"x"'));
  const { stdout, status } = await shell.run("report", "a.ndjson");
  expect(status).toBe(1);
  expect(words(stdout)).toMatch(/^Energy and carbon of a.ndjson #+ NOT VALID: a.ndjson. Line 3 \(seq 2\)/);
  const { report } = await jsonOf(shell);
  expect(report.total?.record_count).toBeLessThan(3);
  const html = await shell.run("report", "a.ndjson", "-o", "r.html");
  expect([html.status, html.stdout]).toEqual([1, ""]);
  expect(html.stderr).toContain("NOT VALID: a.ndjson. Line 3");
  expect(shell.read("r.html")).toMatch(/<section class="banner bad"[^>]*><p><strong>NOT VALID/);
});

test("a ledger whose end was cut off does not fit its checkpoint", async () => {
  const shell = await shellWithRecords({ name: "a" }, { name: "b" });
  shell.write("a.ndjson", `${shell.read("a.ndjson").split("\n").slice(0, 2).join("\n")}\n`);
  const { report, status } = await jsonOf(shell);
  expect([status, report.verification.valid, report.total?.record_count]).toEqual([1, false, 1]);
});

test("without the author's key a report is made, which says that nothing shows who wrote it", async () => {
  const shell = await shellWithRecords({});
  writeFileSync(shell.path("home/.config/carbon-ops/ledger.key"), "");
  const { stdout, status } = await shell.run("report", "a.ndjson");
  expect(status).toBe(0);
  expect(words(stdout)).toContain("Chain holds, author unproven");
});

test("a torn tail is no part of the figures, and is named", async () => {
  const shell = await shellWithRecords({ name: "a" });
  appendFileSync(shell.path("a.ndjson"), '{"prev_hash":"00');
  const { stdout, status } = await shell.run("report", "a.ndjson");
  expect(status).toBe(0);
  expect(words(stdout)).toContain("torn tail 16 bytes");
});

test("a compressed ledger gives the same report", async () => {
  const shell = await shellWithRecords({ name: "a" }, { name: "b" });
  const plain = (await jsonOf(shell)).report;
  shell.write("a.ndjson.gz", gzipSync(readFileSync(shell.path("a.ndjson"))));
  const { stdout } = await shell.run("report", "a.ndjson.gz", "--json");
  const zipped = reportJson.parse(JSON.parse(stdout));
  expect([zipped.total, zipped.breakdowns]).toEqual([plain.total, plain.breakdowns]);
});

test("all segments of a ledger are one report", async () => {
  const shell = await shellWithLedger(async (ledger) => {
    await ledger.append(await exampleRecord({ name: "a" }));
    await ledger.rotate();
    await ledger.append(await exampleRecord({ name: "b" }));
  });
  const { report, status } = await jsonOf(shell);
  expect([status, report.total?.record_count]).toEqual([0, 2]);
});

test.each([
  ["no record", async () => undefined],
  ["only a note", async () => buildNoteRecord("moved", "2026-03-01T00:00:00.000Z")],
])("a ledger with %s has a report without figures", async (_what, record) => {
  const shell = await shellWithLedger(async (ledger) => {
    const only = await record();
    if (only !== undefined) await ledger.append(only);
  });
  const { stdout, status } = await shell.run("report", "a.ndjson");
  expect([status, words(stdout)]).toEqual([0, expect.stringContaining("There is no such estimate")]);
  expect((await shell.run("report", "a.ndjson", "-o", "-")).stdout).toContain("There is no such estimate");
});

test("an estimate that does not fit its schema is in no figure, and is named", async () => {
  const shell = await shellWithLedger(async (ledger) => {
    await ledger.append(await exampleRecord());
    await ledger.append({ ...(await exampleRecord()), grams: -1 });
  });
  const { report, status } = await jsonOf(shell);
  expect([status, report.total?.record_count, report.left_out.unusable_count]).toEqual([1, 1, 1]);
  const { stdout } = await shell.run("report", "a.ndjson");
  expect(words(stdout)).toMatch(
    /1 estimate in no figure, for not being what a record can be; the first is line 3 of segment 1: .*grams/,
  );
});

test("records without energy have a report", async () => {
  const none = {
    grams: 0,
    operational_grams: 0,
    energy_wh: 0,
    energy_wh_stated: 0,
    components: {},
    private_uncertainty_grams: 0,
  };
  const shell = await shellWithRecords({ ...none, marginal: null });
  const { stdout, status } = await shell.run("report", "a.ndjson");
  expect(status).toBe(0);
  expect(words(stdout)).toContain("CO2e 0 µg");
  // Within a word the letters may stand in a signature.
  expect((await shell.run("report", "a.ndjson", "-o", "-")).stdout).not.toMatch(/\bNaN\b|Infinity/);
});

test("times at the ends of the calendar are a picture of as many bars as any other", async () => {
  const shell = await shellWithRecords(beginning("0001-01-01T00:00:00.000Z"), beginning("9999-12-31T00:00:00.000Z"));
  const { report } = await jsonOf(shell);
  expect(report.time?.unit).toBe("year");
  expect(report.time?.periods.length).toBeLessThan(100);
  expect((await shell.run("report", "a.ndjson", "-o", "-")).status).toBe(0);
});

const large = (size: number): Partial<CarbonEstimateRecord> => ({
  ...{ grams: size, energy_wh: size, energy_wh_stated: size, private_uncertainty_grams: size },
  components: { "pue/site": size },
});

test("large numbers are added up", async () => {
  const shell = await shellWithRecords(large(1e99), large(1e99));
  const { report } = await jsonOf(shell);
  expect(report.total?.average?.grams).toBe(2e99);
  expect((await shell.run("report", "a.ndjson", "-o", "-")).stdout).not.toMatch(/NaN|Infinity/);
});

test.each([
  ["a number that no sum can hold", large(1e308)],
  ["an error out of all proportion", { grams: 1e-300, private_uncertainty_grams: 1 }],
])("%s is in no figure and does not end the program", async (_what, members) => {
  const shell = await shellWithRecords(members, {}, members);
  const { report, status } = await jsonOf(shell);
  expect([status, report.total?.record_count, report.left_out.unusable_count]).toEqual([1, 1, 2]);
  const { stdout, stderr } = await shell.run("report", "a.ndjson", "-o", "-");
  expect(stdout).toContain("Estimates that are in no figure");
  expect(stderr).toContain("Estimates that are in no figure");
});

test("somebody else's names steer no terminal, and keep their columns", async () => {
  const shell = await shellWithRecords(
    ...hostileNames.map((name) => ({ name, labels: { [name.slice(0, 40)]: name } })),
  );
  const { stdout } = await shell.run("report", "a.ndjson");
  expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
  const table = stdout.split("\n").filter((line) => /\s\d+ %\s/.test(line) && line.endsWith(" 1"));
  expect(table.length).toBeGreaterThan(hostileNames.length);
  expect(Math.max(...table.map(cellWidth))).toBeLessThanOrEqual(80);
});

test("a ledger of the Python original is named as one", async () => {
  const shell = await shellWithRecords({});
  shell.write(
    "py.ndjson",
    pythonWriter()
      .ledger([body("1.0"), body("2.0")])
      .lines.map((line) => `${line}\n`)
      .join(""),
  );
  const { status, stderr } = await shell.run("report", "py.ndjson");
  expect([status, stderr]).toEqual([1, expect.stringContaining("a ledger of the Python original")]);
});

test.each([
  ["the ledger itself", "a.ndjson"],
  ["its checkpoint", "a.ndjson.checkpoint"],
  ["a private key", "home/.config/carbon-ops/ledger.key"],
  ["a directory", "home"],
])("no report takes the place of %s", async (_what, file) => {
  const shell = await shellWithRecords({});
  const before = file === "home" ? "" : shell.read(file);
  const { status, stderr } = await shell.run("report", "a.ndjson", "-o", file);
  expect([status, stderr]).toEqual([1, expect.stringContaining("cannot be written")]);
  expect(file === "home" ? "" : shell.read(file)).toBe(before);
});

test.each([
  ["standard input", ["-"], "name a file"],
  ["two results on standard output", ["a.ndjson", "--json", "-o", "-"], "name a file with -o"],
  ["a table without rows", ["a.ndjson", "--top", "0"], "from 1 to 999"],
])("%s is refused in words", async (_what, argv, expected) => {
  const shell = await shellWithRecords({});
  const { status, stderr } = await shell.run("report", ...argv);
  expect([status, stderr]).toEqual([2, expect.stringContaining(expected)]);
});

test("a ledger that is not there is said so", async () => {
  const shell = await shellWithRecords({});
  const { status, stderr } = await shell.run("report", "none.ndjson");
  expect([status, stderr]).toEqual([2, expect.stringContaining("none.ndjson")]);
});

test("a state is remembered as `ledger verify` does", async () => {
  const shell = await shellWithRecords({});
  await shell.run("report", "a.ndjson", "--state", "a.state");
  expect(shell.read("a.state")).toContain("carbon-ops/");
});
