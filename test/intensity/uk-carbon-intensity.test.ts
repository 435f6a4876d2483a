import { expect, test } from "vitest";
import { halfHour, intensityService, type Reaction } from "../support/intensity-service.ts";
import { clockAt, hours, opened } from "../support/opened-intensity.ts";

const noon = Date.parse("2026-03-10T12:00:00Z");
const task = hours("2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z");

async function lookUp(
  react: (path: URL) => Reaction,
  zones: Record<string, string> = {},
  now = "2026-03-20T00:00:00Z",
) {
  const service = await intensityService(react);
  const environment = { CARBON_OPS_UK_CARBON_INTENSITY_URL: service.url };
  const settings = { intensityProviders: "uk-carbon-intensity", intensityZones: zones };
  const { average } = await opened({ clock: clockAt(now), environment, settings }).lookup(task, "GB");
  return { service, ...average };
}

const twoHalves = { data: [halfHour(noon, 166, 163), halfHour(noon + 1_800_000, 171, 170)] };

test("actual values are taken over forecasts, and times are asked for without seconds", async () => {
  const { series, service } = await lookUp(() => ({ body: twoHalves }));
  expect(series?.periods.map(({ gramsPerKwh, isEstimated }) => [gramsPerKwh, isEstimated])).toEqual([
    [163, false],
    [170, false],
  ]);
  expect(series).toMatchObject({ scope: "direct", licence: "CC BY 4.0", periodSeconds: 1800, isProvisional: false });
  expect(service.asked).toEqual(["/intensity/2026-03-10T12:00Z/2026-03-10T13:00Z"]);
});

test("where there is no actual value yet the forecast stands in, estimated and provisional", async () => {
  const rows = [halfHour(noon, 166, 163), halfHour(noon + 1_800_000, 171, null)];
  const { series } = await lookUp(() => ({ body: { data: rows } }), {}, "2026-03-12T12:00:00Z");
  expect(series?.periods[1]).toMatchObject({ gramsPerKwh: 171, isEstimated: true, estimationMethod: "forecast" });
  expect(series?.isProvisional).toBe(true);
});

test("an actual value errs by 7 %, a late forecast by 8 % or 10 g, an early one by 12 % or 25 g", async () => {
  const total = async (row: object, now: string): Promise<number> => {
    const { series } = await lookUp(() => ({ body: { data: [row] } }), {}, now);
    return Math.hypot(series?.periods[0]?.relativeUncertainty ?? 0, series?.errors[0]?.relativeUncertainty ?? 0);
  };
  expect(await total(halfHour(noon, 166, 163), "2026-03-12T12:00:00Z")).toBeCloseTo(0.07, 12);
  expect(await total(halfHour(noon, 200, null), "2026-03-12T12:00:00Z")).toBeCloseTo(0.08, 12);
  expect(await total(halfHour(noon, 40, null), "2026-03-12T12:00:00Z")).toBeCloseTo(10 / 40, 12);
  expect(await total(halfHour(noon, 100, null), "2026-03-10T09:00:00Z")).toBeCloseTo(25 / 100, 12);
});

const london = { regionid: 13, dnoregion: "UKPN London", shortname: "London", data: [halfHour(noon, 180)] };

test.each([
  ["an object", { data: london }],
  ["a list of one", { data: [london] }],
])("a region's answer may be %s", async (_, body) => {
  const { series, service } = await lookUp(() => ({ body }), { "uk-carbon-intensity/GB": "regionid:13" });
  expect(series?.periods[0]).toMatchObject({ gramsPerKwh: 180, estimationMethod: "regional forecast" });
  expect(series?.providerZone).toBe("regionid:13");
  expect(service.asked).toEqual(["/regional/intensity/2026-03-10T12:00Z/2026-03-10T13:00Z/regionid/13"]);
});

test("a region by its postcode", async () => {
  const { service } = await lookUp(() => ({ body: { data: london } }), { "uk-carbon-intensity/GB": "postcode:EC1A" });
  expect(service.asked[0]).toContain("/postcode/EC1A");
});

test.each([
  ["another region", { data: { ...london, regionid: 14 } }],
  ["a row without times", { data: [{ intensity: { forecast: 1 } }] }],
  ["a row of a day", { data: [{ from: "2026-03-10T00:00Z", to: "2026-03-11T00:00Z", intensity: { forecast: 1 } }] }],
  ["a list in the wrong place", { data: "none" }],
])("%s is refused", async (_, body) => {
  const { attempts } = await lookUp(() => ({ body }), { "uk-carbon-intensity/GB": "regionid:13" });
  expect(attempts[0]).toMatchObject({ code: "INTENSITY_ANSWER_INVALID" });
});

test.each([
  ["an empty object", {}],
  ["an empty list", { data: [] }],
  ["nothing but nulls", { data: [halfHour(noon, null, null)] }],
])("%s with status 200 is no data", async (_, body) => {
  const { attempts } = await lookUp(() => ({ body }));
  expect(attempts[0]).toMatchObject({ code: "INTENSITY_NO_DATA" });
});

test("a place outside Great Britain is not asked for", async () => {
  const service = await intensityService(() => ({ body: twoHalves }));
  const environment = { CARBON_OPS_UK_CARBON_INTENSITY_URL: service.url };
  const settings = { intensityProviders: "uk-carbon-intensity" };
  const { average } = await opened({ clock: clockAt("2026-03-20T00:00:00Z"), environment, settings }).lookup(
    task,
    "FR",
  );
  expect(average.attempts[0]).toMatchObject({ code: "INTENSITY_NO_DATA" });
  expect(service.asked).toEqual([]);
});

test("a region that does not exist is refused at once, before another provider answers in its place", async () => {
  const asked = lookUp(() => ({ body: twoHalves }), { "uk-carbon-intensity/GB": "regionid:18" });
  await expect(asked).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("regionid:17"),
  });
});
