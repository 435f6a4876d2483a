/** What ends when a signal is aborted. */
export interface Abortable {
  abort(): void;
}

/** One listener a signal, however many tasks share it: the runtime warns of more than ten, and that would be new output of the application. */
export class TaskSignals {
  readonly #bySignal = new WeakMap<AbortSignal, Listening>();

  add(signal: AbortSignal, task: Abortable): void {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) {
      known.tasks.add(task);
      return;
    }
    const tasks = new Set([task]);
    const listener = (): void => {
      for (const listed of tasks) listed.abort();
    };
    signal.addEventListener("abort", listener, { once: true });
    this.#bySignal.set(signal, { tasks, listener });
  }

  remove(signal: AbortSignal, task: Abortable): void {
    const known = this.#bySignal.get(signal);
    if (known === undefined) return;
    known.tasks.delete(task);
    if (known.tasks.size > 0) return;
    signal.removeEventListener("abort", known.listener);
    this.#bySignal.delete(signal);
  }
}

interface Listening {
  readonly tasks: Set<Abortable>;
  readonly listener: () => void;
}
