import { open } from "node:fs/promises";
import { onTestFinished } from "vitest";

export type DiskOperation = "write" | "datasync" | "sync" | "truncate";

/** One call of an operation; `run` carries it out, with these or other arguments. */
export interface DiskCall {
  readonly given: readonly unknown[];
  readonly run: (given?: readonly unknown[]) => Promise<unknown>;
}

/**
 * Puts a function in the place of operations on every open file, until the test ends or the returned function is called.
 * Node.js exports no class of file handles; the prototype of a real one is what they all share.
 */
export async function interceptDisk(
  names: readonly DiskOperation[],
  intercept: (call: DiskCall) => Promise<unknown>,
): Promise<() => void> {
  const handle = await open("/dev/null");
  await handle.close();
  const prototype: object = Object.getPrototypeOf(handle);
  const originals = names.map((name): [DiskOperation, unknown] => [name, Reflect.get(prototype, name)]);
  for (const [name, original] of originals) {
    if (typeof original !== "function") throw new Error(`file handles have no ${name}`);
    Reflect.set(prototype, name, function intercepted(this: unknown, ...given: unknown[]) {
      return intercept({ given, run: (others = given) => Promise.resolve(Reflect.apply(original, this, others)) });
    });
  }
  const restore = (): void => {
    for (const [name, original] of originals) Reflect.set(prototype, name, original);
  };
  onTestFinished(restore);
  return restore;
}

/** Intercepts the next call only. */
export async function interceptNext(
  name: DiskOperation,
  intercept: (call: DiskCall) => Promise<unknown>,
): Promise<void> {
  let isFirst = true;
  await interceptDisk([name], (call) => {
    if (!isFirst) return call.run();
    isFirst = false;
    return intercept(call);
  });
}

export function diskError(code: string, errno = -5): Error {
  return Object.assign(new Error(`${code}: injected`), { code, errno });
}
