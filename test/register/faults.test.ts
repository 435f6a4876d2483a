import { spawn } from "node:child_process";
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanEnvironment, endOf, type ProgramEnd, temporaryDirectory } from "../support/program.ts";
import { registerUrl, summaryOf } from "./watched-service.ts";

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
  "register/exit-hook.js",
  "register/last-words-thread.js",
  "register/record-last-words.js",
  "register/send-last-words.js",
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

/** Copies of the package, whole and with faults. */
const copies = mkdtempSync(join(tmpdir(), "carbon-ops copies "));
const whole = join(copies, "whole");

beforeAll(() => {
  const isUsed = (path: string): boolean => !path.endsWith(".d.ts") && !path.includes(".staging");
  cpSync(join(root, "dist"), join(whole, "dist"), { recursive: true, filter: isUsed });
  addSurroundings(whole);
});

afterAll(async () => {
  await Promise.allSettled(underWay);
  rmSync(copies, { recursive: true, force: true });
});

function addSurroundings(copy: string): void {
  cpSync(join(root, "package.json"), join(copy, "package.json"));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
}

/** Shares its files with the whole copy, but for one. */
function copyWith(module: string, source: string): string {
  const copy = mkdtempSync(join(copies, "fault "));
  for (const entry of readdirSync(join(whole, "dist"), { recursive: true, withFileTypes: true })) {
    const path = relative(whole, join(entry.parentPath, entry.name));
    if (entry.isDirectory()) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    if (path !== join("dist", module)) linkSync(join(whole, path), join(copy, path));
  }
  writeFileSync(join(copy, "dist", module), source);
  addSurroundings(copy);
  return copy;
}

/** Some faults take seconds to be waited out, so that the next ones run beside them. */
const ahead = 2;
const underWay: Promise<ProgramEnd>[] = [];

async function runOfFault(index: number): Promise<ProgramEnd> {
  for (const [at, [module, source]] of faults.entries()) {
    if (at >= index && at <= index + ahead) underWay[at] ??= run([registerOf(copyWith(module, source))]);
  }
  return underWay[index] ?? Promise.reject(new Error("There are no more faults."));
}

/** The application, under one copy of the package or more. */
async function run(registers: readonly string[], home = mkdtempSync(join(copies, "home "))): Promise<ProgramEnd> {
  writeFileSync(join(home, "app.mjs"), application);
  const child = spawn(
    process.execPath,
    [...registers.flatMap((register) => ["--import", register]), join(home, "app.mjs")],
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
  return endOf(child);
}

function registerOf(copy: string): string {
  return pathToFileURL(join(copy, "dist/register.js")).href;
}

test.each(faults.map(([module], index) => ({ module, index })))(
  "an application runs as ever when $module fails",
  async ({ index }) => {
    const { status, signal, stdout, stderr } = await runOfFault(index);
    expect([status, signal, stdout.toString(), stderr]).toEqual([3, null, "200 answer /a\n500 answer /b\n", ""]);
  },
);

test("two copies of the package in one process count once", async () => {
  const home = temporaryDirectory();
  const { status, stdout, stderr } = await run([registerUrl, registerOf(whole)], home);
  expect([status, stdout.toString(), stderr]).toEqual([3, "200 answer /a\n500 answer /b\n", ""]);
  const { tasks } = summaryOf(readFileSync(join(home, "summary.ndjson"), "utf8"));
  expect(tasks).toMatchObject([{ name: "GET (no route)", started: 2, completed: 1, failed: 1 }]);
});
