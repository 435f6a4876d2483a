import { subscribe } from "node:diagnostics_channel";
import type { Task, TaskOptions } from "../monitor/task.ts";
import type { TaskOutcome } from "../monitor/task-figures.ts";
import { bindRequestEvents } from "./request-events.ts";
import { methodOf, type RoutedRequest, RouteNames, requestName } from "./route-names.ts";
import { addServerTiming, type TimedResponse } from "./server-timing.ts";

export interface RequestWatch {
  readonly logger: { start(name: string, options?: TaskOptions): Task };
  readonly addsServerTiming: boolean;
  /** Whether the events of a request come in the context of its connection, and have to be brought into that of its task. */
  readonly bindsRequestEvents: boolean;
  /** What a server of ours answers is no task of the application. */
  readonly isOwnServer: (server: unknown) => boolean;
}

/** On which the application, or a plug-in of its framework, may say which route a request took: `{ request, route }`. */
const routeChannel = "carbon-ops.request.route";

/** How often responses are looked at whose client may have gone, in milliseconds. */
const lookMs = 100;

/** The members of node:http's objects that are read here; whatever else is published on these channels is left alone. */
interface WatchedResponse extends TimedResponse {
  readonly statusCode?: unknown;
  readonly destroyed?: unknown;
}

/**
 * Makes every incoming HTTP request a task, from the moment that its headers are read until its response is finished. Node.js tells of both
 * (node:diagnostics_channel, "http.server.request.start" and "http.server.response.finish"), so that nothing of the application is
 * patched and no listener is added to its objects. That a client has gone is not told: open responses are looked at.
 */
export function watchRequests({ logger, addsServerTiming, bindsRequestEvents, isOwnServer }: RequestWatch): void {
  const names = new RouteNames();
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
    const task = logger.start(requestName(methodOf(routed), null), {
      isRoot: true,
      nameLater: () => names.nameOf(routed),
    });
    open.set(response, task);
    if (bindsRequestEvents) bindRequestEvents(request, task);
    if (addsServerTiming) addServerTiming(response, task);
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
function onMessage(channel: string, take: (message: Readonly<Record<string, unknown>>) => void): void {
  subscribe(
    channel,
    guarded((message) => {
      if (isObject(message)) take({ ...message });
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
