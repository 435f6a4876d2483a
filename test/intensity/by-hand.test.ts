import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import type { IntensitySettings } from "../../src/intensity/open-intensity.ts";
import { electricityMapsRow, halfHour, intensityService, wattTimeBody } from "../support/intensity-service.ts";
import { clockAt, directoryOfTest, opened } from "../support/opened-intensity.ts";

/** The calculations of docs/providers.md: 100 Wh at the plug, PUE 1, one span per provider. */

const clock = clockAt("2026-03-20T00:00:00Z");

interface Span {
  readonly settings: IntensitySettings;
  readonly environment?: Readonly<Record<string, string>>;
  readonly region: string;
  readonly startTs: string;
  readonly endTs: string;
}

async function estimateOf({ settings, environment = {}, region, startTs, endTs }: Span) {
  const intensity = opened({ clock, settings, environment });
  const estimator = new CarbonEstimator({ region, intensity, pue: 1, wallFactor: 1, clock });
  return estimator.estimateOverSpan({ energyWh: 100, startTs, endTs });
}

test("Electricity Maps: 50 min at 161 and 40 min at 167 g/kWh", async () => {
  const ten = Date.parse("2026-03-08T10:00:00Z");
  const rows = [electricityMapsRow("DK-DK2", ten, 161), electricityMapsRow("DK-DK2", ten + 3_600_000, 167)];
  const service = await intensityService(() => ({ body: { zone: "DK-DK2", data: rows } }));
  const estimate = await estimateOf({
    settings: { intensityProviders: "electricity-maps" },
    environment: { CARBON_OPS_ELECTRICITY_MAPS_TOKEN: "key", CARBON_OPS_ELECTRICITY_MAPS_URL: `${service.url}/v4` },
    region: "DK-DK2",
    startTs: "2026-03-08T10:10:00Z",
    endTs: "2026-03-08T11:40:00Z",
  });
  expect(estimate.grams).toBeCloseTo((0.1 * (50 * 161 + 40 * 167)) / 90, 9);
  expect(estimate.grams.toFixed(2)).toBe("16.37");
});

test("WattTime: three points of 860.2, 861.9 and 858.0 lb/MWh", async () => {
  const midnight = Date.parse("2026-03-10T00:00:00Z");
  const body = wattTimeBody(midnight, [870, 860.2, 861.9, 858, 849.7]);
  const service = await intensityService(({ pathname }) => ({ body: pathname === "/login" ? { token: "t" } : body }));
  const estimate = await estimateOf({
    settings: { intensityProviders: "watttime,static" },
    environment: {
      CARBON_OPS_WATTTIME_USERNAME: "u",
      CARBON_OPS_WATTTIME_PASSWORD: "p",
      CARBON_OPS_WATTTIME_URL: service.url,
    },
    region: "US-CAL-CISO",
    startTs: "2026-03-10T00:05:00Z",
    endTs: "2026-03-10T00:20:00Z",
  });
  expect(estimate.marginal?.grams).toBeCloseTo(((0.1 * (860.2 + 861.9 + 858)) / 3) * 0.45359237, 9);
  expect(estimate.marginal?.grams.toFixed(2)).toBe("39.01");
});

test("UK Carbon Intensity: half-hours of 163 and 170 g/kWh", async () => {
  const noon = Date.parse("2026-03-10T12:00:00Z");
  const data = [halfHour(noon, 166, 163), halfHour(noon + 1_800_000, 171, 170)];
  const service = await intensityService(() => ({ body: { data } }));
  const estimate = await estimateOf({
    settings: { intensityProviders: "uk-carbon-intensity" },
    environment: { CARBON_OPS_UK_CARBON_INTENSITY_URL: service.url },
    region: "GB",
    startTs: "2026-03-10T12:00:00Z",
    endTs: "2026-03-10T13:00:00Z",
  });
  expect(estimate.grams).toBeCloseTo((0.1 * (163 + 170)) / 2, 9);
  expect(estimate.grams.toFixed(2)).toBe("16.65");
});

test("a file of one's own: 30 min at 120 and 30 min at 80.5 g/kWh", async () => {
  const path = join(directoryOfTest(), "ours.csv");
  const rows = ["DE,2026-03-08T10:00Z,2026-03-08T11:00Z,120", "DE,2026-03-08T11:00Z,2026-03-08T12:00Z,80.5"];
  writeFileSync(path, ["# source: ours", "zone,start,end,grams_per_kwh", ...rows].join("\n"));
  const estimate = await estimateOf({
    settings: { intensityFile: path },
    region: "DE",
    startTs: "2026-03-08T10:30:00Z",
    endTs: "2026-03-08T11:30:00Z",
  });
  expect(estimate.grams).toBeCloseTo((0.1 * (120 + 80.5)) / 2, 9);
});

test("the packaged table: Germany at 342 g/kWh", async () => {
  const span = { region: "DE", startTs: "2026-03-08T10:30:00Z", endTs: "2026-03-08T11:30:00Z" };
  const estimate = await estimateOf({ settings: {}, ...span });
  expect(estimate.grams).toBeCloseTo(34.2, 9);
});
