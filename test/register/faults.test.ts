import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { cleanEnvironment, endOf, temporaryDirectory } from "../support/program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Serves two requests, one of which fails, and ends with a code of its own. */
const application = [
  "import { createServer } from 'node:http';",
  "const server = createServer((request, response) => {",
  "  response.statusCode = request.url === '/b' ? 500 : 200;",
  "  setTimeout(() => response.end('answer ' + request.url), 5);",
  "});",
  "await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));",
  "for (const path of ['/a', '/b']) {",
  "  const response = await fetch('http://127.0.0.1:' + server.address().port + path);",
  "  console.log(response.status, await response.text());",
  "}",
  "process.exitCode = 3;",
  "server.close();",
  "server.closeAllConnections();",
].join("\n");

/** What each of these is replaced by fails when it is loaded, or when it is used. */
const modules = [
  "register/asked-for.js",
  "register/start.js",
  "register/request-tasks.js",
  "register/at-exit.js",
  "register/last-words-thread.js",
  "register/record-last-interval.js",
  "config/load.js",
  "monitor/energy-logger.js",
  "monitor/process-tasks.js",
  "monitor/task-records.js",
  "exporters/prometheus-server.js",
  "exporters/otel/otlp/sink.js",
];

const failing = "throw new Error('a fault of ours');\n";

const failingLater: Readonly<Record<string, string>> = {
  "monitor/task-contexts.js": [
    "export class TaskContexts {",
    "  get active() { throw new Error('a fault of ours'); }",
    "  watch() { throw new Error('a fault of ours'); }",
    "  flush() { throw new Error('a fault of ours'); }",
    "  enter() { throw new Error('a fault of ours'); }",
    "  leave() { throw new Error('a fault of ours'); }",
    "  run() { throw new Error('a fault of ours'); }",
    "  close() { throw new Error('a fault of ours'); }",
    "}",
  ].join("\n"),
  "register/route-names.js": [
    "const fail = () => { throw new Error('a fault of ours'); };",
    "export class RouteNames { tell() { fail(); } nameOf() { fail(); } }",
    "export { fail as requestName, fail as methodOf };",
  ].join("\n"),
  "register/summary.js": [
    "const fail = () => { throw new Error('a fault of ours'); };",
    "export { fail as summaryLine, fail as summaryText };",
  ].join("\n"),
};

const faults: readonly (readonly [string, string])[] = [
  ...modules.map((module) => [module, failing] as const),
  ...Object.entries(failingLater),
];

let copy = "";

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "carbon-ops copy "));
  const isUsed = (path: string): boolean => !path.endsWith(".d.ts");
  cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true, filter: isUsed });
  cpSync(join(root, "package.json"), join(copy, "package.json"));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Until the test ends. */
function replace(module: string, source: string): void {
  const path = join(copy, "dist", module);
  const whole = readFileSync(path);
  writeFileSync(path, source);
  onTestFinished(() => writeFileSync(path, whole));
}

test.each(faults)("an application runs as ever when %s fails", async (module, source) => {
  const home = temporaryDirectory();
  replace(module, source);
  writeFileSync(join(home, "app.mjs"), application);
  const child = spawn(
    process.execPath,
    ["--import", pathToFileURL(join(copy, "dist/register.js")).href, join(home, "app.mjs")],
    {
      cwd: home,
      env: {
        ...cleanEnvironment(home),
        CARBON_OPS_SUMMARY: join(home, "summary.ndjson"),
        CARBON_OPS_LEDGER: join(home, "ledger.ndjson"),
        CARBON_OPS_PROMETHEUS_PORT: "0",
        CARBON_OPS_SERVER_TIMING: "yes",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 40_000,
    },
  );
  const { status, signal, stdout, stderr } = await endOf(child);
  expect([status, signal, stdout.toString(), stderr]).toEqual([3, null, "200 answer /a\n500 answer /b\n", ""]);
});
