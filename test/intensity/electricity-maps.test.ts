import { expect, test } from "vitest";
import { electricityMapsRow, intensityService, type Reaction } from "../support/intensity-service.ts";
import { clockAt, hours, opened } from "../support/opened-intensity.ts";

const token = "em-SECRET-0123456789";
const tenOClock = Date.parse("2026-03-08T10:00:00Z");
const task = hours("2026-03-08T10:10:00Z", "2026-03-08T11:40:00Z");

/** Asked on 20 March for 8 March: `past-range`, and everything is settled. */
async function lookUp(react: (path: URL) => Reaction, zone = "DK-DK2", clock = clockAt("2026-03-20T00:00:00Z")) {
  const service = await intensityService(react);
  const environment = {
    CARBON_OPS_ELECTRICITY_MAPS_TOKEN: token,
    CARBON_OPS_ELECTRICITY_MAPS_URL: `${service.url}/v4`,
  };
  const settings = { intensityProviders: "electricity-maps" };
  const { average } = await opened({ clock, environment, settings }).lookup(task, zone);
  return { service, ...average };
}

const twoHours = {
  zone: "DK-DK2",
  temporalGranularity: "hourly",
  data: [electricityMapsRow("DK-DK2", tenOClock, 161), electricityMapsRow("DK-DK2", tenOClock + 3_600_000, 167)],
};

test("a task gets the hours that it ran in, not those of now", async () => {
  const { service, series } = await lookUp(() => ({ body: twoHours }));
  expect(series?.periods.map(({ gramsPerKwh }) => gramsPerKwh)).toEqual([161, 167]);
  expect(series).toMatchObject({ scope: "lifecycle", basis: "consumption", providerZone: "DK-DK2", cache: "miss" });
  expect(service.asked).toEqual([
    "/v4/carbon-intensity/past-range?zone=DK-DK2&start=2026-03-08T10%3A00%3A00Z&end=2026-03-08T12%3A00%3A00Z&emissionFactorType=lifecycle&temporalGranularity=hourly&disableCallerLookup=true",
  ]);
});

test("the key goes in its header, with a name of who asks", async () => {
  const { service } = await lookUp(() => ({ body: twoHours }));
  expect(service.headers[0]).toMatchObject({
    "auth-token": token,
    "user-agent": expect.stringContaining("carbon-ops"),
  });
});

test("version 3 calls the list history, and is read as well", async () => {
  const clock = clockAt("2026-03-08T13:00:00Z");
  const { service, series } = await lookUp(
    () => ({ body: { zone: "DK-DK2", history: twoHours.data } }),
    "DK-DK2",
    clock,
  );
  expect(series?.periods).toHaveLength(2);
  expect(service.asked[0]).toContain("/history?");
});

test("a null value is a gap, not a zero", async () => {
  const rows = [
    electricityMapsRow("DK-DK2", tenOClock, null),
    electricityMapsRow("DK-DK2", tenOClock + 3_600_000, 167),
  ];
  const { series } = await lookUp(() => ({ body: { zone: "DK-DK2", data: rows } }));
  expect(series?.periods.map(({ gramsPerKwh }) => gramsPerKwh)).toEqual([167]);
});

test("an observed hour has 6 % in all, 5 % of it the publisher's", async () => {
  const { series } = await lookUp(() => ({ body: twoHours }));
  const [source] = series?.errors ?? [];
  const own = series?.periods[0]?.relativeUncertainty ?? 0;
  expect(source).toMatchObject({ name: "source", relativeUncertainty: 0.05 });
  expect(Math.hypot(own, 0.05)).toBeCloseTo(0.06, 12);
});

test.each([
  ["FORECASTS_HIERARCHY", 0.125],
  // The zone's days differ by sqrt(0.47^2 - 0.23^2).
  ["TIME_SLICER_AVERAGE", Math.sqrt(0.47 ** 2 - 0.23 ** 2)],
  ["ESTIMATED_FORECASTS_HIERARCHY", 0.125],
  ["RECONSTRUCT_BREAKDOWN", 0.175],
  ["GENERAL_PURPOSE_ZONE_DEVELOPMENT", 0.25],
  ["A_METHOD_OF_TOMORROW", 0.25],
])("an hour estimated by %s has %f in all, each part once", async (estimationMethod, total) => {
  const rows = [electricityMapsRow("DK-DK2", tenOClock, 160, { isEstimated: true, estimationMethod })];
  const { series } = await lookUp(() => ({ body: { zone: "DK-DK2", data: rows } }));
  const parts = (series?.errors ?? []).map(({ relativeUncertainty }) => relativeUncertainty);
  const [period] = series?.periods ?? [];
  expect(Math.hypot(...parts, period?.relativeUncertainty ?? 0)).toBeCloseTo(total, 12);
  expect(period).toMatchObject({ isEstimated: true, estimationMethod });
});

test("an hour is provisional for two days, and as long as it is estimated", async () => {
  const settled = await lookUp(() => ({ body: twoHours }));
  const fresh = await lookUp(() => ({ body: twoHours }), "DK-DK2", clockAt("2026-03-09T20:00:00Z"));
  const estimated = twoHours.data.map((row) => ({
    ...row,
    isEstimated: true,
    estimationMethod: "FORECASTS_HIERARCHY",
  }));
  const filled = await lookUp(() => ({ body: { ...twoHours, data: estimated } }));
  expect([settled, fresh, filled].map(({ series }) => series?.isProvisional)).toEqual([false, true, true]);
});

test.each([
  ["another zone", { ...twoHours, zone: "US-CAR-DUK", data: [electricityMapsRow("US-CAR-DUK", tenOClock, 161)] }],
  ["sandbox data by their method", rowWith({ estimationMethod: "SANDBOX_MODE_DATA" })],
  ["sandbox data by their notice", { ...twoHours, _disclaimer: "SANDBOX MODE: not real" }],
  ["another unit", rowWith({ unit: "lb/MWh" })],
  ["direct factors", rowWith({ emissionFactorType: "direct" })],
  ["daily values", { ...twoHours, temporalGranularity: "daily" }],
  ["text for a value", rowWith({ carbonIntensity: "161" })],
  ["a negative value", rowWith({ carbonIntensity: -1 })],
  ["a value without a time", rowWith({ datetime: "yesterday" })],
  ["no list", { zone: "DK-DK2", data: "none" }],
  ["a list in the place of an object", []],
  ["an HTML page", "<html><body>Sign in to the hotel's network</body></html>"],
  ["plain text", "Boooom!"],
])("%s is refused in one sentence", async (_, body) => {
  const { series, attempts } = await lookUp(() => ({ body }));
  expect(series).toBeNull();
  expect(attempts[0]).toMatchObject({ outcome: "failed", code: "INTENSITY_ANSWER_INVALID" });
  expect(attempts[0]?.reason).toMatch(/^The answer of Electricity Maps is refused, because it holds .*\.$/);
});

function rowWith(more: object) {
  return { zone: "DK-DK2", data: [electricityMapsRow("DK-DK2", tenOClock, 161, more)] };
}

test.each<[string, Reaction, string, RegExp]>([
  [
    "401 for the key",
    { status: 401, body: { error: "Invalid auth-token" } },
    "INTENSITY_CREDENTIALS",
    /refuses the key \(Invalid auth-token\); set a valid one/,
  ],
  [
    "401 in older words",
    { status: 401, body: { error: "Token is invalid" } },
    "INTENSITY_CREDENTIALS",
    /refuses the key/,
  ],
  [
    "401 for the plan",
    { status: 401, body: { error: "Request unauthorized for zoneKey=PT,requestType=past." } },
    "INTENSITY_PLAN",
    /does not cover zone DK-DK2 .*\(the key itself is good\)/,
  ],
  ["403 of a proxy at the edge", { status: 403, body: "error code: 1010" }, "INTENSITY_UNAVAILABLE", /status 403/],
  ["404", { status: 404, body: { error: "No recent data" } }, "INTENSITY_NO_DATA", /has no average value/],
  ["404 in a 200", { status: 200, body: { error: "No recent data" } }, "INTENSITY_NO_DATA", /has no average value/],
  ["404 of something else", { status: 404, body: "<html>" }, "INTENSITY_NO_DATA", /status 404, an HTML page/],
  ["an empty list", { body: { zone: "DK-DK2", data: [] } }, "INTENSITY_NO_DATA", /has no average value/],
  ["400", { status: 400, body: { error: 'Missing "start"' } }, "INTENSITY_ANSWER_INVALID", /status 400/],
  [
    "429",
    { status: 429, body: { error: "Too many requests" } },
    "INTENSITY_RATE_LIMITED",
    /\(status 429, Too many requests\)/,
  ],
  ["429 without words", { status: 429, body: {} }, "INTENSITY_RATE_LIMITED", /\(status 429, no reason given\)/],
  ["500 in plain text", { status: 500, body: "Boooom!" }, "INTENSITY_UNAVAILABLE", /status 500 \(Boooom!\)/],
])("%s is told apart", async (_, reaction, code, words) => {
  const { attempts } = await lookUp(() => reaction);
  expect(attempts[0]).toMatchObject({ outcome: "failed", code, reason: expect.stringMatching(words) });
});

test("no sentence repeats the key, even when the service does", async () => {
  const echoes: Reaction[] = [
    { status: 401, body: { error: `Invalid auth-token ${token}` } },
    { status: 500, body: `while handling ${token}` },
    { status: 200, body: `token ${token}` },
    { status: 302, body: "", headers: { location: `https://elsewhere.test/?token=${token}` } },
  ];
  const outcomes = await Promise.all(echoes.map((echo) => lookUp(() => echo)));
  expect(outcomes.map(({ series }) => series)).toEqual([null, null, null, null]);
  expect(JSON.stringify(outcomes.map(({ attempts }) => attempts))).not.toContain(token);
});

test("a plan without past-range still gives the part that lies in the last 24 hours", async () => {
  const clock = clockAt("2026-03-09T10:00:00Z");
  const { series, service } = await lookUp(
    ({ pathname }) =>
      pathname.endsWith("past-range")
        ? { status: 401, body: { error: "Request unauthorized for zoneKey=DK-DK2" } }
        : { body: { zone: "DK-DK2", data: twoHours.data.slice(1) } },
    "DK-DK2",
    clock,
  );
  expect(series?.periods.map(({ gramsPerKwh }) => gramsPerKwh)).toEqual([167]);
  expect(service.asked).toHaveLength(2);
});

test("an area that is no grid is not asked for, and the sentence shows how to name one", async () => {
  const { attempts, service } = await lookUp(() => ({ body: twoHours }), "WORLD");
  expect(attempts[0]).toMatchObject({ code: "INTENSITY_NO_DATA", reason: expect.stringContaining("intensityZones") });
  expect(service.asked).toEqual([]);
});

test("months are asked for in stretches of ten days", async () => {
  const service = await intensityService((path) => {
    const start = Date.parse(path.searchParams.get("start") ?? "");
    const end = Date.parse(path.searchParams.get("end") ?? "");
    const rows = [];
    for (let hour = start; hour < end; hour += 3_600_000) rows.push(electricityMapsRow("DE", hour, 300));
    return { body: { zone: "DE", data: rows } };
  });
  const environment = {
    CARBON_OPS_ELECTRICITY_MAPS_TOKEN: token,
    CARBON_OPS_ELECTRICITY_MAPS_URL: `${service.url}/v4`,
  };
  const clock = clockAt("2026-03-20T00:00:00Z");
  const month = hours("2026-01-05T00:00:00Z", "2026-01-30T00:00:00Z");
  const { average } = await opened({ clock, environment, settings: { intensityProviders: "electricity-maps" } }).lookup(
    month,
    "DE",
  );
  expect(average.series?.periods).toHaveLength(25 * 24);
  expect(service.asked).toHaveLength(3);
});
