import { expect, test } from "vitest";
import { pueProfileNames, resolvePue } from "../../src/carbon/pue.ts";
import { resolveRegion } from "../../src/intensity/regions.ts";

function cloudOf(region: string) {
  return resolveRegion(region).cloud;
}

test("a cloud region with a published PUE uses it", () => {
  expect(resolvePue(undefined, cloudOf("aws:eu-central-1"))).toMatchObject({
    mean: 1.35,
    standardUncertainty: 0.03,
    profile: "aws:eu-central-1",
    sourceId: "pue/site=aws:eu-central-1/year=2024",
  });
});

test("a cloud region without one uses the fleet of its provider, with the spread over its regions", () => {
  expect(resolvePue(undefined, cloudOf("aws:eu-west-2"))).toMatchObject({
    mean: 1.15,
    standardUncertainty: 0.11,
    profile: "aws",
  });
});

test.each([
  ["aws:eu-west-2", 0.11, 22],
  ["azure:francecentral", 0.11, 14],
  ["gcp:asia-northeast1", 0.03, 12],
])(
  "the spread of %s's fleet is that of the operator's regions in the table, and so is its citation",
  (region, spread, count) => {
    const { standardUncertainty, citation } = resolvePue(undefined, cloudOf(region));
    expect(standardUncertainty).toBe(spread);
    expect(citation).toContain(`standard deviation over ${count} regions`);
  },
);

test("the spread of all hyperscale clouds is the root mean square of their fleets' spreads", () => {
  const spreads = ["aws", "gcp", "azure"].map((name) => resolvePue(name, null).standardUncertainty);
  const { standardUncertainty } = resolvePue("hyperscale", null);
  expect(standardUncertainty).toBeCloseTo(Math.hypot(...spreads) / Math.sqrt(spreads.length), 2);
});

test("where nothing is known the assumption is wide enough for a desk and a data centre", () => {
  expect(resolvePue(undefined, null)).toMatchObject({ mean: 1.3, standardUncertainty: 0.3, origin: "assumed" });
});

test("what the user states wins over the region's own, and is exact", () => {
  expect(resolvePue(1.4, cloudOf("aws:eu-central-1"))).toMatchObject({ mean: 1.4, standardUncertainty: 0 });
});

test("a desk has no data centre around it", () => {
  expect(resolvePue("laptop", null)).toMatchObject({ mean: 1, standardUncertainty: 0 });
});

test.each(["cloud-hyperscale", "Cloud Hyperscale", "cloud_hyperscale", "hyperscale"])("%s is one profile", (name) => {
  expect(resolvePue(name, null)).toMatchObject({ mean: 1.14, profile: "cloud-hyperscale" });
});

test("every profile's name can be used, and none is below 1", () => {
  for (const name of pueProfileNames) expect(resolvePue(name, null).mean).toBeGreaterThanOrEqual(1);
});

test("an unknown profile is named with the nearest one", () => {
  expect(() => resolvePue("enterprize", null)).toThrow(
    expect.objectContaining({
      code: "INPUT_INVALID",
      message: 'There is no PUE profile "enterprize"; did you mean enterprise?',
    }),
  );
});

test("a PUE of exactly 1 cannot be uncertain, since it cannot be lower", () => {
  expect(() => resolvePue({ value: 1, standardUncertainty: 0.1 }, null)).toThrow(
    expect.objectContaining({ code: "INPUT_INVALID" }),
  );
});
