import { expect, test } from "vitest";
import { latestRecords } from "../../src/record/latest.ts";

const hashOfFirst = "a".repeat(64);
const estimate = { kind: "carbon_estimate" };

function restatementOf(lineHash: string) {
  return { kind: "restatement", restates: { seq: 1, line_hash: lineHash } };
}

const at = (seq: number, segment = 1) => ({ segment, seq });

test("an estimate that was restated twice counts as its last restatement alone", () => {
  const latest = latestRecords();
  latest.take(at(3), restatementOf(hashOfFirst));
  latest.take(at(5), restatementOf(hashOfFirst));
  expect(latest.replacementOf(at(1), estimate, () => hashOfFirst)).toEqual(at(5));
  expect(latest.replacementOf(at(3), restatementOf(hashOfFirst), () => "other")).toEqual(at(5));
  expect(latest.replacementOf(at(5), restatementOf(hashOfFirst), () => "other")).toBeNull();
});

test("an estimate without a restatement counts itself", () => {
  const latest = latestRecords();
  latest.take(at(3), restatementOf(hashOfFirst));
  expect(latest.replacementOf(at(2), estimate, () => "b".repeat(64))).toBeNull();
});

test("an estimate of the same number in another segment is another one", () => {
  const latest = latestRecords();
  latest.take(at(1, 2), restatementOf(hashOfFirst));
  expect(latest.replacementOf(at(1), estimate, () => hashOfFirst)).toEqual(at(1, 2));
  expect(latest.replacementOf(at(1, 3), estimate, () => "b".repeat(64))).toBeNull();
});

test("the hash of a line is asked for only where an estimate may have been restated", () => {
  const latest = latestRecords();
  const never = () => {
    throw new Error("the hash was asked for");
  };
  expect(latest.replacementOf(at(1), estimate, never)).toBeNull();
  latest.take(at(3), restatementOf(hashOfFirst));
  expect(latest.replacementOf(at(2), { kind: "note" }, never)).toBeNull();
});
