import { expect, test } from "vitest";
import { carbonEquivalents } from "../../src/carbon/equivalents.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { carbonLabel, carbonRating } from "../../src/carbon/label.ts";
import { hourly, liveProvider, liveSeries } from "./example-series.ts";

const hour = { startTs: "2025-07-01T10:00:00Z", endTs: "2025-07-01T11:00:00Z" };
const intensity = { providers: [liveProvider(liveSeries(hourly(hour.startTs, [350])))] };
const surely = new CarbonEstimator({ region: "DE", pue: 1, intensity });

test("equivalents are rounded to two digits and name their source and edition", async () => {
  const equivalents = carbonEquivalents(await surely.estimateOverSpan({ ...hour, energyWh: 2345 }));
  expect(equivalents.find(({ name }) => name === "car_km")).toEqual({
    name: "car_km",
    unit: "km in a passenger car (European mean)",
    quantity: 4.7,
    gramsEach: 175,
    source: "Green Algorithms: 175 g/km",
  });
  expect(equivalents.map(({ source }) => source).every((source) => source.length > 0)).toBe(true);
});

test("there are none where the interval covers more than a factor of 3, nor for nothing", async () => {
  const world = await new CarbonEstimator().estimateOverSpan({ ...hour, energyWh: 1000 });
  expect(world.interval.upperGrams / world.interval.lowerGrams).toBeGreaterThan(3);
  expect(carbonEquivalents(world)).toEqual([]);
  expect(carbonEquivalents(await surely.estimateOverSpan({ ...hour, energyWh: 0 }))).toEqual([]);
});

test.each([
  [9.99, "A+"],
  [10, "A"],
  [99, "B"],
  [100, "C"],
  [999, "D"],
  [4999, "E"],
  [5000, "F"],
])("%s g are rated %s, as the Python original does", (grams, rating) => {
  expect(carbonRating(grams)).toBe(rating);
});

test("the label holds the original's members, and the ratings of the interval's ends", async () => {
  const label = carbonLabel(await surely.estimateOverSpan({ ...hour, energyWh: 280 }));
  expect(label).toMatchObject({
    carbon_label: {
      rating: "B",
      rating_best: "B",
      rating_worst: "C",
      region: "DE",
      datacenter_type: "stated",
      timestamp: "2025-07-01T11:00:00.000Z",
      estimates: { intensity_g_per_kwh: 350 },
    },
  });
});
