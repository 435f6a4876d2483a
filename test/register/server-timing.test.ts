import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { addServerTiming } from "../../src/register/server-timing.ts";

/** The header as a client sees it. */
async function timingOf(answer: (response: ServerResponse) => void): Promise<string | null> {
  return (await headersOf(answer)).get("server-timing");
}

async function headersOf(answer: (response: ServerResponse) => void): Promise<Headers> {
  const logger = await EnergyLogger.open();
  const server = createServer((_request, response) => {
    const task = logger.start("request");
    addServerTiming(response, task);
    for (const end = performance.now() + 20; performance.now() < end; );
    answer(response);
    task.end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await logger.close();
  });
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/`);
  await response.text();
  return response.headers;
}

const ours = /^cpu;dur=\d+\.\d{3};desc="CPU ms so far"/;

test("a response says what CPU time went into it until its headers were sent", async () => {
  const timing = await timingOf((response) => response.end("done"));
  expect(timing).toMatch(ours);
  expect(Number(/dur=([\d.]+)/.exec(timing ?? "")?.[1])).toBeGreaterThan(1);
});

test.each<[string, (response: ServerResponse) => unknown]>([
  ["set before", (response) => response.setHeader("server-timing", "db;dur=5").writeHead(200).end()],
  ["in an object", (response) => response.writeHead(200, { "SERVER-TIMING": "db;dur=5" }).end()],
  [
    "in an object behind a reason",
    (response) => response.writeHead(200, "Fine", { "Server-Timing": ["db;dur=5"] }).end(),
  ],
  ["in a list", (response) => response.writeHead(200, ["Server-Timing", "db;dur=5"]).end()],
])("what the application says itself, %s, stays before it", async (_where, answer) => {
  const timing = await timingOf((response) => void answer(response));
  expect(timing?.split(", ")[0]).toBe("db;dur=5");
  expect(timing?.split(", ")[1]).toMatch(ours);
});

test("other headers are sent as they are", async () => {
  const timing = await timingOf((response) => response.writeHead(204, { "X-Own": "1" }).end());
  expect(timing).toMatch(ours);
});

test.each<[string, (response: ServerResponse) => unknown]>([
  [
    "pairs",
    (response) =>
      response
        .writeHead(200, [
          ["x-a", "1"],
          ["x-b", "2"],
        ])
        .end(),
  ],
  ["a list", (response) => response.writeHead(200, ["x-a", "1", "x-b", "2"]).end()],
  ["an object", (response) => response.writeHead(200, { "x-a": "1", "X-B": "2" }).end()],
])("headers in %s arrive whole, with ours behind them and none else", async (_form, answer) => {
  const headers = await headersOf((response) => void answer(response));
  expect([headers.get("x-a"), headers.get("x-b")]).toEqual(["1", "2"]);
  expect(headers.get("server-timing")).toMatch(ours);
  expect([...headers.keys()].filter((name) => name.length < 3)).toEqual([]);
});

test("names that differ in case alone are both sent", async () => {
  const headers = await headersOf((response) => {
    response.writeHead(200, { "Set-Cookie": "a=1", "set-cookie": "b=2" }).end();
  });
  expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(headers.get("server-timing")).toMatch(ours);
});
