import { expect, test } from "vitest";
import { staticIntensity } from "../../src/intensity/static-provider.ts";

const day = 86_400_000;
const summer2025 = Date.parse("2025-07-01T10:00:00Z");
const provider = staticIntensity({ wallMs: () => summer2025 });

function lasting(milliseconds: number) {
  return { startMs: summer2025, endMs: summer2025 + milliseconds };
}

async function averageOf(zone: string) {
  return provider.series({ kind: "average", interval: lasting(3_600_000), zone });
}

async function errorsOf(zone: string, milliseconds: number): Promise<Record<string, number>> {
  const average = await provider.series({ kind: "average", interval: lasting(milliseconds), zone });
  return Object.fromEntries(average.errors.map(({ name, relativeUncertainty }) => [name, relativeUncertainty]));
}

test("Germany is Ember's life-cycle average of 2024, with its licence", async () => {
  const average = await averageOf("DE");
  expect(average).toMatchObject({
    kind: "average",
    scope: "lifecycle",
    basis: "production",
    year: 2024,
    source: "Ember, Yearly Electricity Data",
    licence: "CC BY 4.0",
    isFallback: false,
    isProvisional: false,
    retrievedAt: null,
    cache: "none",
    periods: [{ ...lasting(3_600_000), gramsPerKwh: 342, isEstimated: true, relativeUncertainty: 0 }],
  });
});

test("a grid zone is Electricity Maps' consumption-based average of 2025", async () => {
  const average = await averageOf("US-TEX-ERCO");
  expect(average).toMatchObject({
    periods: [{ gramsPerKwh: 363 }],
    basis: "consumption",
    year: 2025,
    licence: "ODbL 1.0",
  });
});

test("the marginal rate stands beside the average as another kind, with direct scope", async () => {
  const marginal = await provider.series({ kind: "marginal", interval: lasting(3_600_000), zone: "DE" });
  expect(marginal).toMatchObject({ periods: [{ gramsPerKwh: 731 }], kind: "marginal", scope: "direct" });
});

test("where no marginal rate is known there is none, and the average does not take its place", async () => {
  const marginal = provider.series({ kind: "marginal", interval: lasting(3_600_000), zone: "KE" });
  await expect(marginal).rejects.toMatchObject({ code: "INTENSITY_NO_DATA" });
});

test("an hour in Germany: 16 % for the publisher, 28 % for the hour, 5 % for a year of age", async () => {
  expect(await errorsOf("DE", 3_600_000)).toEqual({ source: 0.16, time: 0.28, age: 0.05 });
});

test("a day leaves only the variation between days", async () => {
  const { time = 0 } = await errorsOf("DE", day);
  expect(time).toBeCloseTo(Math.sqrt(0.28 ** 2 - 0.15 ** 2), 12);
});

test("a whole year is the annual average itself: no error of time is left", async () => {
  expect(await errorsOf("DE", 366 * day)).not.toHaveProperty("time");
});

test("a zone without hourly data gets the typical variation of 21 %", async () => {
  expect(await errorsOf("AR", 3_600_000)).toMatchObject({ time: 0.21 });
});

test("a country whose grids differ carries an error of place", async () => {
  expect(await errorsOf("US", 3_600_000)).toMatchObject({ space: 0.6 });
});

test("the region names of the Python original carry at least 40 % for the place", async () => {
  for (const zone of ["us-east", "us-west", "us-central", "eu-west", "eu-north", "asia-pacific"]) {
    const { space = 0 } = await errorsOf(zone, 3_600_000);
    expect(space).toBeGreaterThanOrEqual(0.4);
  }
});

test("the world average is a fallback, uncertain by a factor of 2", async () => {
  const average = await provider.series({ kind: "average", interval: null, zone: "WORLD" });
  expect(average).toMatchObject({ periods: [{ gramsPerKwh: 473 }], isFallback: true });
  const place = average.errors.find(({ name }) => name === "space");
  expect(Math.sqrt(Math.log1p((place?.relativeUncertainty ?? 0) ** 2))).toBeCloseTo(Math.LN2, 12);
});

test("the year of the span, not today, says how old a value is", async () => {
  const start = Date.parse("2024-05-01T00:00:00Z");
  const interval = { startMs: start, endMs: start + day };
  const average = await provider.series({ kind: "average", interval, zone: "DE" });
  expect(average.errors.map(({ name }) => name)).not.toContain("age");
});

test("without an interval the clock says how old a value is, and the hour is unknown", async () => {
  const average = await provider.series({ kind: "average", interval: null, zone: "DE" });
  const parts = Object.fromEntries(average.errors.map(({ name, relativeUncertainty }) => [name, relativeUncertainty]));
  expect(parts).toEqual({ source: 0.16, time: 0.28, age: 0.05 });
});

test("two spans of one day share the error of time, two days do not", async () => {
  const idOn = async (startMs: number): Promise<string | undefined> => {
    const interval = { startMs, endMs: startMs + 60_000 };
    const average = await provider.series({ kind: "average", interval, zone: "DE" });
    return average.errors.find(({ name }) => name === "time")?.sourceId;
  };
  expect(await idOn(summer2025)).toBe(await idOn(summer2025 + 3_600_000));
  expect(await idOn(summer2025)).not.toBe(await idOn(summer2025 + day));
});

test("a zone that is not in the table is an error, not a default", async () => {
  const unknown = provider.series({ kind: "average", interval: null, zone: "XX-YY" });
  await expect(unknown).rejects.toMatchObject({ code: "REGION_UNKNOWN" });
});
