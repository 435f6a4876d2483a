import { expect, test } from "vitest";
import { cellWidth, fitted } from "../../../src/report/terminal/cells.ts";

test.each([
  ["abc", 3],
  ["日本", 4],
  ["🚀", 2],
  ["👩‍👩‍👧‍👦", 2],
  ["e\u0301", 1],
  ["\u200b", 0],
])("%s takes %d cells", (text, width) => {
  expect(cellWidth(text)).toBe(width);
});

test.each([
  ["abc", "abc  "],
  ["abcdef", "abcd…"],
  ["日本語の", "日本…"],
  ["a日本語", "a日… "],
])("%s is made to take 5 cells", (text, expected) => {
  expect(fitted(text, 5)).toBe(expected);
  expect(cellWidth(fitted(text, 5))).toBe(5);
});
