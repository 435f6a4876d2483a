import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  electricityMapsRow,
  type IntensityService,
  intensityService,
  type Reaction,
} from "../support/intensity-service.ts";
import { clockAt, directoryOfTest, hours, opened, type SetClock } from "../support/opened-intensity.ts";

const hourMs = 3_600_000;

/** A service that knows every hour until its own now. */
function everyHour(clock: SetClock, grams = 300): (path: URL) => Reaction {
  return (path) => {
    const nowMs = clock.wallMs();
    const start = Date.parse(path.searchParams.get("start") ?? new Date(nowMs - 23 * hourMs).toISOString());
    const end = Math.min(Date.parse(path.searchParams.get("end") ?? "2100-01-01T00:00:00Z"), nowMs);
    const first = Math.floor(start / hourMs) * hourMs;
    const rows = Array.from({ length: Math.ceil((end - first) / hourMs) }, (_, index) =>
      electricityMapsRow("DE", first + index * hourMs, grams),
    );
    return { body: { zone: "DE", data: rows } };
  };
}

function lookup(service: IntensityService, clock: SetClock, directory: string, more: object = {}) {
  return opened({
    clock,
    settings: { intensityProviders: "electricity-maps", cacheDirectory: directory, ...more },
    environment: {
      CARBON_OPS_ELECTRICITY_MAPS_TOKEN: "key",
      CARBON_OPS_ELECTRICITY_MAPS_URL: `${service.url}/v4`,
    },
  });
}

const settled = hours("2026-03-08T10:00:00Z", "2026-03-08T12:00:00Z");

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(directory, name));
}

test("hours that are settled are fetched once, ever", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const directory = directoryOfTest();
  const intensity = lookup(service, clock, directory);
  const first = await intensity.lookup(settled, "DE");
  clock.advanceMs(400 * 24 * hourMs);
  const again = await intensity.lookup(settled, "DE");
  const inAnotherProcess = await lookup(service, clock, directory).lookup(settled, "DE");
  expect(service.asked).toHaveLength(1);
  expect(first.average.series).toMatchObject({ cache: "miss", cacheAgeSeconds: 0 });
  expect(again.average.series).toMatchObject({ cache: "hit", cacheAgeSeconds: 400 * 24 * 3600 });
  const { shortfall: _, ...same } = { shortfall: null, ...inAnotherProcess.average.series };
  expect(same).toEqual(again.average.series);
});

test("only the hours that are missing are asked for", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const intensity = lookup(service, clock, directoryOfTest());
  await intensity.lookup(settled, "DE");
  const { average } = await intensity.lookup(hours("2026-03-08T10:00:00Z", "2026-03-08T15:00:00Z"), "DE");
  expect(service.asked[1]).toContain("start=2026-03-08T12%3A00%3A00Z&end=2026-03-08T15%3A00%3A00Z");
  expect(average.series?.periods).toHaveLength(5);
});

test("the newest hour is asked for again after five minutes, yesterday's after an hour", async () => {
  const clock = clockAt("2026-03-10T12:30:00Z");
  const service = await intensityService(everyHour(clock));
  const intensity = lookup(service, clock, directoryOfTest());
  const newest = hours("2026-03-10T12:00:00Z", "2026-03-10T12:20:00Z");
  const yesterday = hours("2026-03-09T10:00:00Z", "2026-03-09T11:00:00Z");
  const countAfter = async (milliseconds: number): Promise<number> => {
    clock.advanceMs(milliseconds);
    await intensity.lookup(newest, "DE");
    await intensity.lookup(yesterday, "DE");
    return service.asked.length;
  };
  expect(await countAfter(0)).toBe(2);
  expect(await countAfter(4 * 60_000)).toBe(2);
  expect(await countAfter(2 * 60_000)).toBe(3);
  expect(await countAfter(58 * 60_000)).toBe(5);
});

test("many who ask at once make one request", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const intensity = lookup(service, clock, directoryOfTest());
  const all = await Promise.all(Array.from({ length: 50 }, () => intensity.lookup(settled, "DE")));
  expect(all.every(({ average }) => average.series?.periods.length === 2)).toBe(true);
  expect(service.asked).toHaveLength(1);
  expect(intensity.counters["electricity-maps"]).toMatchObject({
    cacheHits: 49,
    cacheMisses: 1,
    requests: 1,
    errors: 0,
  });
});

test("one who gives up does not end the request of another", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const intensity = lookup(service, clock, directoryOfTest());
  const stop = new AbortController();
  const given = intensity.lookup(settled, "DE", stop.signal);
  const kept = intensity.lookup(settled, "DE");
  stop.abort(new Error("enough"));
  await expect(given).rejects.toThrow("enough");
  expect((await kept).average.series?.periods).toHaveLength(2);
});

test("a failed service is asked again only after a minute, whoever asks", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(() => ({ status: 500, body: "" }));
  const intensity = lookup(service, clock, directoryOfTest());
  await Promise.all(Array.from({ length: 20 }, () => intensity.lookup(settled, "DE")));
  const tries = service.asked.length;
  clock.advanceMs(61_000);
  await intensity.lookup(settled, "DE");
  expect([tries, service.asked.length]).toEqual([3, 6]);
});

test("when the service fails, what is stored of those hours answers and says why it is old", async () => {
  const clock = clockAt("2026-03-10T12:30:00Z");
  let isDown = false;
  const answer = everyHour(clock);
  const service = await intensityService((path) => (isDown ? { status: 503, body: "" } : answer(path)));
  const intensity = lookup(service, clock, directoryOfTest());
  const newest = hours("2026-03-10T12:00:00Z", "2026-03-10T12:20:00Z");
  await intensity.lookup(newest, "DE");
  isDown = true;
  clock.advanceMs(10 * 60_000);
  const { average } = await intensity.lookup(newest, "DE");
  expect(average.series).toMatchObject({ cache: "hit", cacheAgeSeconds: 600, isProvisional: true });
  expect(average.attempts[0]).toMatchObject({ outcome: "answered", code: "INTENSITY_UNAVAILABLE" });
});

test("offline, what is stored answers and nothing is asked", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const directory = directoryOfTest();
  await lookup(service, clock, directory).lookup(settled, "DE");
  const intensity = lookup(service, clock, directory, { intensityOffline: "yes" });
  const stored = await intensity.lookup(settled, "DE");
  const other = await intensity.lookup(hours("2026-03-07T10:00:00Z", "2026-03-07T11:00:00Z"), "DE");
  expect(stored.average.series?.cache).toBe("hit");
  expect(other.average).toMatchObject({ series: null, attempts: [{ code: "INTENSITY_OFFLINE" }] });
  expect(service.asked).toHaveLength(1);
});

test.each([
  ["cut off", (text: string) => text.slice(0, -20)],
  ["empty", () => ""],
  ["of another form", (text: string) => text.replace("carbon-ops-intensity-1", "carbon-ops-intensity-9")],
  ["another key's", (text: string) => text.replace("2026-03-08", "2026-03-09")],
  ["with a value that is none", (text: string) => text.replace('"gramsPerKwh":300', '"gramsPerKwh":-300')],
  ["with a list that is none", (text: string) => text.replace(/"periods":\[.*\]/, '"periods":{}')],
])("an entry that is %s counts as absent and is replaced", async (_, spoil) => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const directory = directoryOfTest();
  await lookup(service, clock, directory).lookup(settled, "DE");
  const [file = ""] = filesIn(directory);
  const text = readFileSync(file, "utf8");
  writeFileSync(file, spoil(text));
  const intensity = lookup(service, clock, directory);
  const { average } = await intensity.lookup(settled, "DE");
  expect(average.series).toMatchObject({ cache: "miss" });
  expect(average.series?.periods).toHaveLength(2);
  expect(intensity.counters["electricity-maps"]?.cacheReadErrors).toBeGreaterThan(0);
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("entries can be read by their owner alone, and hold no key", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const directory = directoryOfTest();
  await lookup(service, clock, directory).lookup(settled, "DE");
  const [file = ""] = filesIn(directory);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).not.toContain('"key"=');
  expect(readdirSync(directory, { recursive: true }).filter((name) => String(name).includes(".json."))).toEqual([]);
});

test("a disk that takes nothing is counted, and the values serve from memory", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const file = join(directoryOfTest(), "in-the-way");
  writeFileSync(file, "");
  const intensity = lookup(service, clock, file);
  await intensity.lookup(settled, "DE");
  const { average } = await intensity.lookup(settled, "DE");
  expect(average.series).toMatchObject({ cache: "hit" });
  expect(intensity.counters["electricity-maps"]).toMatchObject({ cacheWriteErrors: 1, requests: 1 });
});

test("two processes that write the same day keep what both of them fetched", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const directory = directoryOfTest();
  const [left, right] = [lookup(service, clock, directory), lookup(service, clock, directory)];
  await left.lookup(settled, "DE");
  await right.lookup(hours("2026-03-08T12:00:00Z", "2026-03-08T14:00:00Z"), "DE");
  const both = await lookup(service, clock, directory, { intensityOffline: "yes" }).lookup(
    hours("2026-03-08T10:00:00Z", "2026-03-08T14:00:00Z"),
    "DE",
  );
  expect(both.average.series?.periods).toHaveLength(4);
});

test("a hole in the data is not asked for at every look", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(() => ({ body: { zone: "DE", data: [] } }));
  const intensity = lookup(service, clock, directoryOfTest());
  await intensity.lookup(settled, "DE");
  await intensity.lookup(settled, "DE");
  clock.advanceMs(25 * hourMs);
  await intensity.lookup(settled, "DE");
  expect(service.asked).toHaveLength(2);
});

test("a clock that runs ahead is named when there is nothing for those hours", async () => {
  const clock = clockAt("2026-03-20T03:00:00Z");
  const date = "Fri, 20 Mar 2026 00:00:00 GMT";
  const service = await intensityService(() => ({ body: { zone: "DE", data: [] }, headers: { date } }));
  const intensity = lookup(service, clock, directoryOfTest());
  const { average } = await intensity.lookup(hours("2026-03-20T02:00:00Z", "2026-03-20T03:00:00Z"), "DE");
  expect(average.attempts[0]?.reason).toContain("this machine's clock is 180 min ahead of the service's");
});

test("hours that lie in the future are not asked for", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const { average } = await lookup(service, clock, directoryOfTest()).lookup(
    hours("2026-03-21T02:00:00Z", "2026-03-21T03:00:00Z"),
    "DE",
  );
  expect(average.attempts[0]).toMatchObject({ code: "INTENSITY_NO_DATA", reason: expect.stringContaining("future") });
  expect(service.asked).toEqual([]);
});

test("where the time is not known no hour can be asked for", async () => {
  const clock = clockAt("2026-03-20T00:00:00Z");
  const service = await intensityService(everyHour(clock));
  const { average } = await lookup(service, clock, directoryOfTest()).lookup(null, "DE");
  expect(average.attempts[0]).toMatchObject({ code: "INTENSITY_NO_DATA" });
});
