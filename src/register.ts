import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import type { EnergyLogger } from "./monitor/energy-logger.ts";

/**
 * The zero-code start: `node --import carbon-ops/register app.js`. Incoming HTTP requests become tasks, named by method and route.
 *
 * Whatever happens in here, the application starts and runs as it would without: modules are loaded where an error can be swallowed, and
 * a second copy of the package, or a worker thread, does nothing.
 */

/** What measures the requests; null where nothing was asked for, or it could not be started. Tasks of your own may be started with it. */
export const logger: EnergyLogger | null = await registered();

async function registered(): Promise<EnergyLogger | null> {
  if (!isMainThread || !isFirstCopy()) return null;
  const globals = new Set(Object.keys(globalThis));
  try {
    const { isAskedFor } = await import("./register/asked-for.ts");
    if (!isAskedFor(process.env, workingDirectory)) return null;
    const { startRegister } = await import("./register/start.ts");
    return await startRegister({
      environment: process.env,
      workingDirectory,
      pid: process.pid,
      command: process.argv.slice(1),
      // Since version 24 the runtime carries contexts by frames, and a request's events come in that of its connection.
      requestEventsLoseContext: Number.parseInt(process.versions.node, 10) >= 24,
      openResources: () => process.getActiveResourcesInfo(),
      onExit: (listener) => process.once("exit", listener),
      writeStderr: (text) => writeSync(2, text),
    });
  } catch {
    return null;
  } finally {
    leaveAsFound(globals);
  }
}

/** One a process, whichever copies of the package it loads. */
function isFirstCopy(): boolean {
  const mark = Symbol.for("carbon-ops.register");
  if (Object.hasOwn(globalThis, mark)) return false;
  Object.defineProperty(globalThis, mark, { value: true });
  return true;
}

/** What packages of ours have put there is theirs alone: another copy of the same package, the application's, starts anew. */
function leaveAsFound(globals: ReadonlySet<string>): void {
  for (const name of Object.keys(globalThis)) if (!globals.has(name)) Reflect.deleteProperty(globalThis, name);
}

/** A working directory that was removed has no name any more. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return "/";
  }
}
