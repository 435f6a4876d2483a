import type { Task } from "../monitor/task.ts";

/**
 * Brings the events of a request into the context of its task. Node.js emits them while it reads the connection, which was opened before there was a
 * request: since version 24, "data" and "end" come in the context of then, and work that is done in a listener would be nobody's. The member is
 * not enumerable, so that a request is printed as before.
 */
export function bindRequestEvents(request: object, task: Task): void {
  if (!("emit" in request) || typeof request.emit !== "function") return;
  const { emit } = request;
  const inTask = function (this: unknown, ...given: unknown[]): unknown {
    return task.run(() => Reflect.apply(emit, this, given));
  };
  Object.defineProperty(request, "emit", { configurable: true, enumerable: false, writable: true, value: inTask });
}
