import { isMainThread } from "node:worker_threads";
import type { EnergyLogger } from "./monitor/energy-logger.ts";

/**
 * The zero-code start: `node --import carbon-ops/register app.js`. Incoming HTTP requests become tasks, named by method and route.
 *
 * Whatever happens in here, the application starts and runs as it would without: modules are loaded where an error can be swallowed, and
 * a second copy of the package, or a worker thread, does nothing.
 */

/**
 * What measures the requests; null where nothing was asked for, or it could not be started, and in a forked process until it has. Tasks of your own may be
 * started with it.
 */
export let logger: EnergyLogger | null = null;

/** Messages of the parent are read from the beginning: one that came before the application listens would be lost, so that it is not kept waiting. */
const isForked = process.channel !== undefined;
const starting = registered();
if (!isForked) await starting;

async function registered(): Promise<void> {
  if (!isMainThread) return;
  const globals = new Set(Object.keys(globalThis));
  try {
    const { isAskedFor } = await import("./register/asked-for.ts");
    if (!isAskedFor(process.env, workingDirectory) || !isFirstCopy()) return;
    const { startRegister } = await import("./register/start.ts");
    const { onProcessExit } = await import("./register/exit-hook.ts");
    const { openClosedStandardStreams, standardErrorWriter } = await import("./register/standard-error.ts");
    const works: (() => void)[] = [() => openClosedStandardStreams("/dev/null")];
    onProcessExit(process, () => {
      for (const work of works) work();
    });
    logger = await startRegister({
      environment: process.env,
      workingDirectory,
      pid: process.pid,
      command: process.argv.slice(1),
      // Since version 24 the runtime carries contexts by frames, and a request's events come in that of its connection.
      requestEventsLoseContext: Number.parseInt(process.versions.node, 10) >= 24,
      // An application that runs beside it has its own open.
      openResources: () => (isForked ? [] : process.getActiveResourcesInfo()),
      onExit: (work) => void works.push(work),
      writeStderr: standardErrorWriter("/proc/self/fd/2"),
    });
  } catch {
    // The application runs as it would without.
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

/**
 * What packages of ours have put there is theirs alone: another copy of the same package, the application's, starts anew. Beside an application that
 * runs already, only what is known to be theirs is taken away.
 */
function leaveAsFound(globals: ReadonlySet<string>): void {
  for (const name of Object.keys(globalThis)) {
    if (!globals.has(name) && (!isForked || name.startsWith("__zod"))) Reflect.deleteProperty(globalThis, name);
  }
}

/** A working directory that was removed has no name any more. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return "/";
  }
}
