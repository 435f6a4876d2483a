import { connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type MetricsServer, serveMetrics } from "../../src/exporters/metrics-server.ts";
import { rawConnection } from "../support/http.ts";

const anyPort = { host: "127.0.0.1", port: 0 };

async function server(page: () => Promise<string> = async () => "x 1\n"): Promise<MetricsServer> {
  const started = await serveMetrics(anyPort, page);
  onTestFinished(() => started.close());
  return started;
}

/** The status line of the answer to what one client sends before the server closes the connection. */
async function answerTo(port: number, bytes: string): Promise<string> {
  const text = await (await rawConnection(port, bytes)).untilClosed;
  return text.split("\r\n", 1)[0] ?? "";
}

test("GET gives the page as Prometheus wants it, HEAD its head only", async () => {
  const { address } = await server();
  const url = `http://127.0.0.1:${address.port}/metrics`;
  const got = await fetch(url);
  expect(got.status).toBe(200);
  expect(got.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await got.text()).toBe("x 1\n");
  const head = await fetch(`${url}?name[]=x`, { method: "HEAD" });
  expect(head.status).toBe(200);
  expect(head.headers.get("content-length")).toBe("4");
  expect(await head.text()).toBe("");
});

test.each([
  ["another path", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found"],
  ["a path that climbs", "GET /metrics/../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found"],
  ["another method", "DELETE /metrics HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"],
  ["a body", "GET /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 413 Payload Too Large"],
  [
    "an endless body",
    "GET /metrics HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 413 Payload Too Large",
  ],
  [
    "a header without end",
    `GET /metrics HTTP/1.1\r\nHost: ${"h".repeat(20_000)}`,
    "HTTP/1.1 431 Request Header Fields Too Large",
  ],
  ["something else than HTTP", "\u0000\u0001{}\n{}\n\r\n\r\n", "HTTP/1.1 400 Bad Request"],
])("%s is refused, and its connection ends", async (_, bytes, status) => {
  const { address } = await server();
  expect(await answerTo(address.port, bytes)).toBe(status);
});

test("405 says what is allowed", async () => {
  const { address } = await server();
  const { status, headers } = await fetch(`http://127.0.0.1:${address.port}/metrics`, { method: "POST" });
  expect(status).toBe(405);
  expect(headers.get("allow")).toBe("GET, HEAD");
});

test("clients that send half a request, or nothing, are let go", async () => {
  const { address } = await server();
  const half = await rawConnection(address.port, "GET /metrics HTTP/1.1\r\nHo");
  const nothing = await rawConnection(address.port, "");
  expect(await half.untilClosed).toMatch(/^(HTTP\/1\.1 408 Request Timeout\r\n|$)/);
  await nothing.untilClosed;
});

test("a client that asks without end and never reads is let go", async () => {
  const { address } = await server(async () => "x".repeat(100_000));
  const { socket } = await rawConnection(address.port, "");
  socket.pause();
  // A paused socket does not see the end; writing into it does.
  const ended = new Promise((resolve) => socket.once("close", resolve));
  const flood = setInterval(() => socket.write("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n".repeat(50)), 20);
  onTestFinished(() => clearInterval(flood));
  await ended;
  const answer = await fetch(`http://127.0.0.1:${address.port}/metrics`);
  expect((await answer.text()).length).toBe(100_000);
});

test("a client that takes its answer in small bites is let go before it has it all", async () => {
  const pageBytes = 40_000_000;
  const { address } = await server(async () => "x".repeat(pageBytes));
  const socket = connect({ port: address.port, host: "127.0.0.1" });
  let taken = 0;
  const bite = setInterval(() => {
    const bytes: unknown = socket.read(65_536) ?? socket.read();
    if (bytes instanceof Buffer) taken += bytes.length;
  }, 20);
  onTestFinished(() => {
    clearInterval(bite);
    socket.destroy();
  });
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  await closed;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(pageBytes);
});

test("a crowd that only waits keeps nobody out", async () => {
  const { address } = await server();
  const waiting = Array.from({ length: 300 }, () => rawConnection(address.port, "GET /metrics HTTP/1.1\r\n"));
  await Promise.all(waiting);
  const answer = await fetch(`http://127.0.0.1:${address.port}/metrics`);
  expect(await answer.text()).toBe("x 1\n");
});

test("a page that cannot be written is a 500 with the reason, and no page", async () => {
  const { address } = await server(async () => {
    throw new Error("out of ink");
  });
  const answer = await fetch(`http://127.0.0.1:${address.port}/metrics`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).toBe("The page could not be written (out of ink).\n");
});

test("at its end the server answers what was asked and waits for nobody else", async () => {
  let finish: (page: string) => void = () => undefined;
  let isAsked: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const started = await serveMetrics(anyPort, () => {
    isAsked();
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  const half = await rawConnection(started.address.port, "GET /met");
  const answer = fetch(`http://127.0.0.1:${started.address.port}/metrics`);
  await asked;
  const closed = started.close();
  finish("last 1\n");
  expect(await (await answer).text()).toBe("last 1\n");
  await closed;
  await half.untilClosed;
});

test("a port that is taken is one sentence", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const bound = other.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  await expect(serveMetrics({ host: "127.0.0.1", port }, async () => "")).rejects.toMatchObject({
    code: "LISTEN_UNUSABLE",
    message: `Metrics cannot be served on 127.0.0.1:${port}: another program listens there; end it, or choose another port.`,
  });
});
