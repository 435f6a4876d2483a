import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { commandEntries } from "../../src/cli/commands.ts";
import { carbonOps } from "../support/program.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

test("--version prints the version of the package", async () => {
  const manifest: unknown = JSON.parse(readFileSync(`${repository}package.json`, "utf8"));
  const { stdout, status } = await carbonOps(["--version"]);
  expect(manifest).toMatchObject({ version: stdout.toString().trim() });
  expect(status).toBe(0);
});

test.each(commandEntries.map(({ name }) => name))("%s --help explains it with an example", async (name) => {
  const { stdout, status } = await carbonOps([name, "--help"]);
  expect(stdout.toString()).toContain("Example");
  expect(stdout.toString()).toContain(`carbon-ops ${name}`);
  expect(status).toBe(0);
  const long = await carbonOps(["help", name]);
  expect(long.stdout.toString()).toBe(stdout.toString());
});

test("without a command, the help is shown and the status is 2", async () => {
  const { stdout, status } = await carbonOps([]);
  for (const { name } of commandEntries) expect(stdout.toString()).toContain(name);
  expect(status).toBe(2);
});

test.each([
  [["doctr"], "doctor"],
  [["doctor", "--jsno"], "--json"],
  [["regions", "--jsn"], "--json"],
  [["ledger", "verfy", "x"], "verify"],
  [["settle"], "`carbon-ops settle --help`"],
  [["ledger", "stats"], "`carbon-ops ledger stats --help`"],
])("%j: the nearest match is suggested, status 2", async (argv, suggestion) => {
  const { stdout, stderr, status } = await carbonOps(argv);
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(stderr).toContain(suggestion);
  expect(stdout.toString()).toBe("");
  expect(status).toBe(2);
});

test("a reader that goes away is no error", () => {
  const shell = `"$0" dist/cli/bin.js regions 2>&1 >&3 3>&- | cat; echo "$?"`;
  const { stdout } = spawnSync("sh", ["-c", `{ ${shell}; } 3>&1 | head -n 1`, process.execPath], { cwd: repository });
  expect(stdout.toString().split("\n")[0]).toContain("region");
});

test("the pages of codes and settings say what the code says", () => {
  const { stderr, status } = spawnSync(process.execPath, ["scripts/write-docs.mjs", "--check"], { cwd: repository });
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
});
