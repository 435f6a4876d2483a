import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plantRepository, runNode } from "./planted-tree.ts";

const sources = {
  "src/index.ts": 'export { one } from "./parts/one.ts";\nexport type Later = import("./parts/one.ts").One;\n',
  "src/parts/one.ts": 'export type One = number;\nexport const one: One = 1;\nexport const text = "./parts/one.ts";\n',
  "src/cli/bin.ts": '#!/usr/bin/env node\nimport { one } from "../index.ts";\nprocess.exitCode = one;\n',
};

async function setUp(folder: string): Promise<string> {
  const { status, output } = await runNode(folder, ["scripts/set-up.mjs"]);
  expect({ status, output }).toEqual({ status: 0, output: expect.any(String) });
  return output;
}

test("set-up builds what is missing, and a second one neither does nor says anything", async () => {
  const folder = plantRepository(sources);
  expect(await setUp(folder)).toContain("Building");
  const built = statSync(join(folder, "dist/index.js"), { bigint: true }).mtimeNs;
  expect(await setUp(folder)).toBe("");
  expect(statSync(join(folder, "dist/index.js"), { bigint: true }).mtimeNs).toBe(built);
});

test("the program is executable, and declarations name files that exist", async () => {
  const folder = plantRepository(sources);
  await setUp(folder);
  expect(statSync(join(folder, "dist/cli/bin.js")).mode & 0o777).toBe(0o755);
  const declarations = readFileSync(join(folder, "dist/index.d.ts"), "utf8");
  expect(declarations).toContain('from "./parts/one.js"');
  expect(declarations).toContain('import("./parts/one.js")');
  expect(readFileSync(join(folder, "dist/parts/one.d.ts"), "utf8")).toContain('text = "./parts/one.ts"');
});

test("after a source changed or went, dist is as the sources are", async () => {
  const folder = plantRepository({ ...sources, "src/old/gone.ts": "export const gone = 1;\n" });
  await setUp(folder);
  writeFileSync(join(folder, "src/parts/one.ts"), "export type One = number;\nexport const one: One = 2;\n");
  rmSync(join(folder, "src/old/gone.ts"));
  await setUp(folder);
  expect(readFileSync(join(folder, "dist/parts/one.js"), "utf8")).toContain("one = 2");
  expect(existsSync(join(folder, "dist/old"))).toBe(false);
});

test.each([
  ["changed", (path: string) => writeFileSync(path, "broken")],
  ["removed", (path: string) => rmSync(path)],
])("an output that somebody %s is built again", async (_how, damage) => {
  const folder = plantRepository(sources);
  await setUp(folder);
  damage(join(folder, "dist/index.js"));
  await setUp(folder);
  expect(readFileSync(join(folder, "dist/index.js"), "utf8")).toContain("./parts/one.js");
});

test("sources that do not compile are reported with the compiler's words, and the last good build stays", async () => {
  const folder = plantRepository(sources);
  await setUp(folder);
  writeFileSync(join(folder, "src/index.ts"), "export const wrong: number = 'text';\n");
  const { status, output } = await runNode(folder, ["scripts/set-up.mjs"]);
  expect(status).toBe(1);
  expect(output).toContain("src/index.ts");
  expect(readFileSync(join(folder, "dist/index.js"), "utf8")).toContain("./parts/one.js");
});

test("set-ups at the same time do not disturb each other", async () => {
  const folder = plantRepository(sources);
  const children = Array.from({ length: 3 }, () =>
    spawn(process.execPath, ["scripts/set-up.mjs"], { cwd: folder, stdio: "ignore" }),
  );
  const statuses = await Promise.all(children.map(async (child) => (await once(child, "close"))[0]));
  expect(statuses).toEqual([0, 0, 0]);
  expect(await setUp(folder)).toBe("");
});
