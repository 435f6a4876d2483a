import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAskedFor } from "../../src/register/asked-for.ts";
import { otlpReceiver, pointsOf } from "../exporters/otel/otlp-receiver.ts";
import { faultsOfMetrics } from "../exporters/otel/otlp-shape.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";
import { watchedService } from "./watched-service.ts";

async function ask(url: string): Promise<void> {
  await (await fetch(url)).text();
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? String(address.port) : "";
}

test("a service that nobody has taught to end is ended by SIGTERM as ever, and keeps nobody waiting", async () => {
  const service = await watchedService("http.mjs");
  await ask(service.url);
  service.kill("SIGTERM");
  const end = await service.end();
  expect(end).toMatchObject({ status: null, signal: "SIGTERM", stderr: "", summary: null });
});

test("what is not yet recorded when a service ends is recorded then", async () => {
  const ledger = join(temporaryDirectory(), "ledger.ndjson");
  const service = await watchedService("http.mjs", {
    environment: { CARBON_OPS_LEDGER: ledger, CARBON_OPS_REGION: "FR" },
  });
  await ask(service.url);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(ledger, "utf8")).toContain('"name":"GET (no route)"');
  const { stdout } = await carbonOps(["ledger", "verify", "--deep", ledger]);
  expect(stdout.toString()).toContain("Chain holds");
});

test("what is not yet sent when a service ends is sent then, by the same instance, with its grams", async () => {
  const receiver = await otlpReceiver();
  const service = await watchedService("http.mjs", {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: "1000",
      CARBON_OPS_REGION: "FR",
      CARBON_OPS_INTENSITY_PROVIDERS: "static",
      CARBON_OPS_ENERGY_SOURCE: "model",
    },
  });
  await ask(service.url);
  await receiver.requestsSeen(1);
  await ask(service.url);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, stderr: "" });
  const bodies = receiver.requests.map(({ body }) => JSON.stringify(body));
  const instances = bodies.map((body) => /"service.instance.id","value":\{"stringValue":"([^"]+)"/.exec(body)?.[1]);
  expect(new Set(instances).size).toBe(1);
  const points = pointsOf(receiver.requests.at(-1)?.body);
  expect(points.get("carbon_ops.task.calls")).toMatchObject([{ value: 2 }]);
  expect(points.get("carbon_ops.task.energy")?.[0]?.value).toBeCloseTo(
    end.tasks.get("GET (no route)")?.marginal_joules ?? Number.NaN,
    9,
  );
  expect(points.get("carbon_ops.task.emissions")?.[0]?.value).toBeGreaterThan(0);
  expect(receiver.requests.flatMap(({ body }) => faultsOfMetrics(body))).toEqual([]);
});

test("a region that does not exist costs the grams of what is sent at the end, and nothing else", async () => {
  const receiver = await otlpReceiver();
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    CARBON_OPS_REGION: "NOWHERE",
    CARBON_OPS_ENERGY_SOURCE: "model",
  };
  const service = await watchedService("http.mjs", { environment });
  await ask(service.url);
  expect(await service.end()).toMatchObject({ status: 0, stderr: "" });
  const points = pointsOf(receiver.requests.at(-1)?.body);
  expect(points.get("carbon_ops.task.calls")).toMatchObject([{ value: 1 }]);
  expect(points.get("carbon_ops.task.emissions")).toBeUndefined();
});

test("a task that ends just before its service has its record, where each has one", async () => {
  const ledger = join(temporaryDirectory(), "ledger.ndjson");
  const environment = { CARBON_OPS_LEDGER: ledger, CARBON_OPS_RECORDS: "task", CARBON_OPS_REGION: "FR" };
  const service = await watchedService("http.mjs", { environment });
  await ask(service.url);
  await ask(service.url);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(ledger, "utf8").split('"name":"GET (no route)"')).toHaveLength(3);
});

test("a receiver that is not there keeps nobody waiting for long, and changes nothing else", async () => {
  const environment = { OTEL_METRICS_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://127.0.0.1:9/x" };
  const service = await watchedService("http.mjs", { environment });
  await ask(service.url);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, signal: null, stderr: "" });
});

test("OpenTelemetry's variable that names the exporter asks for it, alone", () => {
  const nowhere = temporaryDirectory();
  expect(isAskedFor({ OTEL_METRICS_EXPORTER: "otlp" }, () => nowhere)).toBe(true);
  expect(isAskedFor({ OTEL_SERVICE_NAME: "shop" }, () => nowhere)).toBe(false);
});

test("a ledger that cannot be written changes nothing of how a service ends", async () => {
  const service = await watchedService("http.mjs", { environment: { CARBON_OPS_LEDGER: "/proc/no/ledger.ndjson" } });
  await ask(service.url);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, signal: null, stderr: "" });
  expect(end.summary?.problems.join(" ")).toContain("/proc/no");
});

test("a summary that was asked for on standard error is text, and stands there alone", async () => {
  const service = await watchedService("http.mjs", { environment: { CARBON_OPS_SUMMARY: "stderr" } });
  await ask(service.url);
  const end = await service.end();
  expect(end.stderr).toMatch(/^carbon-ops: tasks of process \d+\n/);
  expect(end.stderr).toMatch(/\n {2}GET \(no route\) +1 +0 /);
});

test("a summary that cannot be written is one sentence", async () => {
  const service = await watchedService("http.mjs", { environment: { CARBON_OPS_SUMMARY: "/proc/no/summary" } });
  await ask(service.url);
  const end = await service.end();
  expect(end.status).toBe(0);
  expect(end.stderr).toMatch(
    /^carbon-ops: The summary cannot be written to \/proc\/no\/summary \(.*\); name another file\.\n$/,
  );
});

test("a setting that is not allowed is told where something is told, and the service runs", async () => {
  const service = await watchedService("http.mjs", {
    environment: { CARBON_OPS_PUE: "0.2", CARBON_OPS_SERVER_TIMING: "perhaps" },
  });
  await ask(service.url);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(end.tasks.get("GET (no route)")).toMatchObject({ completed: 1 });
  expect(end.summary?.problems.join(" ")).toMatch(/CARBON_OPS_PUE is 0\.2/);
});

test("kernel files that cannot be read leave requests without joules, and with a reason", async () => {
  const environment = { CARBON_OPS_PROC_ROOT: "/nowhere", CARBON_OPS_SYS_ROOT: "/nowhere" };
  const service = await watchedService("http.mjs", { environment });
  await ask(service.url);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(end.tasks.get("GET (no route)")).toMatchObject({ completed: 1, marginal_joules: null });
  expect(end.summary?.problems).not.toEqual([]);
});

test("a page for Prometheus is no task of the application, and is gone with it", async () => {
  const port = await freePort();
  const service = await watchedService("http.mjs", { environment: { CARBON_OPS_PROMETHEUS_PORT: port } });
  await ask(service.url);
  await ask(`http://127.0.0.1:${port}/metrics`);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(end.tasks.get("GET (no route)")).toMatchObject({ started: 1 });
  await expect(ask(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow("fetch failed");
});

test("where nothing is asked for, nothing is written and nobody listens", async () => {
  const home = temporaryDirectory();
  const service = await watchedService("http.mjs", { environment: { CARBON_OPS_SUMMARY: "", HOME: home } });
  await ask(service.url);
  const end = await service.end();
  expect(end).toMatchObject({ status: 0, stderr: "", summary: null });
  expect(existsSync(join(home, ".config"))).toBe(false);
});
