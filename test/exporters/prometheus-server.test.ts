import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { prometheusFromSettings, servePrometheus } from "../../src/exporters/prometheus-server.ts";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { sampleOf } from "../support/http.ts";
import { movingHost } from "../support/moving-host.ts";
import { cleanEnvironment, endOf, type ProgramEnd, temporaryDirectory } from "../support/program.ts";

async function openLogger(): Promise<EnergyLogger> {
  const logger = await EnergyLogger.open({
    roots: { ...movingHost(100, 0.5), proc: "/proc" },
    energySource: "powercap",
  });
  onTestFinished(() => logger.close());
  return logger;
}

/** Runs a program of its own that uses the built package. */
async function run(lines: readonly string[]): Promise<ProgramEnd> {
  const home = temporaryDirectory();
  const entry = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
  const path = join(home, "program.mjs");
  const imports = `import { EnergyLogger, prometheusSink, servePrometheus } from ${JSON.stringify(entry)};`;
  writeFileSync(path, [imports, ...lines].join("\n"));
  return endOf(
    spawn(process.execPath, [path], { cwd: home, env: cleanEnvironment(home), stdio: ["ignore", "pipe", "pipe"] }),
  );
}

test("the page of a service is on this host alone, until its logger is closed", async () => {
  const logger = await openLogger();
  const { address, problem } = await servePrometheus(logger, { port: 0 });
  expect([address?.host, problem]).toEqual(["127.0.0.1", null]);
  logger.start("task", { enter: false }).end();
  const url = `http://127.0.0.1:${address?.port}/metrics`;
  const answer = await fetch(url);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(sampleOf(await answer.text(), 'carbon_ops_task_calls_total{task="task",outcome="completed"}')).toBe("1");
  await logger.close();
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});

test("intervals of the logger arrive on the page, with grams", async () => {
  const logger = await openLogger();
  const { address } = await servePrometheus(logger, { port: 0 });
  await logger.monitor("task", async () => new Promise((resolve) => setTimeout(resolve, 50)));
  await logger.flush();
  const page = await (await fetch(`http://127.0.0.1:${address?.port}/metrics`)).text();
  expect(sampleOf(page, "carbon_ops_intervals_total")).toBe("1");
  expect(page).toMatch(/carbon_ops_emissions_grams_total\{task="task",intensity="average"\} \d/);
  expect(sampleOf(page, "carbon_ops_energy_readable")).toBe("1");
});

test("a port that is taken is a sentence, and the application goes on", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const bound = other.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const server = await servePrometheus(await openLogger(), { port });
  expect(server.address).toBeNull();
  expect(server.problem).toBe(
    `Metrics cannot be served on 127.0.0.1:${port}: another program listens there; end it, or choose another port.`,
  );
  await server.close();
});

test("settings without a port ask for no page", async () => {
  const logger = await openLogger();
  expect(await prometheusFromSettings(logger, {})).toBeNull();
  const served = await prometheusFromSettings(logger, { prometheusPort: 0, prometheusHost: "127.0.0.1" });
  expect(served?.problem).toBeNull();
});

test("a page keeps no process open, though a client of it stays connected", async () => {
  const end = await run([
    "import { connect } from 'node:net';",
    "const logger = await EnergyLogger.open();",
    "const { address } = await servePrometheus(logger, { port: 0 });",
    "const socket = connect(address.port, '127.0.0.1');",
    "const seen = new Promise((resolve) => socket.once('data', resolve));",
    "socket.write('GET /metrics HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n');",
    "console.log(String(await seen).split('\\r\\n', 1)[0]);",
    "socket.unref();",
  ]);
  expect([end.stdout.toString(), end.stderr, end.status]).toEqual(["HTTP/1.1 200 OK\n", "", 0]);
});

test("an application that waits for the end of its logger reaches it, with a client connected", async () => {
  const end = await run([
    "import { connect } from 'node:net';",
    "const logger = await EnergyLogger.open();",
    "const { address } = await servePrometheus(logger, { port: 0 });",
    "const socket = connect(address.port, '127.0.0.1').unref();",
    "await new Promise((resolve) => socket.once('connect', resolve).ref());",
    "socket.unref();",
    "await logger.close();",
    "console.log('closed');",
  ]);
  expect([end.stdout.toString(), end.stderr, end.status]).toEqual(["closed\n", "", 0]);
});

test("two workers of a cluster do not take turns on one page: the second has a problem", async () => {
  const end = await run([
    "import cluster from 'node:cluster';",
    "import { createServer } from 'node:net';",
    "if (cluster.isPrimary) {",
    "  const probe = createServer();",
    "  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));",
    "  const { port } = probe.address();",
    "  await new Promise((resolve) => probe.close(resolve));",
    "  const workers = [cluster.fork({ PORT: port }), cluster.fork({ PORT: port })];",
    "  const said = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));",
    "  console.log(said.filter((problem) => problem === null).length, said.filter((problem) => /another program/.test(problem)).length);",
    "  for (const worker of workers) worker.kill();",
    "} else {",
    "  const logger = await EnergyLogger.open();",
    "  const { problem } = await servePrometheus(logger, { port: Number(process.env.PORT) });",
    "  process.send(problem);",
    "}",
  ]);
  expect([end.stdout.toString(), end.stderr]).toEqual(["1 1\n", ""]);
});

test("a server of one's own shows the page in three lines", async () => {
  const end = await run([
    "import { createServer } from 'node:http';",
    "const logger = await EnergyLogger.open();",
    "const page = prometheusSink(logger);",
    "const server = createServer((request, response) => response.setHeader('Content-Type', page.contentType).end(page.text()));",
    "server.listen(0, '127.0.0.1', async () => {",
    "  logger.start('task', { enter: false }).end();",
    "  const answer = await fetch('http://127.0.0.1:' + server.address().port);",
    "  console.log(answer.headers.get('content-type'), (await answer.text()).includes('carbon_ops_task_started_total{task=\"task\"} 1'));",
    "  server.close();",
    "});",
  ]);
  expect([end.stdout.toString(), end.stderr]).toEqual(["text/plain; version=0.0.4; charset=utf-8 true\n", ""]);
});
