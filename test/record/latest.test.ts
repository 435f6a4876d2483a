import { expect, test } from "vitest";
import { latestRecords } from "../../src/record/latest.ts";

function restatementOf(seq: number) {
  return { kind: "restatement", restates: { seq } };
}

test("an estimate that was restated twice counts as its last restatement alone", () => {
  const latest = latestRecords();
  latest.take(1, { kind: "carbon_estimate" });
  latest.take(3, restatementOf(1));
  latest.take(5, restatementOf(1));
  expect([1, 3, 5].map((seq) => latest.replacementOf(seq))).toEqual([5, 5, null]);
});

test("an estimate without a restatement counts itself", () => {
  const latest = latestRecords();
  latest.take(2, { kind: "carbon_estimate" });
  latest.take(3, restatementOf(1));
  expect(latest.replacementOf(2)).toBeNull();
});
