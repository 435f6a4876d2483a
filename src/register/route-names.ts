import { mountOfRoute } from "./mounted-routes.ts";
import { pathOfUrl, type RouteOfPath } from "./route-patterns.ts";

/**
 * Names of requests: "GET /users/:id". They are bounded, since each name has figures of its own for as long as the process lives: a route is the
 * pattern that the application wrote down, and never the path that a client asked for.
 */

/** What is known of a request that a framework has routed. */
export interface RoutedRequest {
  readonly method?: unknown;
  /** Express: what a router was mounted at, as the client wrote it. */
  readonly baseUrl?: unknown;
  /** Express: the route that was matched last. */
  readonly route?: unknown;
  /** What the client asked for; Express cuts it while it routes, and keeps it whole beside it. */
  readonly url?: unknown;
  readonly originalUrl?: unknown;
}

const longestRoute = 200;

/** Routers may be mounted at patterns (`app.use("/:tenant", …)`), which do not show: this many mounts are told apart. */
const maximumMounts = 100;

/** Routes whose names are kept made. */
const maximumMade = 1000;

export class RouteNames {
  /** Made once: names that are built anew for each request would be hashed anew as well. */
  readonly #made = new Map<string | null, Map<string, string>>();
  /** Routes that frameworks, or the application, told of. */
  readonly #told = new WeakMap<object, string>();
  readonly #mounts = new Set<string>();
  readonly #routeOfPath: RouteOfPath | null;

  /** @param routeOfPath for requests of which nobody tells the route; null: such ones have none. */
  constructor(routeOfPath: RouteOfPath | null) {
    this.#routeOfPath = routeOfPath;
  }

  tell(request: object, route: string): void {
    this.#told.set(request, route.slice(0, longestRoute));
  }

  /** @param method as it was when the request came. */
  nameOf(request: RoutedRequest, method: unknown = request.method): string {
    return this.#named(
      methodName(method),
      this.#told.get(request) ?? this.#expressRoute(request) ?? this.#pathRoute(request),
    );
  }

  /** The name of a request whose route nobody knows yet. */
  unrouted(method: unknown): string {
    return this.#named(methodName(method), null);
  }

  #named(method: string, route: string | null): string {
    const ofRoute = this.#made.get(route) ?? new Map<string, string>();
    const known = ofRoute.get(method);
    if (known !== undefined) return known;
    const name = `${method} ${route ?? "(no route)"}`;
    // An application may name routes without end; the names beyond some are summed under one.
    if (this.#made.size < maximumMade) this.#made.set(route, ofRoute.set(method, name));
    return name;
  }

  /** Express: the path of the route, behind what its router was mounted at. */
  #expressRoute(request: RoutedRequest): string | null {
    const { route } = request;
    const path = pathOf(route);
    if (path === null) return null;
    const baseUrl = mountOfRoute(request, route) ?? request.baseUrl;
    const mount = typeof baseUrl === "string" ? this.#mountOf(baseUrl) : "";
    return `${mount}${path === "/" && mount !== "" ? "" : path}`.slice(0, longestRoute);
  }

  #pathRoute({ url, originalUrl }: RoutedRequest): string | null {
    if (this.#routeOfPath === null) return null;
    const path = pathOfUrl(originalUrl ?? url);
    return path === null ? null : this.#routeOfPath(path);
  }

  #mountOf(baseUrl: string): string {
    const mount = baseUrl
      .split("/")
      .map((segment) => (looksLikeValue(segment) ? ":value" : segment))
      .join("/");
    if (this.#mounts.has(mount)) return mount;
    if (this.#mounts.size >= maximumMounts) return "/(other mounts)";
    this.#mounts.add(mount);
    return mount;
  }
}

/** The parser of Node.js knows some forty methods and refuses all others. */
function methodName(method: unknown): string {
  return typeof method === "string" ? method : "(no method)";
}

/** Express takes a path, a regular expression, or several of them. */
function pathOf(route: unknown): string | null {
  if (typeof route !== "object" || route === null || !("path" in route)) return null;
  const { path } = route;
  if (typeof path === "string") return path;
  if (path instanceof RegExp) return String(path);
  return Array.isArray(path) && path.length > 0 ? path.map(String).join(",") : null;
}

/** A number of somebody, and not a word of the application ("v2" is one). */
function looksLikeValue(segment: string): boolean {
  return segment.length > 40 || /[%@]/.test(segment) || (/\d/.test(segment) && !/^v\d{1,3}$/i.test(segment));
}
