import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../../src/config/load.ts";
import { plantTree } from "../checks/planted-tree.ts";

test("flags win over the environment, and the environment over the file", async () => {
  const workingDirectory = plantTree({
    "carbon-ops.config.json": '{"region": "GB", "pue": 1.2, "level": 0.9, "labels": {"team": "search"}}',
  });
  const settings = await loadSettings({
    workingDirectory,
    environment: { CARBON_OPS_REGION: "FR", CARBON_OPS_PUE: "1.3", CARBON_OPS_LABELS: "stage=test" },
    flags: new Map([["region", { origin: "--region", value: "SE" }]]),
  });
  expect(settings).toEqual({ region: "SE", pue: 1.3, level: 0.9, labels: { team: "search", stage: "test" } });
});

test("without a file, environment and flags, nothing is set", async () => {
  expect(await loadSettings({ workingDirectory: plantTree({}), environment: {} })).toEqual({});
});

const files = {
  "carbon-ops.config.json": '{"region": "GB"}',
  "flag.json": '{"region": "FR"}',
  "ours.json": '{"region": "SE"}',
  "original.json": '{"region": "NO"}',
};

test.each([
  ["the file of --config", { configFile: "flag.json" }, { CARBON_OPS_CONFIG: "ours.json" }, "FR"],
  ["the file of CARBON_OPS_CONFIG", {}, { CARBON_OPS_CONFIG: "ours.json", CARBON_CONFIG_PATH: "original.json" }, "SE"],
  ["the file of the original's CARBON_CONFIG_PATH", {}, { CARBON_CONFIG_PATH: "original.json" }, "NO"],
  ["the file that lies here where no other is named", {}, {}, "GB"],
  ["empty variables name no file", {}, { CARBON_OPS_CONFIG: "", CARBON_CONFIG_PATH: "" }, "GB"],
  ["an empty variable hides no other", {}, { CARBON_OPS_CONFIG: "", CARBON_CONFIG_PATH: "original.json" }, "NO"],
])("%s is read", async (_what, request, environment, region) => {
  const workingDirectory = plantTree(files);
  expect(await loadSettings({ workingDirectory, environment, ...request })).toEqual({ region });
});

test("paths in a file that is found upward are relative to that file, not to the working directory", async () => {
  const root = plantTree({
    "carbon-ops.config.yaml": "ledger: ./records/carbon.ndjson\nledgerKey: /keys/ledger.key\n",
    "service/src/main.py": "",
  });
  expect(await loadSettings({ workingDirectory: join(root, "service/src"), environment: {} })).toEqual({
    ledger: join(root, "records/carbon.ndjson"),
    ledgerKey: "/keys/ledger.key",
  });
});

test("paths in the environment stay as they are written, for the working directory", async () => {
  const environment = { CARBON_OPS_LEDGER: "carbon.ndjson", CARBON_OPS_LEDGER_KEY: "ledger.key" };
  const settings = await loadSettings({ workingDirectory: plantTree({}), environment });
  expect(settings).toEqual({ ledger: "carbon.ndjson", ledgerKey: "ledger.key" });
});

test("an empty path in a file is refused", async () => {
  const workingDirectory = plantTree({ "carbon-ops.config.json": '{"ledger": ""}' });
  await expect(loadSettings({ workingDirectory, environment: {} })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a file may be named by an absolute path", async () => {
  const elsewhere = join(plantTree(files), "flag.json");
  const settings = await loadSettings({ workingDirectory: plantTree({}), environment: {}, configFile: elsewhere });
  expect(settings).toEqual({ region: "FR" });
});

test("a named file that is not there is an error, not an empty configuration", async () => {
  const request = { workingDirectory: plantTree(files), environment: { CARBON_CONFIG_PATH: "gone.json" } };
  await expect(loadSettings(request)).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
});

test("a wrong value in the file is named with its file and key", async () => {
  const workingDirectory = plantTree({ "carbon-ops.config.yaml": "level: 95\n" });
  const path = join(workingDirectory, "carbon-ops.config.yaml");
  await expect(loadSettings({ workingDirectory, environment: {} })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `${path}: level is 95, but must be a number from 0.01 to 0.999999, such as 0.95.`,
  });
});
