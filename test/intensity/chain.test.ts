import { expect, test } from "vitest";
import { CarbonOpsError } from "../../src/errors.ts";
import { intensityChain } from "../../src/intensity/chain.ts";
import type { IntensityProvider, IntensitySeries } from "../../src/intensity/intensity.ts";
import { staticIntensity } from "../../src/intensity/static-provider.ts";
import { clockAt, hours } from "../support/opened-intensity.ts";

const hour = hours("2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z");
const table = staticIntensity(clockAt("2026-03-20T00:00:00Z"));

/** A user's provider that gives the table's series with something changed. */
function providing(change: (series: IntensitySeries) => IntensitySeries, kinds = table.kinds): IntensityProvider {
  return { id: "mine", kinds, series: async (request) => change(await table.series(request)) };
}

function failing(error: unknown): IntensityProvider {
  const series = async (): Promise<IntensitySeries> => {
    throw error;
  };
  return { id: "mine", kinds: ["average", "marginal"], series };
}

test("the first that has a value answers, and why those before it did not is kept", async () => {
  const error = new CarbonOpsError("INTENSITY_UNAVAILABLE", "It is down.");
  const { average } = await intensityChain([failing(error), table]).lookup(hour, "DE");
  expect(average.series?.providerId).toBe("static");
  expect(average.attempts).toEqual([
    { providerId: "mine", kind: "average", outcome: "failed", code: "INTENSITY_UNAVAILABLE", reason: "It is down." },
    { providerId: "static", kind: "average", outcome: "answered", code: null, reason: null },
  ]);
});

test("an average never takes the place of a marginal rate", async () => {
  const onlyAverages = providing((series) => series, ["average"]);
  const { average, marginal } = await intensityChain([onlyAverages]).lookup(hour, "DE");
  expect(average.series?.kind).toBe("average");
  expect(marginal).toMatchObject({
    series: null,
    attempts: [{ outcome: "not_asked", reason: "It gives no marginal intensities." }],
  });
});

test("a provider that throws anything at all does not end the estimate", async () => {
  const { average } = await intensityChain([failing("tea time"), table]).lookup(hour, "DE");
  expect(average.attempts[0]).toMatchObject({ outcome: "failed", code: null, reason: "tea time" });
});

test("where nobody has a value there is none", async () => {
  const { average } = await intensityChain([]).lookup(hour, "DE");
  expect(average).toEqual({ series: null, attempts: [] });
});

test.each<[string, (series: IntensitySeries) => IntensitySeries]>([
  ["another zone", (series) => ({ ...series, zone: "FR" })],
  ["another kind", (series) => ({ ...series, kind: series.kind === "average" ? "marginal" : "average" })],
  ["a negative value", (series) => withPeriods(series, [{ gramsPerKwh: -1 }])],
  ["no number", (series) => withPeriods(series, [{ gramsPerKwh: Number.NaN }])],
  ["an infinite uncertainty", (series) => withPeriods(series, [{ relativeUncertainty: Number.POSITIVE_INFINITY }])],
  ["a period that ends before it starts", (series) => withPeriods(series, [{ endMs: 0 }])],
  ["periods that overlap", (series) => withPeriods(series, [{}, {}])],
  ["an autocorrelation above 1", (series) => ({ ...series, autocorrelationPerHour: 1.1 })],
  [
    "a shared error of 0",
    (series) => ({ ...series, errors: series.errors.map((error) => ({ ...error, relativeUncertainty: 0 })) }),
  ],
])("a provider that gives %s is refused, and the next one answers", async (_, change) => {
  const { average } = await intensityChain([providing(change), table]).lookup(hour, "DE");
  expect(average.attempts[0]).toMatchObject({ outcome: "failed", code: "INTENSITY_ANSWER_INVALID" });
  expect(average.series?.providerId).toBe("static");
});

test.each(["null", "17", "{}"])("a provider in JavaScript that gives %s is refused by name", async (text) => {
  const mine: IntensityProvider = { id: "mine", kinds: ["average"], series: async () => JSON.parse(text) };
  const { average } = await intensityChain([mine, table]).lookup(hour, "DE");
  expect(average.attempts[0]).toMatchObject({
    code: "INTENSITY_ANSWER_INVALID",
    reason: expect.stringMatching(/^The provider mine gave /),
  });
});

test("a provider whose periods lie elsewhere has no data for the interval", async () => {
  const early = providing((series) => withPeriods(series, [{ startMs: 0, endMs: 1 }]));
  const { average } = await intensityChain([early]).lookup(hour, "DE");
  expect(average.attempts[0]).toMatchObject({ outcome: "failed", code: "INTENSITY_NO_DATA" });
});

test("an aborted signal ends the question with its own reason", async () => {
  const stop = new AbortController();
  const slow: IntensityProvider = {
    id: "mine",
    kinds: ["average"],
    series: async ({ signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true })),
  };
  const answer = intensityChain([slow, table]).lookup(hour, "DE", stop.signal);
  stop.abort(new Error("enough"));
  await expect(answer).rejects.toThrow("enough");
});

function withPeriods(series: IntensitySeries, changes: readonly object[]): IntensitySeries {
  return {
    ...series,
    periods: changes.flatMap((change) => series.periods.map((period) => ({ ...period, ...change }))),
  };
}

test("a provider that ignores every signal is not waited for beyond the limit; what needs no waiting answers behind it", async () => {
  const deaf: IntensityProvider = { id: "deaf", kinds: ["average"], series: () => new Promise(() => undefined) };
  const chain = intensityChain([deaf, staticIntensity()], { withinSeconds: 0.02 });
  const { average } = await chain.lookup(null, "DE");
  expect(average.series?.providerId).toBe("static");
  expect(average.attempts[0]).toMatchObject({ providerId: "deaf", outcome: "failed", code: "INTENSITY_UNAVAILABLE" });
});

test("a provider that listens is told to stop at the limit", async () => {
  let stopped = false;
  const listening: IntensityProvider = {
    id: "listening",
    kinds: ["average"],
    series: ({ signal }) =>
      new Promise((_, reject) =>
        signal?.addEventListener("abort", () => {
          stopped = true;
          reject(signal.reason);
        }),
      ),
  };
  const { average } = await intensityChain([listening], { withinSeconds: 0.02 }).lookup(null, "DE");
  expect(stopped).toBe(true);
  expect(average.attempts[0]?.reason).toContain("not waited for longer than 0.02 s");
});
