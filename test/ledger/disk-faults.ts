import fs from "node:fs";
import fsPromises, { open } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { onTestFinished } from "vitest";

export type DiskOperation = "write" | "datasync" | "sync" | "truncate" | "rename" | "link" | "unlink";

/** One call of an operation; `run` carries it out, with these or other arguments, and gives what the call gives. */
export interface DiskCall {
  readonly given: readonly unknown[];
  readonly run: (given?: readonly unknown[]) => unknown;
}

/** Does something once a call has been carried out, whether it was one that waits or one that promises. */
export function afterwards(outcome: unknown, next: () => unknown): unknown {
  return outcome instanceof Promise ? afterPromise(outcome, next) : next();
}

async function afterPromise(outcome: Promise<unknown>, next: () => unknown): Promise<unknown> {
  await outcome;
  return await next();
}

/**
 * Puts a function in the place of operations on every file, until the test ends or the returned function is called. "write"
 * is every write, through a handle or a descriptor. Node.js exports no class of file handles; the prototype of a real one is
 * what they all share.
 */
export async function interceptDisk(
  names: readonly DiskOperation[],
  intercept: (call: DiskCall) => unknown,
): Promise<() => void> {
  const handle = await open("/dev/null");
  await handle.close();
  const prototype: object = Object.getPrototypeOf(handle);
  const restorers = names.map((name) => {
    if (name === "rename" || name === "link" || name === "unlink")
      return replaceFunction(fsPromises, name, 0, intercept);
    const restoreHandles = replaceFunction(prototype, name, 0, intercept);
    const restoreDescriptors = name === "write" ? replaceFunction(fs, "writeSync", 1, intercept) : null;
    return () => {
      restoreHandles();
      restoreDescriptors?.();
    };
  });
  syncBuiltinESMExports();
  const restore = (): void => {
    for (const restoreOne of restorers) restoreOne();
    syncBuiltinESMExports();
  };
  onTestFinished(restore);
  return restore;
}

/** The first arguments, so many as `hidden` says, are handed on as they are. */
function replaceFunction(
  place: object,
  name: string,
  hidden: number,
  intercept: (call: DiskCall) => unknown,
): () => void {
  const original: unknown = Reflect.get(place, name);
  if (typeof original !== "function") throw new Error(`there is no ${name}`);
  Reflect.set(place, name, function intercepted(this: unknown, ...all: unknown[]) {
    const given = all.slice(hidden);
    const run = (others: readonly unknown[] = given): unknown =>
      Reflect.apply(original, this, [...all.slice(0, hidden), ...others]);
    // What vitest itself writes is text.
    return name === "writeSync" && !(given[0] instanceof Uint8Array) ? run() : intercept({ given, run });
  });
  return () => Reflect.set(place, name, original);
}

/** Intercepts the next call only. */
export async function interceptNext(name: DiskOperation, intercept: (call: DiskCall) => unknown): Promise<void> {
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

/** Counts the bytes that are read through file handles until `stop`, which gives their number. */
export async function interceptReads(): Promise<{ stop(): number }> {
  let bytes = 0;
  const handle = await open("/dev/null");
  await handle.close();
  const restore = replaceFunction(Object.getPrototypeOf(handle), "read", 0, async ({ run }) => {
    const result = await run();
    if (typeof result === "object" && result !== null && "bytesRead" in result) bytes += Number(result.bytesRead);
    return result;
  });
  onTestFinished(restore);
  return {
    stop: () => {
      restore();
      return bytes;
    },
  };
}
