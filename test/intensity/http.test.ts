import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { noCounts } from "../../src/intensity/counters.ts";
import { type HttpSettings, httpClient } from "../../src/intensity/http/client.ts";
import { proxyFor } from "../../src/intensity/http/proxy.ts";
import { retryAfterMs } from "../../src/intensity/http/retry-after.ts";
import { intensityService, type Reaction } from "../support/intensity-service.ts";
import { clockAt } from "../support/opened-intensity.ts";

const fine: Reaction = { body: { fine: true } };

function client(more: Partial<HttpSettings> = {}) {
  const pauses: number[] = [];
  const counters = noCounts();
  const clock = clockAt("2026-03-10T12:00:00Z");
  const pause = async (milliseconds: number): Promise<void> => {
    pauses.push(milliseconds);
    clock.advanceMs(milliseconds);
  };
  const http = httpClient({ clock, environment: {}, pause, random: () => 0, timeoutMs: 5000, ...more });
  const get = (url: string, signal?: AbortSignal) => http.get({ url: new URL(url), counters, signal });
  return { get, pauses, counters };
}

test("a failure in passing is tried again, after waits that double", async () => {
  const service = await intensityService((_path, _request, count) => (count < 3 ? { status: 503, body: "" } : fine));
  const { get, pauses, counters } = client();
  expect(await get(service.url)).toMatchObject({ status: 200 });
  expect(pauses).toEqual([250, 500]);
  expect(counters).toMatchObject({ requests: 3, retries: 2 });
});

test("waits differ by chance, so that many clients do not come back together", async () => {
  const waitWith = async (chance: number): Promise<number | undefined> => {
    const service = await intensityService((_path, _request, count) => (count < 2 ? { status: 503, body: "" } : fine));
    const { get, pauses } = client({ random: () => chance });
    await get(service.url);
    return pauses[0];
  };
  expect([await waitWith(0), await waitWith(0.5)]).toEqual([250, 375]);
});

test.each([
  ["seconds", "3", 3000],
  ["a date", "Tue, 10 Mar 2026 12:00:05 GMT", 5000],
])("Retry-After in %s is waited for", async (_, header, wait) => {
  const headers = { "retry-after": header, date: "Tue, 10 Mar 2026 12:00:00 GMT" };
  const service = await intensityService((_path, _request, count) =>
    count < 2 ? { status: 429, body: "", headers } : fine,
  );
  const { get, pauses } = client();
  expect(await get(service.url)).toMatchObject({ status: 200 });
  expect(pauses).toEqual([wait]);
});

test("a date of Retry-After is compared with the server's clock, ours may be wrong", () => {
  const serverNow = Date.parse("2026-03-10T15:00:00Z");
  expect(retryAfterMs("Tue, 10 Mar 2026 15:00:30 GMT", serverNow, Date.parse("2026-03-10T12:00:00Z"))).toBe(30_000);
});

test("a Retry-After that is neither is no wait that was asked for", () => {
  expect(retryAfterMs("soon", null, 0)).toBeNull();
});

test("who asks for a long rest is left alone: the next question is answered here", async () => {
  const service = await intensityService(() => ({ status: 429, body: "", headers: { "retry-after": "120" } }));
  const { get, pauses } = client();
  expect(await get(service.url)).toMatchObject({ status: 429 });
  await expect(get(service.url)).rejects.toMatchObject({ code: "INTENSITY_RATE_LIMITED" });
  expect(service.asked).toHaveLength(1);
  expect(pauses).toEqual([]);
});

test("a 429 without Retry-After means a minute", async () => {
  const service = await intensityService(() => ({ status: 429, body: "" }));
  const { get } = client();
  await get(service.url);
  await expect(get(service.url)).rejects.toThrow(/for 60 s more/);
});

test("more than ten requests at once are spread out", async () => {
  const service = await intensityService(() => fine);
  const { get, pauses } = client();
  for (let count = 0; count < 12; count += 1) await get(service.url);
  expect(pauses).toEqual([500, 500]);
});

test.each<[string, Reaction]>([
  ["breaks the connection off", "reset"],
  ["stops in the middle", "half"],
])("a service that %s is unavailable, after three tries", async (_, reaction) => {
  const service = await intensityService(() => reaction);
  const { get, counters } = client();
  await expect(get(service.url)).rejects.toMatchObject({
    code: "INTENSITY_UNAVAILABLE",
    message: expect.stringMatching(/broke/),
  });
  expect(counters.requests).toBe(3);
});

test("a service that says nothing is given up after the time-out", async () => {
  const service = await intensityService(() => "silence");
  const { get } = client({ timeoutMs: 50, retries: 0 });
  await expect(get(service.url)).rejects.toThrow(/did not answer within 0.05 s/);
});

test("a body without a length that stops in the middle is a time-out, and asked for again", async () => {
  const server = createServer(({ socket }) => socket.write('HTTP/1.0 200 OK\r\n\r\n{"zone":'));
  const { get, counters } = client({ timeoutMs: 100, retries: 1 });
  await expect(get(`http://127.0.0.1:${await listening(server)}`)).rejects.toMatchObject({
    code: "INTENSITY_UNAVAILABLE",
    message: expect.stringContaining("did not answer within 0.1 s"),
  });
  expect(counters).toMatchObject({ requests: 2, retries: 1 });
});

test("nobody listens: refused, in words", async () => {
  const { get } = client({ retries: 0 });
  await expect(get(`http://127.0.0.1:${await freePort()}`)).rejects.toThrow(/refuses connections/);
});

test("a caller who gives up is let go at once, with its own reason", async () => {
  const service = await intensityService(() => "silence");
  const { get } = client();
  const stop = new AbortController();
  const answer = get(service.url, stop.signal);
  stop.abort(new Error("enough"));
  await expect(answer).rejects.toThrow("enough");
});

test("an endless body is refused", async () => {
  const server = createServer((_request, response) => {
    response.on("error", () => undefined);
    const pour = (): void => {
      while (!response.destroyed && response.write("x".repeat(1_000_000)));
      if (!response.destroyed) response.once("drain", pour);
    };
    pour();
  });
  const { get } = client({ retries: 0 });
  await expect(get(`http://127.0.0.1:${await listening(server)}`)).rejects.toMatchObject({
    code: "INTENSITY_ANSWER_INVALID",
  });
});

test("a redirect to another host is not followed, one inside the host is", async () => {
  const elsewhere = await intensityService(() => fine);
  const service = await intensityService(({ pathname }) => {
    if (pathname === "/out") return { status: 302, body: "", headers: { location: `${elsewhere.url}/in` } };
    return pathname === "/in" ? fine : { status: 302, body: "", headers: { location: "/in" } };
  });
  const { get } = client();
  await expect(get(`${service.url}/out`)).rejects.toMatchObject({ code: "INTENSITY_ANSWER_INVALID" });
  expect(await get(`${service.url}/old`)).toMatchObject({ status: 200 });
  expect(elsewhere.asked).toEqual([]);
});

test("a redirect that never ends does", async () => {
  const service = await intensityService(() => ({ status: 302, body: "", headers: { location: "/again" } }));
  const { get } = client();
  await expect(get(service.url)).rejects.toMatchObject({ code: "INTENSITY_ANSWER_INVALID" });
});

test("a service that only has an address of IPv6 is reached", async () => {
  const service = await intensityService(() => fine, "::1");
  const { get } = client();
  expect(await get(service.url)).toMatchObject({ status: 200 });
});

test("http goes through the proxy in its own form, with the proxy's password", async () => {
  const proxy = await intensityService(() => fine);
  const environment = { http_proxy: proxy.url.replace("//", "//user:p%40ss@") };
  const { get } = client({ environment });
  expect(await get("http://service.test/v4?zone=DE")).toMatchObject({ status: 200 });
  expect(proxy.asked).toEqual(["http://service.test/v4?zone=DE"]);
  expect(proxy.headers[0]).toMatchObject({
    host: "service.test",
    "proxy-authorization": `Basic ${Buffer.from("user:p@ss").toString("base64")}`,
  });
});

test("https goes through a tunnel of the proxy, which sees the host and the beginning of TLS alone", async () => {
  const seen: string[] = [];
  const server = createServer();
  server.on("connect", (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.on("error", () => undefined);
    socket.once("data", (bytes: Buffer) => {
      seen.push(`first byte ${bytes[0]}`);
      socket.destroy();
    });
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
  });
  const environment = { HTTPS_PROXY: `http://127.0.0.1:${await listening(server)}` };
  const { get } = client({ environment, retries: 0 });
  await expect(get("https://service.test/v4")).rejects.toMatchObject({ code: "INTENSITY_UNAVAILABLE" });
  // 22: a record of TLS's handshake (RFC 8446, 5.1).
  expect(seen).toEqual(["CONNECT service.test:443", "first byte 22"]);
});

test("a proxy that refuses is named, without its password", async () => {
  const server = createServer();
  server.on("connect", (_request, socket) => void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
  const port = await listening(server);
  const { get } = client({ environment: { HTTPS_PROXY: `http://user:SECRET@127.0.0.1:${port}` }, retries: 0 });
  const failure = await get("https://service.test/").catch((error: unknown) => String(error));
  expect(failure).toContain(`the proxy 127.0.0.1:${port} refused with status 407`);
  expect(failure).not.toContain("SECRET");
});

test.each([
  ["*", null],
  ["service.test", null],
  [".test", null],
  ["other.test, test", null],
  ["ice.test", "proxy.test"],
])("NO_PROXY=%s", (exceptions, host) => {
  const environment = { HTTPS_PROXY: "proxy.test:3128", NO_PROXY: exceptions };
  expect(proxyFor(new URL("https://service.test"), environment)?.hostname ?? null).toBe(host);
});

test("a proxy that is no web address is said to be none, without showing it", () => {
  const environment = { HTTPS_PROXY: "socks5://user:SECRET@proxy.test" };
  expect(() => proxyFor(new URL("https://service.test"), environment)).toThrow(
    /^The proxy named in the environment(?!.*SECRET)/,
  );
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
