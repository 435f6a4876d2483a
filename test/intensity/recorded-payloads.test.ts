import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { intensityService } from "../support/intensity-service.ts";
import { clockAt, opened } from "../support/opened-intensity.ts";

/** Answers that the services have really given, where a checkout lies beside them. */
const directory = fileURLToPath(new URL("../../../shared/reference/payloads/", import.meta.url));

/** What must become of a file, by its name; an answer with values otherwise. */
const endings: readonly (readonly [name: RegExp, code: string])[] = [
  [
    /-sandbox|-other-zone|-yearly|-direct\.|-zones-|-co2signal-|-aoer|uk-regional-200|stats|generation|factors/,
    "INTENSITY_ANSWER_INVALID",
  ],
  [/signal-index|my-access|region-from-loc-200|forecast-historical|register|login-200/, "INTENSITY_ANSWER_INVALID"],
  [/empty|404/, "INTENSITY_NO_DATA"],
  [/401-no-access|403-scope/, "INTENSITY_PLAN"],
  [/401/, "INTENSITY_CREDENTIALS"],
  [/403|500/, "INTENSITY_UNAVAILABLE"],
  [/429/, "INTENSITY_RATE_LIMITED"],
  [/400|422/, "INTENSITY_ANSWER_INVALID"],
];

const files = existsSync(directory)
  ? readdirSync(directory).filter((name) => /^(electricitymaps|uk|watttime)-/.test(name))
  : [];

for (const name of files) {
  const text = readFileSync(`${directory}${name}`, "utf8");
  test(`recorded answer ${name}`, async () => {
    const status = Number(/-(\d{3})[-.]/.exec(name)?.[1] ?? (name.includes("legacy") ? 200 : 0));
    const service = await intensityService(({ pathname }) => {
      const isLogin = pathname === "/login" && !name.startsWith("watttime-login");
      return isLogin ? { body: { token: "t" } } : { status, body: text };
    });
    const { answer, zone } = await answerTo(name, text, service.url);
    const expected = expectedOf(name);
    const [attempt] = answer.attempts;
    expect(attempt?.code ?? null).toBe(expected);
    expect(answer.series === null).toBe(expected !== null);
    for (const { gramsPerKwh } of answer.series?.periods ?? []) expect(gramsPerKwh).toBeGreaterThanOrEqual(0);
    expect(answer.series?.zone ?? zone).toBe(zone);
    expect(attempt?.reason ?? "One.").toMatch(/^[^\n]*\.$/);
  });
}

test("every recorded answer has been looked at, where there are any", () => {
  expect(files.length === 0 || files.length > 40).toBe(true);
});

function expectedOf(name: string): string | null {
  return endings.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

async function answerTo(name: string, text: string, url: string) {
  const times = [...text.matchAll(/"(?:datetime|from|to|point_time)": ?"([^"]+)"/g)].map(([, time = ""]) =>
    Date.parse(time),
  );
  const startMs = times.length === 0 ? Date.parse("2026-03-10T00:00:00Z") : Math.min(...times);
  const interval = { startMs, endMs: Math.min(Math.max(...times, startMs) + 60_000, startMs + 86_400_000) };
  const [provider, zone, theirs] = providerOf(name, text);
  const settings = { intensityProviders: provider, intensityZones: { [`${provider}/${zone}`]: theirs } };
  const clock = clockAt(new Date(interval.endMs + 30 * 86_400_000).toISOString());
  const environment = {
    CARBON_OPS_ELECTRICITY_MAPS_TOKEN: "k",
    CARBON_OPS_ELECTRICITY_MAPS_URL: `${url}/v4`,
    CARBON_OPS_WATTTIME_USERNAME: "u",
    CARBON_OPS_WATTTIME_PASSWORD: "p",
    CARBON_OPS_WATTTIME_URL: url,
    CARBON_OPS_UK_CARBON_INTENSITY_URL: url,
  };
  const { average, marginal } = await opened({ clock, environment, settings }).lookup(interval, zone);
  return { answer: provider === "watttime" ? marginal : average, zone };
}

function providerOf(name: string, text: string): readonly [provider: string, zone: string, theirs: string] {
  if (name.startsWith("uk-"))
    return ["uk-carbon-intensity", "GB", name.includes("regional") ? "regionid:13" : "national"];
  if (name.startsWith("watttime")) {
    return ["watttime", "US-CAL-CISO", /"region": ?"([^"]+)"/.exec(text)?.[1] ?? "CAISO_NORTH"];
  }
  const zone = name.includes("other-zone") ? "DE" : (/"zone": ?"([^"]+)"/.exec(text)?.[1] ?? "DE");
  return ["electricity-maps", zone, zone];
}
