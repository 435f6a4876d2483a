import { expect, test } from "vitest";
import { cloudRegions } from "../../src/intensity/cloud-regions.ts";
import { resolveRegion } from "../../src/intensity/regions.ts";
import { findZone, zones } from "../../src/intensity/zones.ts";

test.each([
  ["GB", "GB"],
  ["gb", "GB"],
  [" GBR ", "GB"],
  ["united kingdom", "GB"],
  ["uk", "GB"],
  ["US-TEX-ERCO", "US-TEX-ERCO"],
  ["us-tex-erco", "US-TEX-ERCO"],
  ["aws:eu-west-1", "IE"],
  ["AWS:EU-WEST-1", "IE"],
  ["gcp:europe-west1", "BE"],
  ["azure:westeurope", "NL"],
  ["eu-west-1", "IE"],
  ["europe-west1", "BE"],
  ["westeurope", "NL"],
  ["us-east", "us-east"],
  ["global-average", "WORLD"],
  ["world", "WORLD"],
])("%s is zone %s", (name, zone) => {
  expect(resolveRegion(name).zone).toBe(zone);
});

test("a name alone and the name with its provider are the same region", () => {
  expect(resolveRegion("eu-west-1")).toEqual(resolveRegion("aws:eu-west-1"));
});

test("a country's name wins over a data centre of the same name", () => {
  expect(resolveRegion("Singapore")).toMatchObject({ region: "SG", cloud: null });
});

test("the mapping says how a cloud region became a zone", () => {
  expect(resolveRegion("us-central1").mapping).toBe("gcp:us-central1 draws from grid zone US-CENT-SWPP");
});

test("a misspelt country is named in one sentence with the nearest spelling", () => {
  expect(() => resolveRegion("germny")).toThrow(
    expect.objectContaining({
      code: "REGION_UNKNOWN",
      message: 'The region "germny" is in no table; did you mean Germany? `carbon-ops regions` lists those that are.',
    }),
  );
});

test("a country that is published as 0 g/kWh is unknown, never 0", () => {
  for (const name of ["CF", "CAF", "Central African Republic"]) {
    expect(() => resolveRegion(name)).toThrow(expect.objectContaining({ code: "REGION_UNKNOWN" }));
  }
});

test("Iceland has its published average, although another table has 0 for it", () => {
  expect(findZone("IS")?.gramsPerKwh).toBe(28);
});

test("every cloud region lies in a zone of the table", () => {
  expect(cloudRegions.filter(({ zone }) => findZone(zone) === undefined)).toEqual([]);
});

test("every zone has a value above 0 and a key of its own", () => {
  expect(new Set(zones.map(({ key }) => key)).size).toBe(zones.length);
  expect(zones.filter(({ gramsPerKwh }) => !(gramsPerKwh > 0))).toEqual([]);
});
