import { readFileSync } from "node:fs";
import type { PowercapZone } from "../energy/powercap-zones.ts";
import { parseMicrojoules } from "../energy/zone-file.ts";
import { messageOf, systemErrorCode } from "../errors.ts";

/** What one reading of a zone's counter gave. */
export interface ZoneProbe {
  readonly zone: PowercapZone;
  readonly microjoules: bigint | null;
  /** "EACCES", "EINVAL", …; null when it could be read. */
  readonly problem: string | null;
}

export function probeZone(zone: PowercapZone): ZoneProbe {
  try {
    return {
      zone,
      microjoules: parseMicrojoules(readFileSync(zone.energyFile, "utf8"), zone.energyFile),
      problem: null,
    };
  } catch (error) {
    return { zone, microjoules: null, problem: systemErrorCode(error) ?? messageOf(error) };
  }
}

/** RAPL updates about every millisecond; forty of them are enough to see any counter move. */
const longestWaitMs = 40;
const waitStepMs = 2;

/**
 * Whether none of these counters counts: each shows 0 or all ones, and none moves within 40 ms. Returns at once when one shows
 * anything else. A counter that stands still at another value is believed here, since an idle guest's may do so for a
 * second; the energy source then counts a gap.
 */
export function areDead(probes: readonly ZoneProbe[]): boolean {
  if (!probes.every(looksDead)) return false;
  const sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  for (let waitedMs = 0; waitedMs < longestWaitMs; waitedMs += waitStepMs) {
    Atomics.wait(sleeper, 0, 0, waitStepMs);
    if (probes.some(({ zone, microjoules }) => probeZone(zone).microjoules !== microjoules)) return false;
  }
  return true;
}

function looksDead({ zone, microjoules }: ZoneProbe): boolean {
  return microjoules === 0n || microjoules === zone.rangeMicrojoules;
}
