import { expect, test } from "vitest";
import { nearest } from "../src/nearest.ts";

const commands = ["run", "doctor", "estimate", "ledger", "regions"];

test.each([
  ["a letter too few", "docor", "doctor"],
  ["a letter too many", "doctorr", "doctor"],
  ["a wrong letter", "dictor", "doctor"],
  ["two letters swapped", "rnu", "run"],
  ["capitals", "DOCTOR", "doctor"],
  ["two slips in a long word", "estmiat", "estimate"],
])("%s is close enough", (_slip, typed, meant) => {
  expect(nearest(typed, commands)).toBe(meant);
});

test.each(["", "x", "carbon", "dog"])("%j is close to none", (typed) => {
  expect(nearest(typed, commands)).toBeNull();
});

test("of several, the one with the fewest differences is meant", () => {
  expect(nearest("maxGram", ["maxWh", "maxGrams", "maxRams"])).toBe("maxGrams");
});

test("without candidates there is no suggestion", () => {
  expect(nearest("run", [])).toBeNull();
});
