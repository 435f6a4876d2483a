import { expect, test } from "vitest";
import { parseLabel, parseLabels } from "../../src/config/labels.ts";

test.each([
  ["team=search", ["team", "search"]],
  ["query=a=b", ["query", "a=b"]],
  ["note=", ["note", ""]],
  [" team = search ", ["team", "search"]],
])("%j is a label", (text, label) => {
  expect(parseLabel(text)).toEqual(label);
});

test.each(["", "team", "=search", "  =search"])("%j is no label", (text) => {
  expect(parseLabel(text)).toBeNull();
});

test("labels are separated by commas, and an empty part is nothing", () => {
  expect(parseLabels("team=search, stage=test,")).toEqual({ team: "search", stage: "test" });
});

test("of two labels with one name the later one stands", () => {
  expect(parseLabels("team=search,team=maps")).toEqual({ team: "maps" });
});

test("one part that is no label spoils all of them", () => {
  expect(parseLabels("team=search,test")).toBeNull();
});
