import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { awaitRoute, mountOfRoute } from "../../src/register/mounted-routes.ts";
import { RouteNames } from "../../src/register/route-names.ts";

interface Routed extends IncomingMessage {
  baseUrl?: string;
  route?: unknown;
}

function request(): Routed {
  return Object.assign(new IncomingMessage(new Socket()), { method: "GET" });
}

test("a route keeps what its router was mounted at, though Express has put it back before it answers", () => {
  const failing = request();
  awaitRoute(failing);
  failing.baseUrl = "/users";
  failing.route = { path: "/:id" };
  failing.baseUrl = "";
  expect(new RouteNames(null).nameOf(failing)).toBe("GET /users/:id");
});

test("another route that matches later is where it is by then", () => {
  const passed = request();
  awaitRoute(passed);
  passed.baseUrl = "/users";
  passed.route = { path: "/:id" };
  passed.baseUrl = "/people";
  passed.route = { path: "/:name" };
  expect(new RouteNames(null).nameOf(passed)).toBe("GET /people/:name");
});

test("a request that is waited for looks as without, before and after its route is known", () => {
  const [watched, alone] = [request(), request()];
  awaitRoute(watched);
  expect(watched.route).toBeUndefined();
  expect(Object.keys(watched)).toEqual(Object.keys(alone));
  expect(inspect(watched)).toBe(inspect(alone));
  const route = { path: "/" };
  watched.route = route;
  alone.route = route;
  expect(Object.getOwnPropertyDescriptor(watched, "route")).toEqual(Object.getOwnPropertyDescriptor(alone, "route"));
  expect(inspect(watched)).toBe(inspect(alone));
});

test("a class of requests with a route of its own keeps it", () => {
  const own = Object.assign(request(), { route: "mine" });
  awaitRoute(own);
  expect(own.route).toBe("mine");
  expect(mountOfRoute(own, "mine")).toBeUndefined();
});
