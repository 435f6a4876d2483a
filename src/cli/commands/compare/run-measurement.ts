import { setTimeout as sleep } from "node:timers/promises";
import { labelOf } from "../../../comparison/comparison.ts";
import { type MeasuredRun, measuredRun } from "../../../comparison/measured-run.ts";
import type { Basis } from "../../../comparison/notes.ts";
import type { GpuEnergySource } from "../../../energy/gpu.ts";
import type { EnergySource } from "../../../energy/source.ts";
import { CarbonOpsError } from "../../../errors.ts";
import { runCommand } from "../../../monitor/command-run.ts";
import { defaultSampleIntervalSeconds } from "../../../monitor/sampler.ts";
import { printable } from "../../../report/terminal/style.ts";
import { rootsOf } from "../../setting-flags.ts";
import type { SessionRequest } from "./request.ts";

/** What every run of a session is measured with. */
export interface Measurement extends SessionRequest {
  readonly basis: Basis;
  readonly source: EnergySource;
  readonly gpuSources: readonly GpuEnergySource[];
  /** The signal that ends the session; null while none came. */
  interruption(): NodeJS.Signals | null;
}

interface RunWanted {
  readonly command: number;
  readonly stage: string;
  /** Within the stage, from 1. */
  readonly round: number;
}

/** A command that was ended by the same Ctrl-C as we, may be seen to end before our own signal is. */
const signalGraceMs = 50;

/** Null where it was interrupted. Throws COMMAND_FAILED, COMPARISON_UNRESOLVED and what `runCommand` throws. */
export async function measureRun(
  session: Measurement,
  { command, stage, round }: RunWanted,
): Promise<MeasuredRun | null> {
  const { request, settings, context, source, gpuSources, basis } = session;
  const text = request.commands[command] ?? "";
  const gapsBefore = source.read().gaps;
  const subscriptions: (() => void)[] = [];
  try {
    const outcome = await runCommand({
      program: "/bin/sh",
      programArguments: ["-c", redirected(text, request.showOutput)],
      environment: context.environment,
      source,
      idleBaseline: basis.idleBaseline,
      sampleIntervalSeconds: settings.sampleIntervalSeconds ?? defaultSampleIntervalSeconds,
      clock: context.clock,
      roots: rootsOf(settings, context),
      onSignal: (listener) => subscriptions.push(context.onSignal(listener)),
      gpuSources,
    });
    const name = `${labelOf(command)} ("${printable(text)}")`;
    if (outcome.exitStatus !== 0) {
      await sleep(signalGraceMs);
      if (session.interruption() !== null) return null;
      throw failed(name, outcome.exitStatus, `${stage} ${round}`);
    }
    const run = measuredRun(outcome, request.compared, basis.idleBaseline, { command, round, gapsBefore });
    if (run === null) {
      throw new CarbonOpsError(
        "ENERGY_READ_FAILED",
        `No energy could be read while ${name} ran (${outcome.energy.energySourceLabel}); ask \`carbon-ops doctor\`.`,
      );
    }
    if (!(run.energyWh > 0)) throw unresolved(name);
    return run;
  } finally {
    for (const unsubscribe of subscriptions) unsubscribe();
  }
}

/** Standard output of ours is for the result: what commands print goes to nobody, or to standard error. */
function redirected(text: string, showOutput: boolean): string {
  return showOutput ? `exec </dev/null >&2\n${text}` : `exec </dev/null >/dev/null 2>&1\n${text}`;
}

function failed(name: string, exitStatus: number, when: string): CarbonOpsError {
  const why = exitStatus === 127 ? "the shell did not find it" : `it ended with status ${exitStatus}`;
  return new CarbonOpsError(
    "COMMAND_FAILED",
    `${name} failed in ${when}: ${why}; mend it (--show-output shows what it says), or write "|| true" behind it where that is no failure.`,
  );
}

function unresolved(name: string): CarbonOpsError {
  return new CarbonOpsError(
    "COMPARISON_UNRESOLVED",
    `A run of ${name} took no energy that can be told from idle power; let each run last a second or more, or correct the idle power.`,
  );
}
