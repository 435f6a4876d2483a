import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { intensityService, type Reaction, wattTimeBody } from "../support/intensity-service.ts";
import { clockAt, hours, opened } from "../support/opened-intensity.ts";

const midnight = Date.parse("2026-03-10T00:00:00Z");
const task = hours("2026-03-10T00:05:00Z", "2026-03-10T00:20:00Z");
const password = 'p"SECRET-ss';

interface Asking {
  readonly zone?: string;
  readonly interval?: { readonly startMs: number; readonly endMs: number };
  readonly zones?: Record<string, string>;
  readonly clock?: ReturnType<typeof clockAt>;
}

async function serviceOf(react: (path: URL, request: IncomingMessage) => Reaction) {
  let logins = 0;
  const service = await intensityService((path, request) => {
    if (path.pathname !== "/login") return react(path, request);
    logins += 1;
    return { body: { token: `token-${logins}` } };
  });
  return { service, logins: () => logins };
}

function lookup(url: string, clock = clockAt("2026-04-01T00:00:00Z"), zones: Record<string, string> = {}) {
  const environment = {
    CARBON_OPS_WATTTIME_USERNAME: "freddo",
    CARBON_OPS_WATTTIME_PASSWORD: password,
    CARBON_OPS_WATTTIME_URL: url,
  };
  return opened({ clock, environment, settings: { intensityProviders: "watttime", intensityZones: zones } });
}

async function marginalOf(react: (path: URL, request: IncomingMessage) => Reaction, asking: Asking = {}) {
  const { service, logins } = await serviceOf(react);
  const { zone = "US-CAL-CISO", interval = task, zones, clock } = asking;
  const { marginal } = await lookup(service.url, clock, zones).lookup(interval, zone);
  return { ...marginal, service, logins };
}

test("pounds per megawatt-hour become grams by the exact factor", async () => {
  const { series } = await marginalOf(() => ({ body: wattTimeBody(midnight, [870, 860.2, 861.9]) }));
  expect(series?.periods.map(({ gramsPerKwh }) => gramsPerKwh)).toEqual([
    870 * 0.45359237,
    860.2 * 0.45359237,
    861.9 * 0.45359237,
  ]);
  expect(series).toMatchObject({ kind: "marginal", scope: "direct", periodSeconds: 300, providerZone: "CAISO_NORTH" });
  expect(series?.providerVersion).toContain("2023-03-01");
});

test("a marginal rate of 0 is a value", async () => {
  const { series } = await marginalOf(() => ({ body: wattTimeBody(midnight, [12, 0, 0]) }));
  expect(series?.periods.map(({ gramsPerKwh }) => gramsPerKwh)).toEqual([12 * 0.45359237, 0, 0]);
});

test("a null is a gap", async () => {
  const { series } = await marginalOf(() => ({ body: wattTimeBody(midnight, [12, null, 0]) }));
  expect(series?.periods).toHaveLength(2);
});

test("it gives no average, whoever asks", async () => {
  const { service } = await serviceOf(() => ({ body: wattTimeBody(midnight, [870]) }));
  const { average } = await lookup(service.url).lookup(task, "US-CAL-CISO");
  expect(average).toMatchObject({ series: null, attempts: [{ outcome: "not_asked" }] });
});

test("one login serves all questions until the token is 25 minutes old", async () => {
  const clock = clockAt("2026-04-01T00:00:00Z");
  const { service, logins } = await serviceOf(() => ({ body: wattTimeBody(midnight, [870]) }));
  const intensity = lookup(service.url, clock);
  await Promise.all([intensity.lookup(task, "US-CAL-CISO"), intensity.lookup(task, "US-CAL-LDWP")]);
  const first = logins();
  clock.advanceMs(26 * 60_000);
  await intensity.lookup(hours("2026-03-11T00:00:00Z", "2026-03-11T01:00:00Z"), "US-CAL-CISO");
  expect([first, logins()]).toEqual([1, 2]);
});

test("a token revoked in the middle of a long time is renewed once, and everything arrives", async () => {
  let questions = 0;
  const { series, logins, service } = await marginalOf(
    (path, { headers }) => {
      questions += 1;
      const isRevoked = questions > 1 && headers.authorization === "Bearer token-1";
      if (isRevoked) return { status: 401, body: { error: "INVALID_TOKEN", message: "expired" } };
      return { body: wattTimeBody(Date.parse(path.searchParams.get("start") ?? ""), [870]) };
    },
    { interval: hours("2026-01-01T00:00:00Z", "2026-02-15T00:00:00Z") },
  );
  const starts = service.asked
    .filter((path) => path.startsWith("/v3/historical"))
    .map((path) => /start=([^&]*)/.exec(path)?.[1]);
  expect(series?.periods).toHaveLength(2);
  expect(logins()).toBe(2);
  expect(starts).toEqual(["2026-01-01T00%3A00%3A00Z", "2026-02-01T00%3A00%3A00Z", "2026-02-01T00%3A00%3A00Z"]);
});

test("a token that is refused for good ends in one sentence and what was already fetched", async () => {
  let questions = 0;
  const { series, attempts, logins } = await marginalOf(
    (path) => {
      questions += 1;
      if (questions > 1) return { status: 401, body: { error: "INVALID_TOKEN" } };
      return { body: wattTimeBody(Date.parse(path.searchParams.get("start") ?? ""), [870]) };
    },
    { interval: hours("2026-01-01T00:00:00Z", "2026-02-15T00:00:00Z") },
  );
  expect(series?.periods).toHaveLength(1);
  expect(attempts[0]).toMatchObject({ outcome: "answered", code: "INTENSITY_CREDENTIALS" });
  expect(logins()).toBe(2);
});

test("stretches end a second before the next begins, so that no point counts twice", async () => {
  const { service } = await marginalOf(() => ({ body: wattTimeBody(midnight, [870]) }));
  expect(service.asked.at(-1)).toContain("start=2026-03-10T00%3A00%3A00Z&end=2026-03-10T00%3A59%3A59Z");
});

test.each([
  ["another unit", { units: "kg_co2_per_mwh" }],
  ["no unit", { units: undefined }],
  ["another region", { region: "PJM_DC" }],
  ["another signal", { signal_type: "health_damage" }],
  ["points of no length", { data_point_period_seconds: 0 }],
])("%s is refused", async (_, meta) => {
  const { attempts } = await marginalOf(() => ({ body: wattTimeBody(midnight, [870], meta) }));
  expect(attempts[0]).toMatchObject({ outcome: "failed", code: "INTENSITY_ANSWER_INVALID" });
});

test.each<[string, Reaction, string]>([
  [
    "403 for the plan",
    { status: 403, body: { error: "INVALID_SCOPE", message: "no sufficient access" } },
    "INTENSITY_PLAN",
  ],
  ["403 of a network on the way", { status: 403, body: "<HTML>no access</HTML>" }, "INTENSITY_UNAVAILABLE"],
  ["422", { status: 422, body: { detail: [{ msg: "invalid datetime" }] } }, "INTENSITY_ANSWER_INVALID"],
  ["404", { status: 404, body: { error: "COORDINATES_NOT_FOUND" } }, "INTENSITY_NO_DATA"],
  ["an empty list", { body: wattTimeBody(midnight, []) }, "INTENSITY_NO_DATA"],
])("%s is told apart, without another login", async (_, reaction, code) => {
  const { attempts, logins } = await marginalOf(() => reaction);
  expect(attempts[0]).toMatchObject({ outcome: "failed", code });
  expect(logins()).toBe(1);
});

test("a refused login names the variables, and no secret", async () => {
  const basic = Buffer.from(`freddo:${password}`).toString("base64");
  const service = await intensityService(() => ({ status: 401, body: { error: `bad ${basic} ${password}` } }));
  const { marginal } = await lookup(service.url).lookup(task, "US-CAL-CISO");
  const text = JSON.stringify(marginal);
  expect(marginal.attempts[0]).toMatchObject({
    code: "INTENSITY_CREDENTIALS",
    reason: expect.stringContaining("WATTTIME_PASSWORD"),
  });
  expect(text).not.toContain("SECRET");
  expect(text).not.toContain(basic);
});

test("a zone without a known region is asked for by its place, once", async () => {
  const { service } = await serviceOf(({ pathname }) =>
    pathname.endsWith("region-from-loc")
      ? { body: { region: "AESO", region_full_name: "Alberta", signal_type: "co2_moer" } }
      : { body: wattTimeBody(midnight, [870, 870], { region: "AESO" }) },
  );
  const intensity = lookup(service.url);
  const { marginal } = await intensity.lookup(task, "CA-AB");
  await intensity.lookup(hours("2026-03-11T00:00:00Z", "2026-03-11T01:00:00Z"), "CA-AB");
  expect(marginal.series?.providerZone).toBe("AESO");
  expect(service.asked.filter((path) => path.includes("region-from-loc"))).toEqual([
    "/v3/region-from-loc?signal_type=co2_moer&latitude=51.05&longitude=-114.07",
  ]);
});

test("a user's mapping wins over the packaged one, by region or by place", async () => {
  const react = ({ pathname }: URL): Reaction =>
    pathname.endsWith("region-from-loc")
      ? { body: { region: "KEN" } }
      : { body: wattTimeBody(midnight, [870, 870], { region: "KEN" }) };
  const byRegion = await marginalOf(react, { zone: "DE", zones: { "watttime/DE": "KEN" } });
  const byPlace = await marginalOf(react, { zone: "KE", zones: { "watttime/KE": "-1.29/36.82" } });
  expect([byRegion, byPlace].map(({ series }) => series?.providerZone)).toEqual(["KEN", "KEN"]);
});

test.each([
  ["binned_regression", 0.125],
  ["heatrate", 0.125],
  ["average", 0.25],
  ["synthetic_proxy", 0.35],
  ["something new", 0.25],
])("a model of type %s errs by %f, the same in every point", async (type, error) => {
  const body = wattTimeBody(midnight, [870, 860], { model: { date: "2023-03-01", type } });
  const { series } = await marginalOf(() => ({ body }));
  expect(series?.errors[0]?.relativeUncertainty).toBeCloseTo(error, 12);
  expect(series?.periods.map(({ relativeUncertainty }) => relativeUncertainty)).toEqual([0, 0]);
});

test("an imputed point errs by 10 % more, and that part is its own", async () => {
  const body = wattTimeBody(midnight, [870, 860]);
  const data = body.data.map((point, index) => ({ ...point, imputed_data_used: index === 1 }));
  const { series } = await marginalOf(() => ({ body: { ...body, data } }));
  const [first, second] = series?.periods ?? [];
  expect(first?.relativeUncertainty).toBe(0);
  expect(Math.hypot(second?.relativeUncertainty ?? 0, 0.125)).toBeCloseTo(0.225, 12);
});
