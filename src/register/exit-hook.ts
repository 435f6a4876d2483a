// Taken now: the application may replace them.
const { apply, get } = Reflect;
const { getPrototypeOf } = Object;

/**
 * Calls `work` once when the process ends by itself or by process.exit, before the application's listeners of "exit". It is no listener itself: the
 * runtime counts those, and warns on standard error at the eleventh. Instead `emit`, by which the runtime tells them, is wrapped; it is not enumerable.
 */
export function onProcessExit(ending: object, work: () => void): void {
  const own: unknown = Object.getOwnPropertyDescriptor(ending, "emit")?.value;
  let isDone = false;
  const value = function emit(this: unknown, name: unknown, ...given: unknown[]): unknown {
    // An application may emit "exit" without ending; the runtime sets the other member before it does.
    if (name === "exit" && !isDone && get(ending, "_exiting") === true) {
      isDone = true;
      quietly(work);
    }
    // Looked up now: node:domain puts another one into the prototype.
    return apply(callable(own ?? get(getPrototypeOf(ending), "emit")), this, [name, ...given]);
  };
  Object.defineProperty(ending, "emit", { configurable: true, enumerable: false, writable: true, value });
}

/** The application is ending as it wants to: nothing of ours may make it end otherwise. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // There is nobody left to tell.
  }
}

type Callable = (...given: unknown[]) => unknown;

function callable(value: unknown): Callable {
  if (!isCallable(value)) throw new TypeError("process.emit is not a function");
  return value;
}

function isCallable(value: unknown): value is Callable {
  return typeof value === "function";
}
