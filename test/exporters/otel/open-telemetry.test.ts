import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { instruments } from "../../../src/exporters/otel/instruments.ts";
import { cleanEnvironment, endOf, type ProgramEnd, temporaryDirectory } from "../../support/program.ts";
import { otlpReceiver } from "./otlp-receiver.ts";
import { faultsOfMetrics, faultsOfTraces } from "./otlp-shape.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(join(repository, "docs/opentelemetry.md"), "utf8");
const [ownSdk = "", withoutSdk = ""] = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, lines = ""]) => lines);

/** A project that has this package, and those of OpenTelemetry unless told otherwise. */
function project(): string {
  const home = temporaryDirectory();
  writeFileSync(join(home, "package.json"), "{}\n");
  mkdirSync(join(home, "node_modules"));
  symlinkSync(repository, join(home, "node_modules", "carbon-ops"));
  symlinkSync(join(repository, "node_modules", "@opentelemetry"), join(home, "node_modules", "@opentelemetry"));
  return home;
}

async function run(
  home: string,
  file: string,
  lines: string,
  environment: Record<string, string> = {},
): Promise<ProgramEnd> {
  writeFileSync(join(home, file), lines);
  const child = spawn(process.execPath, [file], {
    cwd: home,
    env: { ...cleanEnvironment(home), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
  });
  return endOf(child);
}

test("the lines for an SDK of one's own run as they stand in the docs, and spans arrive with energy and grams", async () => {
  const receiver = await otlpReceiver();
  const end = await run(
    project(),
    "service.mjs",
    `${ownSdk}
    provider.getTracer("shop").startActiveSpan("checkout", (span) => {
      for (let end = Date.now() + 50; Date.now() < end; );
      span.end();
    });
    await provider.shutdown();
    console.log(energy.problems);`,
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
  );
  const text = JSON.stringify(receiver.requests.map(({ body }) => body));
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(end.stdout.toString()).toBe("[]\n");
  expect(receiver.requests.flatMap(({ body }) => faultsOfTraces(body))).toEqual([]);
  expect(text).toContain("carbon_ops.energy.joules");
  expect(text).toContain("carbon_ops.emissions.upper_grams");
});

test("the lines without an SDK run as they stand in the docs, and metrics arrive", async () => {
  const receiver = await otlpReceiver();
  const end = await run(
    project(),
    "service.mjs",
    `${withoutSdk}
    logger.start("work", { enter: false }).run(() => { for (let end = Date.now() + 20; Date.now() < end; ); });
    await logger.close();
    console.log(problems, sink.problems);`,
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_SERVICE_NAME: "shop" },
  );
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(end.stdout.toString()).toBe("[] []\n");
  expect(faultsOfMetrics(receiver.requests[0]?.body)).toEqual([]);
});

test("requests that overlap under OpenTelemetry's own instrumentation of HTTP each have their share", async () => {
  const end = await run(
    project(),
    "service.cjs",
    `const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
    const { registerInstrumentations } = require("@opentelemetry/instrumentation");
    const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
    const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");
    const spin = (ms) => {
      const start = process.cpuUsage();
      for (;;) {
        const { user, system } = process.cpuUsage(start);
        if (user + system >= ms * 1000) return;
      }
    };
    async function main() {
      const { EnergyLogger } = await import("carbon-ops");
      const { openTelemetry } = await import("carbon-ops/otel");
      const logger = await EnergyLogger.open();
      const energy = await openTelemetry(logger);
      const exporter = new InMemorySpanExporter();
      const provider = new NodeTracerProvider({ spanProcessors: [energy.spanProcessor(new SimpleSpanProcessor(exporter))] });
      provider.register({ contextManager: energy.contextManager(new AsyncLocalStorageContextManager()) });
      registerInstrumentations({ tracerProvider: provider, instrumentations: [new HttpInstrumentation()] });
      const http = require("node:http");
      const server = http.createServer(async (request, response) => {
        for (let turn = 0; turn < 8; turn += 1) {
          spin(request.url === "/small" ? 1 : 4);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        response.end("done");
      });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      const get = async (path) => (await fetch("http://127.0.0.1:" + server.address().port + path)).text();
      await Promise.all(["/small", "/large", "/small", "/large", "/small", "/large"].map(get));
      server.close();
      server.closeAllConnections();
      await provider.forceFlush();
      const sums = { "/small": 0, "/large": 0 };
      const spans = exporter.getFinishedSpans();
      for (const { attributes } of spans) {
        sums[attributes["http.target"] ?? attributes["url.path"]] += attributes["carbon_ops.cpu.seconds"];
      }
      console.log(JSON.stringify({ spans: spans.length, share: sums["/small"] / (sums["/small"] + sums["/large"]) }));
      await provider.shutdown();
      await logger.close();
    }
    main();`,
  );
  expect(end).toMatchObject({ status: 0, stderr: "" });
  const seen: unknown = JSON.parse(end.stdout.toString());
  expect(seen).toMatchObject({ spans: 6 });
  // The truth is 0.2; what node:http itself takes is the same for both.
  expect(seen).toSatisfy(({ share }: { share: number }) => share > 0.12 && share < 0.36);
});

test("where @opentelemetry/api is not installed, one sentence says so and spans pass through", async () => {
  const home = temporaryDirectory();
  cpSync(join(repository, "dist"), join(home, "dist"), { recursive: true });
  writeFileSync(join(home, "package.json"), '{ "type": "module" }\n');
  const end = await run(
    home,
    "service.js",
    `import { openTelemetry, otlpFromEnvironment } from "./dist/exporters/otel/index.js";
    const energy = await openTelemetry({ addSink() {} });
    const passed = [];
    const processor = energy.spanProcessor({ onStart() {}, onEnd: (span) => passed.push(span) });
    const manager = {};
    processor.onStart({ name: "a" }, {});
    processor.onEnd({ name: "a" });
    console.log(JSON.stringify([energy.problems, passed, energy.contextManager(manager) === manager, otlpFromEnvironment({})]));`,
  );
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(end.stdout.toString())).toEqual([
    [
      "Spans and the global meter provider get no energy, because the package @opentelemetry/api is not installed; run npm install @opentelemetry/api.",
    ],
    [{ name: "a" }],
    true,
    null,
  ]);
});

test("the table of the docs has every metric, with its kind and unit, and no other", () => {
  const rows = [...page.matchAll(/^\| `((?:carbon_ops|hw)\.[a-z_.]+)` \| (counter|gauge|histogram) \| (\S+) \|/gm)];
  const documented = rows.map(([, name, kind, unit]) => `${name} ${kind} ${unit}`);
  expect(documented).toEqual(Object.values(instruments).map(({ name, kind, unit }) => `${name} ${kind} ${unit}`));
});
