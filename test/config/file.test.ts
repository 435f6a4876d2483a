import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { configFileNames, findConfigFile } from "../../src/config/config-file-names.ts";
import { readConfigFile } from "../../src/config/file.ts";
import { type SettingName, settingNames } from "../../src/config/settings.ts";
import { plantTree } from "../checks/planted-tree.ts";

async function valuesIn(path: string): Promise<Partial<Record<SettingName, unknown>>> {
  const layer = await readConfigFile(path);
  return Object.fromEntries([...layer].map(([name, { value }]) => [name, value]));
}

test.each(configFileNames)("%s in the directory itself is found", (name) => {
  const folder = plantTree({ [name]: "{}" });
  expect(findConfigFile(folder)).toBe(join(folder, name));
});

test("without one there, the nearest file above is found", () => {
  const folder = plantTree({
    "carbon-ops.config.json": "{}",
    "service/carbon-ops.config.yml": "region: GB\n",
    "service/src/deep/main.py": "",
  });
  expect(findConfigFile(join(folder, "service/src/deep"))).toBe(join(folder, "service/carbon-ops.config.yml"));
});

test("where a directory has several, JSON comes first", () => {
  const folder = plantTree({ "carbon-ops.config.yaml": "region: GB\n", "carbon-ops.config.json": "{}" });
  expect(findConfigFile(folder)).toBe(join(folder, "carbon-ops.config.json"));
});

test("no file up to the root is no file", () => {
  expect(findConfigFile(plantTree({ "other.json": "{}" }))).toBeNull();
});

test("JSON and YAML say the same", async () => {
  const folder = plantTree({
    "a.json": '{"region": "GB", "pue": 1.2, "labels": {"team": "search"}}',
    "a.yaml": "# ours\nregion: GB\npue: 1.2\nlabels:\n  team: search\n",
  });
  const settings = { region: "GB", pue: 1.2, labels: { team: "search" } };
  expect(await valuesIn(join(folder, "a.json"))).toEqual(settings);
  expect(await valuesIn(join(folder, "a.yaml"))).toEqual(settings);
});

test("each value knows the file and the key that it came from", async () => {
  const path = join(plantTree({ "a.json": '{"pue": 1.2}' }), "a.json");
  expect((await readConfigFile(path)).get("pue")).toEqual({ origin: `${path}: pue`, value: 1.2 });
});

test("$schema is for editors and says nothing", async () => {
  const folder = plantTree({ "a.json": '{"$schema": "./schema/config.schema.json", "region": "GB"}' });
  expect(await valuesIn(join(folder, "a.json"))).toEqual({ region: "GB" });
});

test.each([
  ["a.yaml", ""],
  ["a.yaml", "# nothing yet\n"],
  ["a.json", "null"],
])("an empty %s (%j) says nothing", async (name, text) => {
  expect(await valuesIn(join(plantTree({ [name]: text }), name))).toEqual({});
});

test.each([
  ["a.json", '{"region": "GB"'],
  ["a.json", ""],
  ["a.yaml", "region: [GB\n"],
  ["a.yaml", "region: GB\nregion: FR\n"],
])("a broken %s (%j) is named in one sentence", async (name, text) => {
  const path = join(plantTree({ [name]: text }), name);
  await expect(readConfigFile(path)).rejects.toMatchObject({
    code: "CONFIG_UNREADABLE",
    message: expect.stringMatching(/^\S.* cannot be parsed \([^\n]+\); correct or remove it\.$/),
  });
  await expect(readConfigFile(path)).rejects.toThrow(path);
});

test("a file that is not there is named", async () => {
  const path = join(plantTree({}), "gone.json");
  await expect(readConfigFile(path)).rejects.toMatchObject({
    code: "CONFIG_UNREADABLE",
    message: expect.stringContaining(`${path} cannot be read (no such file or directory)`),
  });
});

test("a directory in the place of the file is no file", async () => {
  const folder = plantTree({});
  mkdirSync(join(folder, "carbon-ops.config.json"));
  await expect(readConfigFile(join(folder, "carbon-ops.config.json"))).rejects.toMatchObject({
    code: "CONFIG_UNREADABLE",
  });
});

test.each([
  ["a.json", '["GB"]'],
  ["a.json", '"GB"'],
  ["a.yaml", "- region: GB\n"],
  ["a.yaml", "GB\n"],
])("a %s that holds no table (%j) is refused", async (name, text) => {
  const path = join(plantTree({ [name]: text }), name);
  await expect(readConfigFile(path)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `${path} holds no settings: it must be a table such as {"region": "GB"}.`,
  });
});

test.each([
  ["regoin", "region"],
  ["wall_factor", "wallFactor"],
  ["Labels", "labels"],
])("the unknown key %s is refused, with %s as a suggestion", async (key, suggestion) => {
  const path = join(plantTree({ "a.json": JSON.stringify({ [key]: 1 }) }), "a.json");
  await expect(readConfigFile(path)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `${path}: ${key} is not a setting; did you mean ${suggestion}?`,
  });
});

test("an unknown key that is like no setting is refused with all settings", async () => {
  const path = join(plantTree({ "a.yaml": "xyzzy: 1\n" }), "a.yaml");
  await expect(readConfigFile(path)).rejects.toThrow(
    `${path}: xyzzy is not a setting; known ones are ${settingNames.join(", ")}.`,
  );
});

test("a file may not name code to load: it is found by where a command is started, not by who wrote it", async () => {
  const folder = plantTree({ "carbon-ops.config.json": '{"nvmlLibrary": "/tmp/anything.so"}' });
  await expect(readConfigFile(join(folder, "carbon-ops.config.json"))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("set CARBON_OPS_NVML_LIBRARY instead"),
  });
});
