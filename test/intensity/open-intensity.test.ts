import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { IntensityProvider } from "../../src/intensity/intensity.ts";
import { staticIntensity } from "../../src/intensity/static-provider.ts";
import { electricityMapsRow, intensityService } from "../support/intensity-service.ts";
import { clockAt, directoryOfTest, hours, opened } from "../support/opened-intensity.ts";

const clock = clockAt("2026-03-20T00:00:00Z");
const task = hours("2026-03-08T10:00:00Z", "2026-03-08T11:00:00Z");
const token = "em-SECRET-0123456789";

function idsOf(attempts: readonly { readonly providerId: string }[]): string[] {
  return attempts.map(({ providerId }) => providerId);
}

test("without a network and without a key the packaged table answers", async () => {
  const { average, marginal } = await opened({ clock }).lookup(task, "DE");
  expect([average.series?.providerId, marginal.series?.providerId]).toEqual(["static", "static"]);
  expect(average.attempts).toEqual([
    { providerId: "static", kind: "average", outcome: "answered", code: null, reason: null },
  ]);
});

test("services are asked by themselves once there are credentials for them, before the table", async () => {
  const service = await intensityService(() => ({ status: 404, body: {} }));
  const environment = {
    CARBON_OPS_ELECTRICITY_MAPS_TOKEN: token,
    CARBON_OPS_ELECTRICITY_MAPS_URL: `${service.url}/v4`,
  };
  const { average } = await opened({ clock, environment }).lookup(task, "DE");
  expect(idsOf(average.attempts)).toEqual(["electricity-maps", "static"]);
  expect(average.series?.providerId).toBe("static");
});

test("the setting decides who is asked and in which order, the table included", async () => {
  const settings = { intensityProviders: " uk-carbon-intensity , electricity-maps" };
  const environment = { CARBON_OPS_UK_CARBON_INTENSITY_URL: "http://127.0.0.1:1" };
  const { average } = await opened({ clock, settings, environment }).lookup(task, "GB");
  expect(average.series).toBeNull();
  expect(average.attempts).toMatchObject([
    { providerId: "uk-carbon-intensity", code: "INTENSITY_UNAVAILABLE" },
    { providerId: "electricity-maps", code: "INTENSITY_CREDENTIALS", reason: expect.stringContaining("is not set") },
  ]);
});

test("a user's own provider is asked first, or where the setting names it", async () => {
  const mine: IntensityProvider = { ...staticIntensity(clock), id: "mine" };
  const first = await opened({ clock, providers: [mine] }).lookup(task, "DE");
  const named = await opened({ clock, providers: [mine], settings: { intensityProviders: "static,mine" } }).lookup(
    task,
    "KE",
  );
  expect(idsOf(first.average.attempts)).toEqual(["mine"]);
  expect(idsOf(named.marginal.attempts)).toEqual(["static", "mine"]);
});

test.each([
  [{ intensityProviders: "electricity-map" }, {}, /did you mean electricity-maps\?/],
  [{ intensityProviders: "custom-file" }, {}, /intensityFile/],
  [{ intensityFile: "/nowhere/ours.csv", intensityProviders: "custom-file,static" }, {}, /\/nowhere\/ours\.csv/],
  [{ intensityZones: { "uk-carbon-intensity/GB": "regionid:99" } }, {}, /regionid:99/],
  [{ intensityZones: { "watttme/GB": "UK" } }, {}, /watttime/],
  [{ intensityZones: { GB: "UK" } }, {}, /provider\/zone/],
  [{ intensityProviders: "uk-carbon-intensity" }, { CARBON_OPS_UK_CARBON_INTENSITY_URL: "ftp://x" }, /http/],
  [{ intensityProviders: "electricity-maps" }, { CARBON_OPS_ELECTRICITY_MAPS_URL: "http://mirror.test/v4" }, /https/],
  [
    { intensityProviders: "watttime" },
    { CARBON_OPS_WATTTIME_URL: "https://user:SECRET@x.test" },
    /^(?!.*SECRET).*without a name/,
  ],
])("settings that cannot be are refused at once: %o %o", (settings, environment, words) => {
  expect(() => opened({ clock, settings, environment })).toThrow(words);
});

async function attemptWithKeyFile(
  mode: number,
  variables: (path: string) => Readonly<Record<string, string>>,
  content = `${token}\n`,
) {
  const service = await intensityService(() => ({
    body: { zone: "DE", data: [electricityMapsRow("DE", task.startMs, 300)] },
  }));
  const directory = directoryOfTest();
  const path = join(directory, "electricity-maps-token");
  writeFileSync(path, content);
  chmodSync(path, mode);
  const environment = { ...variables(directory), CARBON_OPS_ELECTRICITY_MAPS_URL: `${service.url}/v4` };
  const settings = { intensityProviders: "electricity-maps" };
  const { average } = await opened({ clock, environment, settings }).lookup(task, "DE");
  return {
    header: service.headers[0]?.["auth-token"] ?? null,
    attempt: average.attempts[0],
    all: JSON.stringify(average),
  };
}

const byFile = (directory: string) => ({
  CARBON_OPS_ELECTRICITY_MAPS_TOKEN_FILE: join(directory, "electricity-maps-token"),
});
const bySystemd = (directory: string) => ({ CREDENTIALS_DIRECTORY: directory });

test.each([
  ["a file that a variable names", 0o600, byFile],
  ["systemd's directory", 0o400, bySystemd],
  ["systemd's directory with an access list for the user", 0o440, bySystemd],
])("a key comes from %s", async (_, mode, variables) => {
  const { header, all } = await attemptWithKeyFile(mode, variables);
  expect(header).toBe(token);
  expect(all).not.toContain(token);
});

test.each([
  ["that its group may read", 0o640, byFile],
  ["that others may read", 0o604, byFile],
  ["of systemd that others may read", 0o444, bySystemd],
])("a file %s is refused, with what to do", async (_, mode, variables) => {
  const { header, attempt, all } = await attemptWithKeyFile(mode, variables);
  expect(header).toBeNull();
  expect(attempt).toMatchObject({ code: "INTENSITY_CREDENTIALS", reason: expect.stringContaining("chmod 600") });
  expect(all).not.toContain(token);
});

test.each([
  ["empty", "\n", "is empty"],
  ["of several lines", "one\ntwo", "several lines"],
])("a file that is %s is refused", async (_, content, words) => {
  const { attempt } = await attemptWithKeyFile(0o600, byFile, content);
  expect(attempt).toMatchObject({ code: "INTENSITY_CREDENTIALS", reason: expect.stringContaining(words) });
});

test("a directory of credentials may be set", async () => {
  const directory = directoryOfTest();
  writeFileSync(join(directory, "watttime-username"), "freddo", { mode: 0o600 });
  writeFileSync(join(directory, "watttime-password"), "SECRET", { mode: 0o600 });
  const environment = { CARBON_OPS_WATTTIME_URL: "http://127.0.0.1:1" };
  const { marginal } = await opened({ clock, environment, settings: { credentialsDirectory: directory } }).lookup(
    task,
    "DE",
  );
  expect(marginal.attempts).toMatchObject([
    { providerId: "watttime", code: "INTENSITY_UNAVAILABLE" },
    { providerId: "static", outcome: "answered" },
  ]);
});
