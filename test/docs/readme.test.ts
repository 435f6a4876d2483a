import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { cleanEnvironment, temporaryDirectory } from "../support/program.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const readme = readFileSync(join(repository, "README.md"), "utf8");

test("the quick start of the README runs as it stands, prints an estimate and lets the process end", () => {
  const [, program = ""] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
  const project = temporaryDirectory();
  writeFileSync(join(project, "package.json"), "{}\n");
  mkdirSync(join(project, "node_modules"));
  symlinkSync(repository, join(project, "node_modules", "carbon-ops"));
  writeFileSync(join(project, "quick-start.mjs"), program);
  const { stdout, stderr, status } = spawnSync(process.execPath, ["quick-start.mjs"], {
    cwd: project,
    env: cleanEnvironment(project),
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(stderr).toBe("");
  expect(stdout).toContain("[ 1, 2, 3 ]");
  expect(stdout).toContain("grams:");
  expect(stdout).toContain("pue_used:");
  expect(status).toBe(0);
});

test("a logger that nobody closes does not keep the process open", () => {
  const project = temporaryDirectory();
  writeFileSync(join(project, "package.json"), "{}\n");
  mkdirSync(join(project, "node_modules"));
  symlinkSync(repository, join(project, "node_modules", "carbon-ops"));
  const program = `import { EnergyLogger } from "carbon-ops";
    const logger = await EnergyLogger.open(); await logger.logMetrics("step"); console.log("end of the program");`;
  const { stdout, status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: project,
    env: cleanEnvironment(project),
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(stdout).toBe("end of the program\n");
  expect({ status, signal }).toEqual({ status: 0, signal: null });
});

test("every page that the README and the pages of docs/ link to is there", () => {
  const pages = ["README.md", ...[...readme.matchAll(/\]\((docs\/[^)#]+)\)/g)].map(([, page = ""]) => page)];
  const missing = pages.flatMap((page) => {
    const path = join(repository, page);
    if (!existsSync(path)) return [page];
    const links = [...readFileSync(path, "utf8").matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) => link);
    return links.filter((link) => !existsSync(join(dirname(path), link))).map((link) => `${page} -> ${link}`);
  });
  expect(missing).toEqual([]);
});
