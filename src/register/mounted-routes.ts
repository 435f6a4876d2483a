/**
 * Express sets `request.route` when a route has matched, and `request.baseUrl` is then what its router is mounted at. When a handler fails, Express puts
 * the latter back before it answers, and the mount would be lost: so it is read when the former is set.
 */

interface MountedRoute {
  readonly route: unknown;
  readonly baseUrl: unknown;
}

// Taken now: the application may replace them.
const { get: read } = Reflect;
const { defineProperty } = Object;

const mounted = new WeakMap<object, MountedRoute>();

/** One for all requests. The first value that is set makes the member what it would have been without. */
const awaitedRoute: PropertyDescriptor & ThisType<object> = {
  configurable: true,
  enumerable: false,
  get: () => undefined,
  set(route: unknown) {
    mounted.set(this, { route, baseUrl: baseUrlOf(this) });
    defineProperty(this, "route", { configurable: true, enumerable: true, writable: true, value: route });
  },
};

function baseUrlOf(request: object): unknown {
  try {
    return read(request, "baseUrl");
  } catch {
    return undefined;
  }
}

/** Watches for the first route of the request, where it has no such member of its own. */
export function awaitRoute(request: object): void {
  if (!("route" in request)) defineProperty(request, "route", awaitedRoute);
}

/** What the router of this route was mounted at when it matched; undefined where that is not known. */
export function mountOfRoute(request: object, route: unknown): unknown {
  const known = mounted.get(request);
  return known !== undefined && known.route === route ? known.baseUrl : undefined;
}
