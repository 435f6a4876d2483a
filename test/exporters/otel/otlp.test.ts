import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { type OtlpSink, otlpFromEnvironment } from "../../../src/exporters/otel/index.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { cleanEnvironment, endOf, type ProgramEnd, temporaryDirectory } from "../../support/program.ts";
import { endedTask, estimateOf, exampleInterval, nameInterval } from "./example-interval.ts";
import { otlpReceiver, pointsOf, status } from "./otlp-receiver.ts";
import { faultsOfMetrics } from "./otlp-shape.ts";

type Environment = Readonly<Record<string, string>>;

function sinkOf(environment: Environment): OtlpSink {
  const sink = otlpFromEnvironment(environment);
  if (sink === null) throw new Error("there is no sink");
  onTestFinished(async () => sink.close());
  return sink;
}

function problemsOf(environment: Environment): readonly string[] {
  const problems: string[] = [];
  otlpFromEnvironment(environment, { problems });
  return problems;
}

test("every figure is sent as valid OTLP, to the path of metrics, with the resource and the headers of the environment", async () => {
  const receiver = await otlpReceiver();
  const sink = sinkOf({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.endpoint}/`,
    OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=a%20key, x-tenant=7",
    OTEL_SERVICE_NAME: "shop",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.name=other",
  });
  sink.interval(exampleInterval({ names: [nameInterval("checkout", 10, await estimateOf(10))] }));
  sink.ended(endedTask("checkout", 2));
  await sink.flush();
  await sink.flush();
  const last = receiver.requests.at(-1);
  const points = pointsOf(last?.body);
  expect(receiver.requests.flatMap(({ body }) => faultsOfMetrics(body))).toEqual([]);
  expect(last?.path).toBe("/v1/metrics");
  expect(last?.headers).toMatchObject({ "content-type": "application/json", "x-api-key": "a key", "x-tenant": "7" });
  expect(JSON.stringify(last?.body)).toContain('{"key":"service.name","value":{"stringValue":"shop"}}');
  expect(JSON.stringify(last?.body)).toContain('{"key":"deployment.environment.name","value":{"stringValue":"test"}}');
  expect(points.get("carbon_ops.task.energy")).toEqual([
    { attributes: { "carbon_ops.task.name": "checkout" }, value: 10, kind: "sum", isMonotonic: true },
  ]);
  expect(points.get("carbon_ops.call.energy")?.[0]?.value).toBe(2);
});

test("times are in nanoseconds: of the first interval, and of now", async () => {
  const receiver = await otlpReceiver();
  const clock = manualClock();
  const wallMs = Date.parse("2026-03-01T10:05:00.000Z");
  const sink = otlpFromEnvironment(
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
    { clock: { ...clock, wallMs: () => wallMs } },
  );
  sink?.interval(exampleInterval());
  await sink?.close();
  const text = JSON.stringify(receiver.requests[0]?.body);
  expect(text).toContain(`"startTimeUnixNano":"${Date.parse("2026-03-01T10:00:00.000Z")}000000"`);
  expect(text).toContain(`"timeUnixNano":"${wallMs}000000"`);
});

test("the endpoint of metrics is taken as it is, and wins", async () => {
  const receiver = await otlpReceiver();
  const sink = sinkOf({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${receiver.endpoint}/custom?tenant=1`,
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
  });
  sink.interval(exampleInterval());
  await sink.flush();
  expect(receiver.requests[0]?.path).toBe("/custom?tenant=1");
  expect(receiver.requests[0]?.headers["content-encoding"]).toBe("gzip");
});

test.each([
  ["nothing is set", {}],
  ["the SDK is switched off", { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" }],
  ["metrics are switched off", { OTEL_METRICS_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" }],
  [
    "metrics go elsewhere",
    { OTEL_METRICS_EXPORTER: "prometheus", OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" },
  ],
])("nothing is sent where %s", (_, environment) => {
  const problems: string[] = [];
  expect(otlpFromEnvironment(environment, { problems })).toBeNull();
  expect(problems).toEqual([]);
});

test("OTEL_METRICS_EXPORTER=otlp alone asks for the usual endpoint", () => {
  expect(otlpFromEnvironment({ OTEL_METRICS_EXPORTER: "otlp" })?.intervalSeconds).toBe(60);
});

test.each([
  [
    "an endpoint that is no address",
    { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
    "OTEL_EXPORTER_OTLP_ENDPOINT is no address of HTTP",
  ],
  ["gRPC", { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "asks for grpc"],
  ["deltas", { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta" }, "sends cumulative totals"],
  ["a certificate", { OTEL_EXPORTER_OTLP_CERTIFICATE: "/a.pem" }, "NODE_EXTRA_CA_CERTS"],
  ["a time-out that is none", { OTEL_EXPORTER_OTLP_TIMEOUT: "soon" }, "OTEL_EXPORTER_OTLP_TIMEOUT is no number"],
  ["an interval of nothing", { OTEL_METRIC_EXPORT_INTERVAL: "0" }, "OTEL_METRIC_EXPORT_INTERVAL is no number"],
  [
    "headers without a value",
    { OTEL_EXPORTER_OTLP_HEADERS: "secret-token" },
    "A part of OTEL_EXPORTER_OTLP_HEADERS is left out",
  ],
])("%s is one sentence that repeats no value", (_, environment, sentence) => {
  const problems = problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318", ...environment });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(sentence);
  expect(problems[0]).not.toContain("secret-token");
});

test("it is sent as often as OTEL_METRIC_EXPORT_INTERVAL says, however often intervals end", async () => {
  const receiver = await otlpReceiver();
  const sink = sinkOf({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL: "3600000" });
  for (let index = 0; index < 5; index += 1) sink.interval(exampleInterval());
  await receiver.requestsSeen(1);
  await sink.close();
  // The second is the last, at the close.
  expect(receiver.requests).toHaveLength(2);
});

test("after status 503 and 429 the same figures are sent again, when the receiver allows it", async () => {
  const receiver = await otlpReceiver();
  receiver.answer(status(503, "busy", { "retry-after": "0" }), status(429, "", { "retry-after": "0" }));
  const sink = sinkOf({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
  sink.interval(exampleInterval());
  await receiver.requestsSeen(3);
  await sink.flush();
  expect(sink.counts).toEqual({ delivered: 1, failed: 0, retried: 2, rejectedPoints: 0 });
  expect(sink.problems).toEqual([]);
});

test("after status 500 it is not tried again; the next figures hold those too", async () => {
  const receiver = await otlpReceiver();
  receiver.answer(status(500));
  const sink = sinkOf({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL: "1" });
  sink.interval(exampleInterval({ joules: new Map([["checkout", 10]]) }));
  await sink.flush();
  const after = [sink.counts.failed, ...sink.problems];
  sink.interval(exampleInterval({ joules: new Map([["checkout", 25]]) }));
  await sink.close();
  expect(after).toEqual([
    1,
    `Metrics could not be sent to ${receiver.endpoint}/v1/metrics, because it answered with status 500; whatever is sent later holds what they said.`,
  ]);
  expect(pointsOf(receiver.requests[1]?.body).get("carbon_ops.task.energy")?.[0]?.value).toBe(25);
  expect(sink.problems).toEqual([]);
});

test("points that a receiver rejects are counted, and its reason is one line", async () => {
  const receiver = await otlpReceiver();
  receiver.answer(
    status(200, '{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too\\nmany\\u001b[31m names"}}'),
  );
  const sink = sinkOf({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
  sink.interval(exampleInterval());
  await sink.flush();
  expect(sink.counts).toMatchObject({ delivered: 1, rejectedPoints: 3 });
  expect(sink.problems).toEqual([
    `${receiver.endpoint}/v1/metrics took metrics in part: it left out 3 data points so far, and it said: too many [31m names.`,
  ]);
});

test("an answer without an end is not read to its end", async () => {
  const receiver = await otlpReceiver();
  receiver.answer((response) => {
    response.writeHead(200);
    const pour = (): void => {
      while (response.write("x".repeat(65_536)));
    };
    response.on("drain", pour);
    pour();
  });
  const sink = sinkOf({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
  sink.interval(exampleInterval());
  await sink.flush();
  expect(sink.problems[0]).toContain("the answer is longer than 64 KiB");
});

test("where nobody listens, the sentence says so and holds no password of the address", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  server.close();
  await once(server, "close");
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const sink = sinkOf({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://name:secret@127.0.0.1:${port}` });
  sink.interval(exampleInterval());
  await sink.flush();
  expect(sink.problems).toEqual([
    `Metrics could not be sent to http://127.0.0.1:${port}/v1/metrics, because nobody listens there; whatever is sent later holds what they said.`,
  ]);
});

test("a receiver that never answers is given up after the time-out", async () => {
  const receiver = await otlpReceiver();
  const silent = (_response: ServerResponse): void => undefined;
  receiver.answer(silent);
  const sink = sinkOf({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: "50" });
  sink.interval(exampleInterval());
  await sink.flush();
  expect(sink.problems[0]).toContain("there was no answer within 50 ms");
});

/** A program that opens a logger, sends to the endpoint and goes on to its own end. */
async function service(endpoint: string, lines: readonly string[]): Promise<ProgramEnd> {
  const entry = (path: string): string =>
    JSON.stringify(fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url)));
  const program = [
    `import { EnergyLogger } from ${entry("index.js")};`,
    `import { otlpFromEnvironment } from ${entry("exporters/otel/index.js")};`,
    "const logger = await EnergyLogger.open();",
    "const sink = otlpFromEnvironment(process.env);",
    "logger.addSink(sink);",
    "logger.start('work', { enter: false }).run(() => { for (let i = 0; i < 1e7; i += 1); });",
    ...lines,
  ].join("\n");
  const home = temporaryDirectory();
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: home,
    env: { ...cleanEnvironment(home), OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
  });
  return endOf(child);
}

test("the last figures are sent when the logger is closed, and the process ends by itself", async () => {
  const receiver = await otlpReceiver();
  const end = await service(receiver.endpoint, ["await logger.close();", "console.log(sink.counts.delivered > 0);"]);
  expect(end).toMatchObject({ status: 0, stderr: "" });
  expect(end.stdout.toString()).toBe("true\n");
  expect(faultsOfMetrics(receiver.requests[0]?.body)).toEqual([]);
});

test("a receiver that hangs keeps no process open, whether the logger is closed or not", async () => {
  const receiver = await otlpReceiver();
  receiver.answer(...Array.from({ length: 9 }, () => () => undefined));
  const [left, closed] = await Promise.all([
    service(receiver.endpoint, ["void logger.flush();", "setTimeout(() => console.log('end'), 200);"]),
    service(receiver.endpoint, ["await logger.close();", "console.log('end');"]),
  ]);
  expect(left).toMatchObject({ status: 0, signal: null, stderr: "" });
  expect(closed).toMatchObject({ status: 0, signal: null, stderr: "" });
  expect([left.stdout.toString(), closed.stdout.toString()]).toEqual(["end\n", "end\n"]);
});
