import { expect, test } from "vitest";
import {
  difference,
  lnSigmaFromRelative,
  lognormalFromMean,
  lognormalFromRange,
  productOfFactors,
  relativeFromLnSigma,
  truncatedNormal,
  varianceShares,
} from "../../src/uncertainty/index.ts";

const { NaN: none, POSITIVE_INFINITY: infinite } = Number;

test.each<readonly [string, () => unknown, string]>([
  ["a truncated normal about NaN", () => truncatedNormal(none, 1), "parent mean of a truncated normal is NaN"],
  ["a truncated normal without a width", () => truncatedNormal(1, 0), "parent sigma of a truncated normal is 0"],
  ["a truncated normal of negative width", () => truncatedNormal(1, -1), "parent sigma of a truncated normal is -1"],
  ["a lognormal of mean 0", () => lognormalFromMean(0, 1), "mean of a lognormal is 0"],
  ["a lognormal of negative uncertainty", () => lognormalFromMean(1, -1), "standard uncertainty of a lognormal is -1"],
  ["a range from 0", () => lognormalFromRange(0, 1, 0.9), "lower end of a lognormal's range is 0"],
  ["a range upside down", () => lognormalFromRange(2, 1, 0.9), "width of a lognormal's range is -1"],
  ["a range at level 1", () => lognormalFromRange(1, 2, 1), "level of a lognormal's range is 1"],
  ["a relative uncertainty of NaN", () => lnSigmaFromRelative(none), "relative standard uncertainty is NaN"],
  ["a negative log sigma", () => relativeFromLnSigma(-1), "log standard deviation is -1"],
  ["a product with NaN", () => productOfFactors([{ mean: none, standardUncertainty: 0 }]), "mean of a factor is NaN"],
  [
    "a product with an infinite uncertainty",
    () => productOfFactors([{ mean: 1, standardUncertainty: infinite }]),
    "standard uncertainty of a factor is Infinity",
  ],
  ["a share of NaN", () => varianceShares([{ mean: none, standardUncertainty: 1 }]), "mean of a factor is NaN"],
  [
    "a difference of NaN",
    () => difference({ mean: none, standardUncertainty: 1 }, { mean: 1, standardUncertainty: 1 }, 0),
    "mean of a term is NaN",
  ],
  [
    "a correlation of 2",
    () => difference({ mean: 1, standardUncertainty: 1 }, { mean: 1, standardUncertainty: 1 }, 2),
    "correlation of two terms is 2",
  ],
])("%s is refused in one sentence, and not carried on as a figure", (_, compute, words) => {
  expect(compute).toThrow(expect.objectContaining({ code: "INPUT_INVALID", message: expect.stringContaining(words) }));
});

test("what is exact is a valid lognormal, but has no density and so is no truncated normal", () => {
  expect(lognormalFromMean(2, 0).lnSigma).toBe(0);
  expect(() => truncatedNormal(2, 0)).toThrow("must be a finite number above 0");
});
