import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { testedNodes } from "../support/nodes.ts";
import { type ServiceEnd, type SummedTask, type WatchedService, watchedService } from "./watched-service.ts";

async function get(service: WatchedService, path: string): Promise<Response> {
  const response = await fetch(service.url + path);
  await response.text();
  return response;
}

async function post(service: WatchedService, path: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(service.url + path, { method: "POST", headers, body: '{"n":1}' });
  return response.text();
}

/** Two kinds of request at once: 3 calls of 20 ms of CPU time, and 3 of 60 ms. */
async function load(service: WatchedService, [light, heavy]: readonly [string, string]): Promise<void> {
  const calls = [1, 2, 3].flatMap((id) => [get(service, light.replace(":id", String(id))), post(service, heavy)]);
  await Promise.all(calls);
}

function task({ tasks }: ServiceEnd, name: string): SummedTask {
  const found = tasks.get(name);
  if (found === undefined) throw new Error(`${name} is not among ${[...tasks.keys()].join(", ")}`);
  return found;
}

/** What is between them is the framework's own work, and the slowness of a machine that does other things too. */
function expectCpuOf(light: SummedTask, heavy: SummedTask): void {
  expect(light.cpu_seconds).toBeGreaterThan(0.045);
  expect(heavy.cpu_seconds).toBeGreaterThan(0.14);
  expect(heavy.cpu_seconds / light.cpu_seconds).toBeGreaterThan(1.5);
}

describe.each(testedNodes)("on Node.js $version", ({ path: node }) => {
  test("requests of plain node:http are tasks by their method, with the CPU time of their listeners", async () => {
    const service = await watchedService("http.mjs", { node });
    await load(service, ["/light/:id", "/heavy"]);
    await get(service, "/fail");
    const end = await service.end();
    expect(end).toMatchObject({ status: 0, signal: null, stderr: "" });
    expect([...end.tasks.keys()].sort()).toEqual(["GET (no route)", "POST (no route)"]);
    expect(task(end, "GET (no route)")).toMatchObject({ started: 4, completed: 3, failed: 1, cancelled: 0 });
    expect(task(end, "POST (no route)")).toMatchObject({ started: 3, completed: 3 });
    expectCpuOf(task(end, "GET (no route)"), task(end, "POST (no route)"));
  });

  test("requests of Express are tasks by route, whatever router they are mounted in", async () => {
    const service = await watchedService("express.mjs", { node });
    await load(service, ["/api/users/:id", "/api/orders"]);
    const statuses = [await get(service, "/fail"), await get(service, "/files/a"), await get(service, "/unknown/7")];
    await get(service, "/tenants/4711/users/8");
    const end = await service.end();
    expect(end).toMatchObject({ status: 0, signal: null, stderr: "" });
    expect(statuses.map(({ status }) => status)).toEqual([500, 200, 404]);
    expect([...end.tasks.keys()].sort()).toEqual([
      "GET (no route)",
      "GET /^\\/files\\/.*/",
      "GET /api/users/:id",
      "GET /fail",
      "GET /tenants/:value/users/:id",
      "POST /api/orders",
    ]);
    expect(task(end, "GET /fail")).toMatchObject({ completed: 0, failed: 1 });
    expect(task(end, "GET /api/users/:id")).toMatchObject({ started: 3, completed: 3 });
    expectCpuOf(task(end, "GET /api/users/:id"), task(end, "POST /api/orders"));
  });

  test("an Express application in CommonJS is watched as well", async () => {
    const service = await watchedService("express.cjs", { node });
    await get(service, "/users/1");
    const end = await service.end();
    expect(task(end, "GET /users/:id")).toMatchObject({ started: 1, completed: 1 });
  });

  test("requests of Fastify are tasks by route", async () => {
    const service = await watchedService("fastify.mjs", { node });
    await load(service, ["/users/:id", "/orders"]);
    await get(service, "/fail");
    const end = await service.end();
    expect(end).toMatchObject({ status: 0, signal: null, stderr: "" });
    expect([...end.tasks.keys()].sort()).toEqual(["GET /fail", "GET /users/:id", "POST /orders"]);
    expect(task(end, "GET /fail")).toMatchObject({ failed: 1 });
    expectCpuOf(task(end, "GET /users/:id"), task(end, "POST /orders"));
  });

  test("requests of Hono are tasks by their method, since it tells nobody of its routes", async () => {
    const service = await watchedService("hono.mjs", { node });
    await load(service, ["/users/:id", "/orders"]);
    const end = await service.end();
    expect(end).toMatchObject({ status: 0, signal: null, stderr: "" });
    expectCpuOf(task(end, "GET (no route)"), task(end, "POST (no route)"));
  });

  test("an application that tells of its routes has them in its names", async () => {
    const service = await watchedService("hono.mjs", { node, appArguments: ["--tells-routes"] });
    await load(service, ["/users/:id", "/orders"]);
    const end = await service.end();
    expect([...end.tasks.keys()].sort()).toEqual(["GET /users/:id", "POST /orders"]);
  });

  test("a client that goes away leaves a cancelled task", async () => {
    const service = await watchedService("http.mjs", { node });
    const abort = new AbortController();
    const asked = fetch(`${service.url}/slow`, { signal: abort.signal }).catch(() => "gone");
    await delay(100);
    abort.abort();
    await asked;
    await delay(400);
    const end = await service.end();
    expect(task(end, "GET (no route)")).toMatchObject({ started: 1, completed: 0, failed: 0, cancelled: 1 });
  });

  test("requests that share a connection share nothing else, one after the other or sent at once", async () => {
    const service = await watchedService("http.mjs", { node });
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
    const ask = (method: string, body = ""): string =>
      `${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    let answers = 0;
    await new Promise<void>((resolve) => {
      socket.setEncoding("latin1").on("data", (text: string) => {
        answers += text.split("HTTP/1.1 200").length - 1;
        if (answers === 2) socket.write(ask("GET") + ask("POST", "12") + ask("GET"));
        if (answers === 5) resolve();
      });
      socket.write(ask("POST", "1") + ask("GET"));
    });
    socket.destroy();
    const end = await service.end();
    expect(task(end, "GET (no route)")).toMatchObject({ started: 3, completed: 3 });
    expect(task(end, "POST (no route)")).toMatchObject({ started: 2, completed: 2 });
    const { process, outside_tasks, other_threads, child_processes } = end.summary ?? {};
    const parts = [...end.tasks.values(), outside_tasks, other_threads, child_processes];
    const sum = parts.reduce((seconds, part) => seconds + (part?.cpu_seconds ?? 0), 0);
    expect(sum).toBeCloseTo(process?.cpu_seconds ?? 0, 9);
  });
});
