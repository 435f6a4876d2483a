import { expect, test } from "vitest";
import { findRegions } from "../../src/intensity/region-search.ts";
import { resolveRegion } from "../../src/intensity/regions.ts";

test("an exact code comes first, then what else contains it", () => {
  const [first, ...others] = findRegions("ie");
  expect(first?.region).toBe("IE");
  expect(others.length).toBeGreaterThan(0);
});

test("a country is found by its name, with the cloud regions that draw from its grid", () => {
  const regions = findRegions("ireland").map(({ region }) => region);
  expect(regions).toEqual(["IE", "aws:eu-west-1", "azure:northeurope"]);
});

test("every word of the query must fit", () => {
  expect(findRegions("azure netherlands").map(({ region }) => region)).toEqual(["azure:westeurope"]);
});

test("a line shows value, year, source and licence, and the marginal rate beside it", () => {
  expect(findRegions("DEU")[0]).toEqual({
    region: "DE",
    zone: "DE",
    name: "Germany",
    averageGramsPerKwh: 342,
    averageYear: 2024,
    averageBasis: "production",
    averageSource: "Ember, Yearly Electricity Data",
    averageLicence: "CC BY 4.0",
    mapping: "DE is Germany",
    marginalGramsPerKwh: 731,
    marginalPeriod: "2023 or 2024",
    marginalSource: "WattTime MOER, annual, via Green Software Foundation Real Time Cloud",
    marginalLicence: "as published by the Green Software Foundation, Real Time Cloud",
  });
});

test("an empty query lists every region, and every one of them can be resolved", () => {
  const all = findRegions();
  expect(all.length).toBeGreaterThan(350);
  for (const { region, zone } of all) expect(resolveRegion(region).zone).toBe(zone);
});

test("nothing fits nonsense", () => {
  expect(findRegions("no such place")).toEqual([]);
});
