import { expect, test } from "vitest";
import type { JsonObject } from "../../src/ledger/canonical-json.ts";
import { wholeRecords } from "../../src/record/whole-records.ts";

const task: JsonObject = { kind: "carbon_estimate", part_of: "run-1", start_ts: "2026-01-01T10:00:00.000Z" };
const run: JsonObject = { kind: "carbon_estimate", record_id: "run-1", end_ts: "2026-01-01T11:00:00.000Z" };

function taken(...records: readonly JsonObject[]) {
  const wholes = wholeRecords();
  for (const record of records) wholes.take(record);
  return wholes;
}

test("tasks of a command that was recorded after them are parts of its record", () => {
  const wholes = taken(task, run);
  expect([wholes.isPart(task), wholes.isPart(run)]).toEqual([true, false]);
});

test("tasks of a command that has no record, or one that is not asked for, count themselves", () => {
  expect(taken(task).isPart(task)).toBe(false);
  expect(taken(task, { ...run, record_id: "run-2" }).isPart(task)).toBe(false);
});

test("what a process did that outlived its command is in no record of the command", () => {
  const late: JsonObject = { ...task, start_ts: "2026-01-01T11:00:00.000Z" };
  expect(taken(task, run, late).isPart(late)).toBe(false);
  expect(taken(run, late).isPart(late)).toBe(false);
});

test("a restated part is still one", () => {
  const restatement: JsonObject = { kind: "restatement", record: task };
  expect(taken(task, run, restatement).isPart(restatement)).toBe(true);
});

test("a command in a command is a part, and has parts", () => {
  const inner: JsonObject = { ...run, record_id: "run-0", part_of: "run-1", start_ts: "2026-01-01T10:00:00.000Z" };
  const innermost: JsonObject = { ...task, part_of: "run-0" };
  const wholes = taken(innermost, inner, run);
  expect([wholes.isPart(innermost), wholes.isPart(inner), wholes.isPart(run)]).toEqual([true, true, false]);
});
