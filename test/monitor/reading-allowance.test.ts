import { expect, test } from "vitest";
import { ReadingAllowance } from "../../src/monitor/reading-allowance.ts";

function taken(allowance: ReadingAllowance, times: number): number {
  return Array.from({ length: times }, () => allowance.take()).filter(Boolean).length;
}

test("spans that begin after a pause are read exactly, and a service that measures all the time is read five times a second", () => {
  let nowMs = 0;
  const allowance = new ReadingAllowance(() => nowMs);
  expect(taken(allowance, 100)).toBe(20);
  nowMs += 1000;
  expect(taken(allowance, 100)).toBe(5);
  nowMs += 60_000;
  expect(taken(allowance, 100)).toBe(20);
});
