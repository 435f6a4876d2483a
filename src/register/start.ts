import { setImmediate } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../clock.ts";
import { loadAllowedSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { EnergyLogger } from "../monitor/energy-logger.ts";
import { atExit, type ExitSurroundings } from "./at-exit.ts";
import { otlpExporter, startPrometheus } from "./exporters.ts";
import { watchRequests } from "./request-tasks.ts";
import { routePatterns } from "./route-patterns.ts";

/** What the composition root hands on of the process that is measured. */
export interface RegisterSurroundings extends ExitSurroundings {
  /** Whether the events of a request come in the context of its connection. */
  readonly requestEventsLoseContext: boolean;
  /** What keeps the process open, by the runtime's names. */
  readonly openResources: () => readonly string[];
}

/** The longest that the application is kept from starting, in milliseconds: a governor that is silent goes on being asked beside it. */
const longestStartMs = 5000;

/** The longest that is waited for what is still open to close, in nanoseconds: a disk that is busy needs that to sync. */
const longestClosingNs = 300_000_000n;

/**
 * Opens a logger, watches requests, and starts what shows, records and sends the figures. Rejects where that cannot be: the
 * application then runs as it would without.
 */
export async function startRegister(surroundings: RegisterSurroundings): Promise<EnergyLogger | null> {
  const problems: string[] = [];
  const { environment, workingDirectory } = surroundings;
  const settings = await loadAllowedSettings({ workingDirectory: workingDirectory(), environment }, problems);
  const starting = start(surroundings, settings, problems);
  const logger = await Promise.race([starting, patience(starting)]);
  await closedHandles(surroundings.openResources);
  return logger;
}

async function start(
  surroundings: RegisterSurroundings,
  settings: Settings,
  problems: string[],
): Promise<EnergyLogger> {
  const otlp = await otlpExporter(surroundings.environment, problems);
  const logger = await EnergyLogger.open({ intervalSeconds: settings.intervalSeconds ?? otlp?.intervalSeconds });
  // A process may have no request, and is told of none the less.
  logger.begin();
  if (otlp !== null) logger.addSink(otlp);
  watchRequests({
    logger,
    addsServerTiming: settings.serverTiming === "yes",
    bindsRequestEvents: surroundings.requestEventsLoseContext,
    isOwnServer: await startPrometheus(logger, settings, problems),
    routeOfPath: settings.routes === undefined ? null : routePatterns(settings.routes, problems),
  });
  const allProblems = (): string[] => [...problems, ...logger.problems, ...(otlp?.problems ?? [])];
  atExit({ logger, settings, otlp, problems: allProblems }, surroundings);
  return logger;
}

/** The timer keeps the process open until then: with nothing else to do, it would end without having run the application. */
async function patience(starting: Promise<EnergyLogger>): Promise<null> {
  const impatient = new AbortController();
  const { signal } = impatient;
  const stop = (): void => impatient.abort();
  void starting.finally(stop).catch(stop);
  return delay(longestStartMs, null, { signal }).catch(() => null);
}

/** Turns in a row in which nothing is open: between two steps of the same work it is so for some. */
const quietTurns = 10;

/** What was opened to look at it (files, the governor's socket) closes in the next turns, and is then not among what the application has open. */
async function closedHandles(openResources: () => readonly string[]): Promise<void> {
  const endNs = systemClock.monotonicNs() + longestClosingNs;
  for (let quiet = 0; quiet < quietTurns && systemClock.monotonicNs() < endNs; ) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    quiet = openResources().every((type) => type === "Immediate") ? quiet + 1 : 0;
  }
}
