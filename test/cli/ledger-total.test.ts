import { expect, test } from "vitest";
import { z } from "zod";
import { estimateRecord, homeWithLedger } from "../support/ledger-of-estimates.ts";
import { carbonOps } from "../support/program.ts";

const group = z.looseObject({
  keys: z.record(z.string(), z.string().nullable()),
  record_count: z.number(),
  average: z.looseObject({ grams: z.number(), standard_uncertainty_grams: z.number() }),
});
const totals = z.looseObject({ groups: z.array(group), total: group, other_count: z.number() });

async function twoPlaces() {
  return homeWithLedger([await estimateRecord(), await estimateRecord(), await estimateRecord({ region: "FR" })]);
}

test("grams are added by group, with one interval for the sum that keeps what the estimates share", async () => {
  const { home } = await twoPlaces();
  const single = await estimateRecord();
  const { stdout, status } = await carbonOps(["ledger", "total", "carbon.ndjson", "--by", "region", "--json"], {
    cwd: home,
  });
  const found = totals.parse(JSON.parse(stdout.toString()));
  expect(status).toBe(0);
  expect(found.groups.map(({ keys, record_count }) => [keys["region"], record_count])).toEqual([
    ["DE", 2],
    ["FR", 1],
  ]);
  expect(found.groups[0]?.average.grams).toBeCloseTo(2 * single.grams, 9);
  // The same hour of the same grid: both are off by the same, so the errors add and do not cancel.
  expect(found.groups[0]?.average.standard_uncertainty_grams).toBeCloseTo(2 * single.standard_uncertainty_grams, 6);
});

test("for people: each group, the sum, and what may still change", async () => {
  const { home } = await twoPlaces();
  const { stdout } = await carbonOps(["ledger", "total", "carbon.ndjson", "--by", "region,day"], { cwd: home });
  const text = stdout.toString();
  expect(text).toContain("region DE, day 2026-03-08");
  expect(text).toContain("3, 3 provisional (carbon-ops settle)");
  expect(text).toMatch(/carbon +.* g \(95 % interval /);
  expect(text).not.toContain("\u001b");
});

test.each([
  [["none.ndjson"], "none.ndjson"],
  [["carbon.ndjson", "--by", "colour"], "--by"],
  [["carbon.ndjson", "--level", "95"], "--level"],
])("ledger total %j: one sentence, status 2", async (flags, fault) => {
  const { home } = await homeWithLedger([]);
  const { status, stderr } = await carbonOps(["ledger", "total", ...flags], { cwd: home });
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(stderr).toContain(fault);
  expect(status).toBe(2);
});
