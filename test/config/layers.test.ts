import { expect, test } from "vitest";
import { environmentLayer, type Layer, mergeLayers, valueFromText } from "../../src/config/layers.ts";
import { type SettingName, type Settings, settingNames } from "../../src/config/settings.ts";

function layer(origin: string, values: Readonly<Partial<Record<SettingName, unknown>>>): Layer {
  return new Map(
    settingNames.filter((name) => name in values).map((name) => [name, { origin, value: values[name] }] as const),
  );
}

function settingsFrom(environment: Readonly<Record<string, string>>): Settings {
  return mergeLayers([environmentLayer(environment)]);
}

test("a later layer wins, and what it does not say comes from an earlier one", () => {
  const file = layer("file", { region: "GB", pue: 1.2, level: 0.9 });
  const environment = layer("environment", { region: "FR", pue: 1.3 });
  const flags = layer("flags", { region: "SE" });
  expect(mergeLayers([file, environment, flags])).toEqual({ region: "SE", pue: 1.3, level: 0.9 });
});

test("labels of all layers are put together, and the later one wins where names are equal", () => {
  const file = layer("file", { labels: { team: "search", stage: "test" } });
  const flags = layer("flags", { labels: { stage: "live", job: "7" } });
  expect(mergeLayers([file, flags])).toEqual({ labels: { team: "search", stage: "live", job: "7" } });
});

test.each([
  ["CARBON_OPS_LABELS", environmentLayer({ CARBON_OPS_LABELS: "team=search,__proto__=1" })],
  ["a.json: labels", layer("a.json: labels", { labels: JSON.parse('{"__proto__": "1"}') })],
])("a label named __proto__ in %s is refused, not lost", (origin, found) => {
  expect(() => mergeLayers([found])).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      message: `${origin} names a label __proto__, which cannot be kept; choose another name.`,
    }),
  );
});

test("labels named like members of every object are kept", () => {
  const labels = { constructor: "a", toString: "b", hasOwnProperty: "c" };
  expect(mergeLayers([layer("file", { labels })])).toEqual({ labels });
});

test("what nobody says is not set", () => {
  expect(mergeLayers([new Map(), new Map()])).toEqual({});
});

test("an environment without our variables says nothing", () => {
  expect(environmentLayer({ PATH: "/bin", PUE: "1.5" }).size).toBe(0);
});

test("an empty variable is not set", () => {
  expect(settingsFrom({ CARBON_OPS_REGION: "", CARBON_OPS_PUE: "", CARBON_OPS_LABELS: "" })).toEqual({});
});

test.each([
  ["DCL_DEFAULT_REGION", "GB", { region: "GB" }],
  ["DCL_PUE_DEFAULT", "1.4", { pue: 1.4 }],
  ["CPU_TDP_WATTS", "95", { cpuTdpWatts: 95 }],
  ["IDLE_BASELINE_WATTS", "12.5", { idleBaselineWatts: 12.5 }],
])("the Python original's variable %s is understood", (variable, text, settings) => {
  expect(settingsFrom({ [variable]: text })).toEqual(settings);
});

test("our own variable wins over the original's, unless it is empty", () => {
  expect(settingsFrom({ DCL_DEFAULT_REGION: "GB", CARBON_OPS_REGION: "FR" })).toEqual({ region: "FR" });
  expect(settingsFrom({ DCL_DEFAULT_REGION: "GB", CARBON_OPS_REGION: "" })).toEqual({ region: "GB" });
});

test("a PUE is a number where the text is one, and a profile otherwise", () => {
  expect(valueFromText("pue", "1.15")).toBe(1.15);
  expect(valueFromText("pue", "cloud-hyperscale")).toBe("cloud-hyperscale");
});

test("a region of digits stays text", () => {
  expect(settingsFrom({ CARBON_OPS_REGION: "276" })).toEqual({ region: "276" });
});

test("labels in the environment are separated by commas", () => {
  expect(settingsFrom({ CARBON_OPS_LABELS: "team=search,stage=test" })).toEqual({
    labels: { team: "search", stage: "test" },
  });
});

test.each([
  ["CARBON_OPS_PUE", "0.9", "a number from 1 to 100 or the name of a PUE profile"],
  ["CARBON_OPS_WALL_FACTOR", "much", "a number from 1 to 100"],
  ["CARBON_OPS_LEVEL", "95", "a number from 0.01 to 0.999999, such as 0.95"],
  ["CARBON_OPS_ENERGY_SOURCE", "battery", "auto, governor, powercap, msr or model"],
  ["CPU_TDP_WATTS", "-5", "a number of watts, above 0 and at most 100000"],
  ["CARBON_OPS_IDLE_BASELINE_WATTS", "12W", "a number of watts from 0 to 1000000"],
  ["CARBON_OPS_SAMPLE_INTERVAL_SECONDS", "0", "a number of seconds from 0.1 to 60"],
  ["CARBON_OPS_LABELS", "team", "labels of the form key=value, separated by commas"],
  ["CARBON_OPS_MAX_GRAMS", "0", "a positive number of grams"],
  ["CARBON_OPS_MAX_WH", "Infinity", "a positive number of watt-hours"],
  ["CARBON_OPS_BUDGET_ON", "median", "upper or mean"],
  ["CARBON_OPS_HISTORY_LIMIT", "1.5", "a whole number from 1 to 1000000"],
  ["CARBON_OPS_PROC_ROOT", "proc", "an absolute path"],
  ["CARBON_OPS_REGION", "  ", "the name of a region (see `carbon-ops regions`)"],
])("%s=%s is refused in a sentence with place, value and what is allowed", (variable, text, allowed) => {
  const shown = Number.isFinite(Number(text)) && text.trim() !== "" ? text : `"${text}"`;
  expect(() => settingsFrom({ [variable]: text })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      message: `${variable} is ${shown}, but must be ${allowed}.`,
    }),
  );
});

test.each([
  ["a number written as text", { wallFactor: "1.2" }, '"1.2"'],
  ["a label that is no text", { labels: { job: 7 } }, '{"job":7}'],
  ["a setting without a value", { region: null }, "null"],
])("%s in a file is refused and shown as it stands there", (_what, values, shown) => {
  expect(() => mergeLayers([layer("carbon-ops.config.json: x", values)])).toThrow(
    `carbon-ops.config.json: x is ${shown}, but must be `,
  );
});

test("a wrong value is refused even where a later layer replaces it", () => {
  const file = layer("file: pue", { pue: 0.5 });
  const flags = layer("--pue", { pue: 1.2 });
  expect(() => mergeLayers([file, flags])).toThrow("file: pue is 0.5");
});
