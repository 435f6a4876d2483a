import type { Task } from "../monitor/task.ts";

// Taken now: the application may replace it.
const { apply } = Reflect;

/**
 * Brings the events of a request into the context of its task. Node.js emits them while it reads the connection, which was opened before there was a
 * request: since version 24, "data" and "end" come in the context of then, and work that is done in a listener would be nobody's. A request without a
 * body has been read when its listeners are added, and its events come in their context. The member is not enumerable, so that a request is printed as
 * before.
 */
export function bindRequestEvents(request: object, task: Task): void {
  if (!hasBody(request) || !("emit" in request) || typeof request.emit !== "function") return;
  const { emit: emitOwn } = request;
  // Named and counted as the runtime's own.
  const inTask = function emit(this: unknown, name: unknown, ...given: unknown[]): unknown {
    return task.run(() => apply(emitOwn, this, [name, ...given]));
  };
  Object.defineProperty(request, "emit", { configurable: true, enumerable: false, writable: true, value: inTask });
}

/** RFC 9112, 6.3: one of these headers says so. They are looked up as they came, since the parsed ones are made only when somebody asks for them. */
function hasBody(request: object): boolean {
  if (!("rawHeaders" in request) || !Array.isArray(request.rawHeaders)) return true;
  const headers: readonly unknown[] = request.rawHeaders;
  return headers.some((name, index) => index % 2 === 0 && typeof name === "string" && saysBody(name));
}

function saysBody(name: string): boolean {
  if (name.length === "content-length".length) return name.toLowerCase() === "content-length";
  return name.length === "transfer-encoding".length && name.toLowerCase() === "transfer-encoding";
}
