import { subscribe } from "node:diagnostics_channel";
import { clearInterval, setInterval } from "node:timers";
import type { Task, TaskOptions } from "../monitor/task.ts";
import type { TaskOutcome } from "../monitor/task-figures.ts";
import { awaitRoute } from "./mounted-routes.ts";
import { bindRequestEvents } from "./request-events.ts";
import { type RoutedRequest, RouteNames } from "./route-names.ts";
import type { RouteOfPath } from "./route-patterns.ts";
import { addServerTiming, type TimedResponse } from "./server-timing.ts";

export interface RequestWatch {
  readonly logger: { start(name: string, options?: TaskOptions): Task };
  readonly addsServerTiming: boolean;
  /** Whether the events of a request come in the context of its connection, and have to be brought into that of its task. */
  readonly bindsRequestEvents: boolean;
  /** What a server of ours answers is no task of the application. */
  readonly isOwnServer: (server: unknown) => boolean;
  /** Null where nobody has written down the routes. */
  readonly routeOfPath: RouteOfPath | null;
}

/** On which the application, or a plug-in of its framework, may say which route a request took: `{ request, route }`. */
const routeChannel = "carbon-ops.request.route";

/** How often responses are looked at whose client may have gone, in milliseconds. */
const lookMs = 100;

/** What is published on the channels that are listened to; whatever else comes there is left alone. */
interface Message {
  readonly request?: unknown;
  readonly response?: unknown;
  readonly server?: unknown;
  readonly route?: unknown;
}

/** The members of node:http's objects that are read here. */
interface WatchedResponse extends TimedResponse {
  readonly statusCode?: unknown;
  readonly destroyed?: unknown;
}

/**
 * Makes every incoming HTTP request a task, from the moment that its headers are read until its response is finished. Node.js tells of both
 * (node:diagnostics_channel, "http.server.request.start" and "http.server.response.finish"), so that nothing of the application is
 * patched and no listener is added to its objects. That a client has gone is not told: open responses are looked at.
 */
export function watchRequests(watch: RequestWatch): void {
  const { logger, addsServerTiming, bindsRequestEvents, isOwnServer } = watch;
  const names = new RouteNames(watch.routeOfPath);
  const open = new Map<object, Task>();
  let timer: NodeJS.Timeout | null = null;

  /** Before the task is entered, or it would be the task's timer. */
  const look = (): void => {
    timer ??= setInterval(
      guarded(() => {
        for (const [response, task] of open) if (isDestroyed(response)) end(response, task, "cancelled");
        if (open.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      }),
      lookMs,
    ).unref();
  };

  const end = (response: object, task: Task, outcome: TaskOutcome): void => {
    open.delete(response);
    task.end(outcome);
  };

  onMessage("http.server.request.start", ({ request, response, server }) => {
    if (!isObject(request) || !isObject(response) || isOwnServer(server)) return;
    const routed: RoutedRequest = request;
    look();
    // Read once: the application may put another one in its place.
    const { method } = routed;
    const task = logger.start(names.unrouted(method), {
      isRoot: true,
      nameLater: () => names.nameOf(routed, method),
    });
    open.set(response, task);
    if (bindsRequestEvents) bindRequestEvents(request, task);
    if (addsServerTiming) addServerTiming(response, task);
    awaitRoute(request);
  });

  onMessage("http.server.response.finish", ({ response }) => {
    if (!isObject(response)) return;
    const task = open.get(response);
    if (task !== undefined) end(response, task, outcomeOf(response));
  });

  // Fastify routes before it publishes this; `raw` is the request of node:http.
  onMessage("tracing:fastify.request.handler:start", ({ request, route }) => {
    if (!isObject(request) || !isObject(route) || !("raw" in request) || !("url" in route)) return;
    if (isObject(request.raw) && typeof route.url === "string") names.tell(request.raw, route.url);
  });

  onMessage(routeChannel, ({ request, route }) => {
    if (isObject(request) && typeof route === "string") names.tell(request, route);
  });
}

/** An error in a subscriber would end the application. */
function onMessage(channel: string, take: (message: Message) => void): void {
  subscribe(
    channel,
    guarded((message) => {
      if (isObject(message)) take(message);
    }),
  );
}

function guarded(work: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      work(message);
    } catch {
      // What cannot be measured is not; the application goes on.
    }
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isDestroyed(response: WatchedResponse): boolean {
  return response.destroyed === true;
}

function outcomeOf({ statusCode }: WatchedResponse): TaskOutcome {
  return typeof statusCode === "number" && statusCode >= 500 ? "failed" : "completed";
}
