import type { Task } from "../../monitor/task.ts";
import type { ContextLike, ContextManagerLike, SpanLike } from "./open-telemetry-api.ts";
import type { TaskSource } from "./task-source.ts";

export interface SpanTask {
  readonly task: Task;
  /** Whether code ever ran in the span's context: where none did, nothing is known of what it used. */
  hasRun: boolean;
}

type SpanOf = (context: ContextLike) => object | undefined;

/** Status code of a span that failed (OpenTelemetry API, SpanStatusCode.ERROR). */
const errorStatus = 2;

/**
 * Each span is a task of its own, which runs where the span's context is active: so the CPU time of spans that overlap is told apart as that of
 * tasks is, through awaits and callbacks, and not by the clock.
 */
export class SpanTasks {
  readonly #logger: TaskSource;
  readonly #spanOf: SpanOf;
  readonly #tasks = new WeakMap<object, SpanTask>();
  #isFollowing = false;

  constructor(logger: TaskSource, spanOf: SpanOf) {
    this.#logger = logger;
    this.#spanOf = spanOf;
  }

  /** Whether there is a context manager that tells whose code runs. */
  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** The span's task begins, inside that of its parent span, or of what runs here. */
  start(span: SpanLike, parentContext: ContextLike): void {
    const parent = this.#of(parentContext)?.task;
    const begin = (): Task => this.#logger.start(span.name, { enter: false, nameLater: () => span.name });
    const task = parent === undefined || parent.hasEnded ? begin() : parent.run(begin);
    this.#tasks.set(span, { task, hasRun: false });
  }

  /** Ends it; null for a span that has none. */
  end(span: SpanLike): SpanTask | null {
    const ended = this.#tasks.get(span);
    if (ended === undefined) return null;
    this.#tasks.delete(span);
    ended.task.end(span.status.code === errorStatus ? "failed" : "completed");
    return ended;
  }

  /** The application's context manager, with the task of each span that it makes active. */
  contextManager(inner: ContextManagerLike): ContextManagerLike {
    this.#isFollowing = true;
    const run: ContextManagerLike["with"] = (context, work, thisArg, ...args) => {
      const entered = this.#of(context);
      if (entered === undefined || entered === this.#of(inner.active())) {
        return inner.with(context, work, thisArg, ...args);
      }
      entered.hasRun = true;
      return entered.task.run(() => inner.with(context, work, thisArg, ...args));
    };
    // Callbacks that it binds call `with` on what they were bound by, which must then be ours.
    const binding = new Proxy(inner, {
      get: (target, key): unknown => (key === "with" ? run : Reflect.get(target, key, target)),
    });
    return {
      active: () => inner.active(),
      with: run,
      bind: (context, target) => binding.bind(context, target),
      enable() {
        inner.enable();
        return this;
      },
      disable() {
        inner.disable();
        return this;
      },
    };
  }

  #of(context: ContextLike): SpanTask | undefined {
    const span = this.#spanOf(context);
    return span === undefined ? undefined : this.#tasks.get(span);
  }
}
