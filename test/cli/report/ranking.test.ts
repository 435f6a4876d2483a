import { expect, test } from "vitest";
import { openRanking } from "../../../src/cli/commands/report/ranking.ts";

test("the heaviest come first, of equals the more frequent", () => {
  const ranking = openRanking(10);
  for (const [name, weight] of [
    ["a", 1],
    ["b", 5],
    ["c", 3],
    ["c", 2],
    [null, 9],
  ] as const)
    ranking.add(name, weight);
  expect(ranking.top(3)).toEqual([null, "c", "b"]);
  expect([ranking.count, ranking.isExact]).toEqual([4, true]);
});

test("with more names than it may remember it says so, and still finds the heavy ones that come late", () => {
  const ranking = openRanking(100);
  for (let index = 0; index < 10_000; index += 1) ranking.add(`small-${index}`, 1);
  for (let index = 0; index < 50; index += 1) ranking.add("late", 10);
  expect(ranking.top(1)).toEqual(["late"]);
  expect(ranking.isExact).toBe(false);
  expect(ranking.count).toBeLessThanOrEqual(101);
});

test("long names are not remembered without a bound either", () => {
  const ranking = openRanking(10_000);
  for (let index = 0; index < 1000; index += 1) ranking.add(`${index}${"x".repeat(60_000)}`, 1);
  expect(ranking.count).toBeLessThan(200);
});
