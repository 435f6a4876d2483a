import { expect, test } from "vitest";
import { RouteNames } from "../../src/register/route-names.ts";
import { routePatterns } from "../../src/register/route-patterns.ts";

test("a request of which nothing is known is named by its method, and never by its path", () => {
  expect(new RouteNames(null).nameOf(Object.assign({ method: "GET" }, { url: "/users/17" }))).toBe("GET (no route)");
});

test("what Express has matched is the name, behind what its router is mounted at", () => {
  const names = new RouteNames(null);
  expect(names.nameOf({ method: "GET", baseUrl: "/api/v2", route: { path: "/users/:id" } })).toBe(
    "GET /api/v2/users/:id",
  );
  expect(names.nameOf({ method: "PUT", baseUrl: "/api", route: { path: "/" } })).toBe("PUT /api");
  expect(names.nameOf({ method: "GET", baseUrl: "", route: { path: "/" } })).toBe("GET /");
});

test("routes by regular expressions and by several paths are written as they are", () => {
  const names = new RouteNames(null);
  expect(names.nameOf({ method: "GET", baseUrl: "", route: { path: /^\/a.*/ } })).toBe("GET /^\\/a.*/");
  expect(names.nameOf({ method: "GET", baseUrl: "", route: { path: ["/a", "/b"] } })).toBe("GET /a,/b");
});

test("what looks like somebody's number in a mount is not in the name", () => {
  const names = new RouteNames(null);
  const route = { path: "/users" };
  expect(names.nameOf({ method: "GET", baseUrl: "/tenants/4711", route })).toBe("GET /tenants/:value/users");
  expect(names.nameOf({ method: "GET", baseUrl: "/mail/a@b.org", route })).toBe("GET /mail/:value/users");
});

test("names stay few, whatever clients ask for", () => {
  const names = new RouteNames(null);
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
  const names = new RouteNames(null);
  const request = { method: "GET", baseUrl: "", route: { path: "/mine" } };
  names.tell(request, "/said");
  expect(names.nameOf(request)).toBe("GET /said");
  names.tell(request, "x".repeat(1000));
  expect(names.nameOf(request)).toHaveLength("GET ".length + 200);
});

test.each([
  ["/health", "GET /health"],
  ["/health/?verbose=1", "GET /health"],
  ["/users/4711", "GET /users/:id"],
  ["/users/me", "GET /users/:id"],
  ["/users/", "GET (no route)"],
  ["/users/4711/orders", "GET (no route)"],
  ["/files/a/b/c", "GET /files/*"],
  ["/files", "GET /files/*"],
  ["/HEALTH", "GET (no route)"],
  ["/", "GET (no route)"],
  ["*", "GET (no route)"],
  ["http://elsewhere/health", "GET (no route)"],
])("%s is named by the first of the owner's routes that fits: %s", (url, name) => {
  const names = new RouteNames(routePatterns("/health, /users/:id,/users/me,/files/*", []));
  expect(names.nameOf({ method: "GET", url })).toBe(name);
});

test("what a framework says wins over the owner's routes, and the whole of the path is held against them", () => {
  const names = new RouteNames(routePatterns("/api/:what", []));
  expect(names.nameOf({ method: "GET", url: "/api/a", baseUrl: "", route: { path: "/api/a" } })).toBe("GET /api/a");
  expect(names.nameOf({ method: "GET", url: "/a", originalUrl: "/api/a" })).toBe("GET /api/:what");
});

test("routes that cannot be used are left out with a sentence", () => {
  const problems: string[] = [];
  const routes = Array.from({ length: 300 }, (_, index) => `/route${index}`);
  const routeOf = routePatterns(["users", ...routes].join(), problems);
  expect([routeOf("/users"), routeOf("/route199"), routeOf("/route200")]).toEqual([null, "/route199", null]);
  expect(problems).toEqual([
    "Some of CARBON_OPS_ROUTES are left out, because they do not begin with a slash; write /users/:id.",
    "Only the first 200 of CARBON_OPS_ROUTES are used; let one pattern stand for more of them.",
  ]);
});
