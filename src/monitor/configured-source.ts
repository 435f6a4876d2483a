import type { Clock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import { openSource } from "../discovery/open-source.ts";
import type { EnergySource } from "../energy/source.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";
import { type IdleBaseline, idleBaselineFor } from "./energy-figures.ts";
import { baselineFilePath, findBaseline } from "./stored-baseline.ts";

export interface SourceSurroundings {
  readonly roots: HostRoots;
  readonly clock: Clock;
}

/** The source that the settings name, or the best one. Throws ENERGY_SOURCE_UNAVAILABLE. */
export async function openConfiguredSource(
  { energySource = "auto", governorSocket, cpuTdpWatts }: Settings,
  { roots, clock }: SourceSurroundings,
): Promise<EnergySource> {
  const { source } = await openSource({
    roots,
    clock,
    wanted: energySource,
    governorSocket,
    ...(cpuTdpWatts === undefined ? {} : { cpuTdpWatts }),
  });
  return source;
}

export interface ConfiguredBaseline {
  readonly idleBaseline: IdleBaseline;
  /** Why a stored baseline is not used, or is doubtful; a configured one makes that irrelevant. */
  readonly note: string | null;
}

/** Idle power as the settings give it, else as it was measured and stored for this host and source. */
export function configuredBaseline(
  source: EnergySource,
  { idleBaselineWatts }: Settings,
  {
    roots,
    clock,
    environment,
  }: SourceSurroundings & { readonly environment: Readonly<Record<string, string | undefined>> },
): ConfiguredBaseline {
  if (idleBaselineWatts !== undefined) {
    return { idleBaseline: idleBaselineFor(source, idleBaselineWatts), note: null };
  }
  const { baseline, note } = findBaseline(baselineFilePath(environment), source, readHostname(roots), clock.wallMs());
  return { idleBaseline: idleBaselineFor(source, undefined, baseline), note };
}
