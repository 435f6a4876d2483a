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
}

const longestRoute = 200;

/** Routers may be mounted at patterns (`app.use("/:tenant", …)`), which do not show: this many mounts are told apart. */
const maximumMounts = 100;

export class RouteNames {
  /** Routes that frameworks, or the application, told of. */
  readonly #told = new WeakMap<object, string>();
  readonly #mounts = new Set<string>();

  tell(request: object, route: string): void {
    this.#told.set(request, route.slice(0, longestRoute));
  }

  nameOf(request: RoutedRequest): string {
    return requestName(methodOf(request), this.#told.get(request) ?? this.#expressRoute(request));
  }

  /** Express: the path of the route, behind what its router was mounted at. */
  #expressRoute({ baseUrl, route }: RoutedRequest): string | null {
    const path = pathOf(route);
    if (path === null) return null;
    const mount = typeof baseUrl === "string" ? this.#mountOf(baseUrl) : "";
    return `${mount}${path === "/" && mount !== "" ? "" : path}`.slice(0, longestRoute);
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

/** Null: nobody said which route it is. */
export function requestName(method: string, route: string | null): string {
  return `${method} ${route ?? "(no route)"}`;
}

/** The parser of Node.js knows some forty methods and refuses all others. */
export function methodOf({ method }: RoutedRequest): string {
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
