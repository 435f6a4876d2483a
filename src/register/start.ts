import { setTimeout as delay } from "node:timers/promises";
import { loadSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { messageOf } from "../errors.ts";
import { EnergyLogger } from "../monitor/energy-logger.ts";
import { atExit, type ExitSurroundings } from "./at-exit.ts";
import { otlpExporter, startPrometheus } from "./exporters.ts";
import { watchRequests } from "./request-tasks.ts";

/** What the composition root hands on of the process that is measured. */
export interface RegisterSurroundings extends ExitSurroundings {
  /** Whether the events of a request come in the context of its connection. */
  readonly requestEventsLoseContext: boolean;
  /** What keeps the process open, by the runtime's names. */
  readonly openResources: () => readonly string[];
}

/** The longest that the application is kept from starting, in milliseconds: a governor that is silent goes on being asked beside it. */
const longestStartMs = 5000;

/** Turns of the event loop in which what is still open may close. */
const longestTurns = 500;

/**
 * Opens a logger, watches requests, and starts what shows, records and sends the figures. Rejects where that cannot be: the
 * application then runs as it would without.
 */
export async function startRegister(surroundings: RegisterSurroundings): Promise<EnergyLogger | null> {
  const problems: string[] = [];
  const settings = await settingsOf(surroundings, problems);
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
  if (otlp !== null) logger.addSink(otlp);
  watchRequests({
    logger,
    addsServerTiming: settings.serverTiming === "yes",
    bindsRequestEvents: surroundings.requestEventsLoseContext,
    isOwnServer: await startPrometheus(logger, settings, problems),
  });
  const allProblems = (): string[] => [...problems, ...logger.problems, ...(otlp?.problems ?? [])];
  atExit({ logger, settings, problems: allProblems }, surroundings);
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

/** What was opened to look at it (files, the governor's socket) closes in the next turns, and is then not among what the application has open. */
async function closedHandles(openResources: () => readonly string[]): Promise<void> {
  for (let turn = 0; turn < longestTurns; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    if (turn > 1 && !openResources().some((type) => type !== "Immediate" && type !== "Timeout")) return;
  }
}

/** Where a setting is not allowed, what can be told is still told where it was asked for. */
async function settingsOf(
  { environment, workingDirectory }: RegisterSurroundings,
  problems: string[],
): Promise<Settings> {
  try {
    return await loadSettings({ workingDirectory: workingDirectory(), environment });
  } catch (error) {
    problems.push(messageOf(error));
    const summary = environment["CARBON_OPS_SUMMARY"];
    return summary === undefined || summary === "" ? {} : { summary };
  }
}
