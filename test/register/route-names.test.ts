import { expect, test } from "vitest";
import { RouteNames } from "../../src/register/route-names.ts";

test("a request of which nothing is known is named by its method, and never by its path", () => {
  expect(new RouteNames().nameOf(Object.assign({ method: "GET" }, { url: "/users/17" }))).toBe("GET (no route)");
});

test("what Express has matched is the name, behind what its router is mounted at", () => {
  const names = new RouteNames();
  expect(names.nameOf({ method: "GET", baseUrl: "/api/v2", route: { path: "/users/:id" } })).toBe(
    "GET /api/v2/users/:id",
  );
  expect(names.nameOf({ method: "PUT", baseUrl: "/api", route: { path: "/" } })).toBe("PUT /api");
  expect(names.nameOf({ method: "GET", baseUrl: "", route: { path: "/" } })).toBe("GET /");
});

test("routes by regular expressions and by several paths are written as they are", () => {
  const names = new RouteNames();
  expect(names.nameOf({ method: "GET", baseUrl: "", route: { path: /^\/a.*/ } })).toBe("GET /^\\/a.*/");
  expect(names.nameOf({ method: "GET", baseUrl: "", route: { path: ["/a", "/b"] } })).toBe("GET /a,/b");
});

test("what looks like somebody's number in a mount is not in the name", () => {
  const names = new RouteNames();
  const route = { path: "/users" };
  expect(names.nameOf({ method: "GET", baseUrl: "/tenants/4711", route })).toBe("GET /tenants/:value/users");
  expect(names.nameOf({ method: "GET", baseUrl: "/mail/a@b.org", route })).toBe("GET /mail/:value/users");
});

test("names stay few, whatever clients ask for", () => {
  const names = new RouteNames();
  const words = Array.from({ length: 5000 }, (_, index) =>
    index.toString(26).replaceAll(/\d/g, (digit) => "qrstuvwxyz"[Number(digit)] ?? ""),
  );
  const seen = new Set(
    words.map((word) => names.nameOf({ method: "GET", baseUrl: `/${word}`, route: { path: "/x" } })),
  );
  expect(seen.size).toBeLessThanOrEqual(101);
  expect(seen.has("GET /(other mounts)/x")).toBe(true);
});

test("what the application says of a request wins, and is cut where it is very long", () => {
  const names = new RouteNames();
  const request = { method: "GET", baseUrl: "", route: { path: "/mine" } };
  names.tell(request, "/said");
  expect(names.nameOf(request)).toBe("GET /said");
  names.tell(request, "x".repeat(1000));
  expect(names.nameOf(request)).toHaveLength("GET ".length + 200);
});
