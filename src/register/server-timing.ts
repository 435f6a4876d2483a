import type { Task } from "../monitor/task.ts";

/** Those members of node:http's ServerResponse that are used here. */
export interface TimedResponse {
  readonly writeHead?: unknown;
}

const header = "Server-Timing";

// Taken now: the application may replace it.
const { apply } = Reflect;

/**
 * Adds what is known of a request when its headers are sent to them, as a `Server-Timing` header: CPU milliseconds so far, and joules
 * where they are known. What the application sends under that name stays, before it (W3C Server Timing, 3).
 */
export function addServerTiming(response: object, task: Task): void {
  if (!("writeHead" in response) || typeof response.writeHead !== "function") return;
  const { writeHead: writeHeadOwn } = response;
  const timed = function writeHead(this: unknown, ...given: unknown[]): unknown {
    return apply(writeHeadOwn, this, withTiming(this, given, task));
  };
  Object.defineProperty(response, "writeHead", { configurable: true, enumerable: false, writable: true, value: timed });
}

/** The arguments of writeHead(status, [reason], [headers]), with the header in one of the forms that it takes. Never throws. */
function withTiming(response: unknown, given: readonly unknown[], task: Task): readonly unknown[] {
  try {
    const value = timingOf(task);
    if (value === null || !isHeaded(response)) return given;
    const index = given.findIndex((argument) => typeof argument === "object" && argument !== null);
    const headers = index === -1 ? null : given[index];
    if (Array.isArray(headers)) return given.with(index, withPair(headers, value));
    if (isRecord(headers)) {
      const own = Object.keys(headers).find((name) => name.toLowerCase() === header.toLowerCase());
      // Set beside them, it would make the runtime merge names that it sends apart, so it goes where they are.
      if (own !== undefined || Object.keys(headers).length > 0)
        return given.with(index, {
          ...headers,
          [own ?? header]: appended(own === undefined ? response.getHeader(header) : headers[own], value),
        });
    }
    response.setHeader(header, appended(response.getHeader(header), value));
  } catch {
    // Headers that cannot be added to are sent as they are.
  }
  return given;
}

/** Null while nothing is known. */
function timingOf(task: Task): string | null {
  const figures = task.figures();
  if (figures === null) return null;
  const { cpuSeconds, marginalJoules } = figures.withChildren;
  const cpu = `cpu;dur=${(cpuSeconds * 1000).toFixed(3)};desc="CPU ms so far"`;
  return marginalJoules === null ? cpu : `${cpu}, energy;desc="${marginalJoules.toPrecision(3)} J so far"`;
}

function appended(own: unknown, value: string): string[] {
  if (own === undefined || own === null) return [value];
  const values: readonly unknown[] = Array.isArray(own) ? own : [own];
  return [...values.map(String), value];
}

interface Headed {
  getHeader(name: string): unknown;
  setHeader(name: string, value: readonly string[]): unknown;
}

function isHeaded(value: unknown): value is Headed {
  return typeof value === "object" && value !== null && "getHeader" in value && "setHeader" in value;
}

/** Names and values in turn, as rawHeaders has them, or as pairs. */
function withPair(headers: readonly unknown[], value: string): readonly unknown[] {
  return Array.isArray(headers[0]) ? [...headers, [header, value]] : [...headers, header, value];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
