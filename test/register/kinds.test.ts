import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { testedNodes } from "../support/nodes.ts";
import { cleanEnvironment, endOf, temporaryDirectory } from "../support/program.ts";
import { registerUrl, type SummedTask, summaryOf } from "./watched-service.ts";

const kinds = fileURLToPath(new URL("apps/kinds.mjs", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

describe.each(testedNodes)("on Node.js $version", ({ path: node, version }) => {
  test("HTTPS, middleware and worker threads are requests' own, HTTP/2 and upgraded connections are as ever", async () => {
    const home = temporaryDirectory();
    const summaryFile = join(home, "summary.ndjson");
    const environment = { ...cleanEnvironment(home), CARBON_OPS_SUMMARY: summaryFile };
    const child = spawn(node, ["--import", registerUrl, kinds], { cwd: home, env: environment, timeout: 50_000 });
    const { status, stdout, stderr } = await endOf(child);
    expect([status, stderr, stdout.toString().trimEnd().split("\n")]).toEqual([
      0,
      "",
      ["200 over TLS", "over HTTP/2", "200 through middleware", "200 by a worker: 0", "echo"],
    ]);
    const { tasks } = summaryOf(readFileSync(summaryFile, "utf8"));
    const seconds = (name: string): number => tasks.find((task: SummedTask) => task.name === name)?.cpu_seconds ?? 0;
    expect(tasks.map(({ name }) => name)).toEqual(["PUT (no route)", "GET /around", "DELETE (no route)"]);
    expect(tasks.every(({ started, completed }) => started === 1 && completed === 1)).toBe(true);
    expect(seconds("PUT (no route)")).toBeGreaterThan(0.02);
    expect(seconds("GET /around")).toBeGreaterThan(0.02);
    // The worker is busy for 0.4 s; its last tenth of a second is another thread's, and others may have the CPU meanwhile.
    expect(seconds("DELETE (no route)")).toBeGreaterThan(0.05);
  });

  test("an application that may touch nothing runs as ever", async () => {
    const home = temporaryDirectory();
    const folder = join(home, "app");
    mkdirSync(folder);
    const program = join(folder, "program.mjs");
    writeFileSync(program, "console.log('runs'); process.exitCode = 3;");
    const flag = version.startsWith("v20.") ? "--experimental-permission" : "--permission";
    const permissions = [flag, `--allow-fs-read=${root}*`, `--allow-fs-read=${folder}/*`, "--no-warnings"];
    const run = async (argv: readonly string[], asked: Readonly<Record<string, string>>) => {
      const env = { ...cleanEnvironment(home), ...asked };
      const child = spawn(node, [...permissions, ...argv, program], { cwd: folder, env, timeout: 50_000 });
      const { status, signal, stdout, stderr } = await endOf(child);
      return { status, signal, stdout: stdout.toString(), stderr };
    };
    const asked = { CARBON_OPS_SUMMARY: "stderr", CARBON_OPS_LEDGER: join(home, "ledger.ndjson") };
    const [alone, watched] = await Promise.all([run([], {}), run(["--import", registerUrl], asked)]);
    expect(alone).toMatchObject({ status: 3, stdout: "runs\n", stderr: "" });
    expect(watched).toMatchObject({ status: 3, signal: null, stdout: "runs\n" });
    expect(watched.stderr).toMatch(/^carbon-ops: tasks of process \d+\n[\s\S]* Access to this API has been restricted/);
  });
});
