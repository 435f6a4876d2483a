import type { Clock } from "../clock.ts";
import { powercapUncertainty } from "../energy/powercap-uncertainty.ts";
import type { EnergyReading, EnergySource } from "../energy/source.ts";
import { CarbonOpsError } from "../errors.ts";
import {
  connectGovernor,
  type GovernorDomain,
  type GovernorInfo,
  twinsAmong,
  watchGovernor,
} from "../governor/client.ts";
import { type CpuInfo, readCpuInfo } from "../host/cpuinfo.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";
import { governorTicks } from "./governor-ticks.ts";

export interface GovernorSourceRequest {
  readonly socketPath: string;
  readonly roots: HostRoots;
  readonly clock: Clock;
  /** Longest wait for the governor, here and whenever a span ends. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 500;
const intervalSeconds = 0.1;

/** The newest snapshot of so many poll intervals ago is the newest there is; behind an older one, others may wait to be received. */
const intervalsUntilLate = 1.2;
/** Snapshots that lie further apart than so many poll intervals say nothing of the time between them. */
const intervalsUntilSilent = 2.5;

/**
 * The governor as an energy source. It subscribes, and a reading is a tick with that tick's own time: each end of a span is known to
 * one poll interval (0.1 s), and a span that is shorter waits for the next tick. A process that is busy receives its ticks late;
 * `readAround` finds those of an instant among them afterwards.
 *
 * A governor that goes away and resumes loses nothing. One that comes back under another id has not counted in between: that is a
 * gap. Throws GOVERNOR_UNAVAILABLE when it does not answer in time, or has no counter that it can read.
 */
export async function openGovernorSource(request: GovernorSourceRequest): Promise<EnergySource> {
  const { clock, socketPath, roots, timeoutMs = defaultTimeoutMs } = request;
  const info = await infoOf(socketPath, timeoutMs);
  const usable = info.domains.filter(({ counted, problem }) => counted && problem === null);
  if (usable.length === 0) throw withoutCounters(socketPath);

  const twins = twinsAmong(info.domains);
  const ticks = governorTicks(info.domains, twins);
  const silence = `The governor on ${socketPath} has gone away or is silent; restart it, and it is used again.`;
  let isSilent = false;
  const watch = await watchGovernor({
    socketPath,
    timeoutMs,
    intervalSeconds,
    onSnapshot: (snapshot) => {
      isSilent = false;
      ticks.add(snapshot);
    },
  });
  if ((await watch.next(-1n, timeoutMs)) === null) {
    watch.close();
    throw silent(socketPath, timeoutMs);
  }
  let givenNs = 0n;
  const given = (reading: EnergyReading): EnergyReading => {
    if (reading.monotonicNs > givenNs) givenNs = reading.monotonicNs;
    return reading;
  };
  const intervalNs = Math.max(intervalSeconds, info.pollIntervalSeconds) * 1e9;
  const isApart = (earlierNs: bigint, laterNs: bigint, intervals: number): boolean =>
    Number(laterNs - earlierNs) > intervals * intervalNs;
  /** Whether the newest tick can be the last one before an instant. */
  const isReached = (monotonicNs: bigint): boolean =>
    !isApart(ticks.newest().monotonicNs, monotonicNs, intervalsUntilLate);

  const cpu = cpuInfoOrNull(roots);
  const withMemory = usable.some(({ kind }) => kind === "dram");
  return {
    id: "governor",
    provenance: cpu?.isGuest === true ? "estimated" : "measured",
    boundary: "package_and_dram",
    label: labelOf(
      usable.filter(({ id }) => !twins.has(id)),
      info,
      cpu,
    ),
    uncertainty: powercapUncertainty(cpu, withMemory, readHostname(roots)),
    idleWatts: null,
    wattsPerBusyCpu: null,
    settle: async () => {
      const askedNs = clock.monotonicNs();
      // Once it is known to be silent, a turn of the event loop shows whether it still is.
      const waitUntil = askedNs + BigInt(isSilent ? 1 : timeoutMs) * 1_000_000n;
      const isThere = (): boolean => ticks.newest().monotonicNs > givenNs && isReached(askedNs);
      while (!isThere() && clock.monotonicNs() < waitUntil) {
        const leftMs = Math.max(1, Number((waitUntil - clock.monotonicNs()) / 1_000_000n));
        if ((await watch.next(ticks.newest().monotonicNs, leftMs)) === null) break;
      }
      isSilent = isApart(ticks.newest().monotonicNs, clock.monotonicNs(), intervalsUntilSilent);
    },
    readAround: (monotonicNs) => {
      const { before, after } = ticks.around(monotonicNs);
      const laterNs = after?.monotonicNs ?? monotonicNs;
      if (after === null && !isSilent && !isReached(monotonicNs)) return null;
      given(before);
      const isKnown =
        before.monotonicNs <= monotonicNs &&
        (!isApart(before.monotonicNs, monotonicNs, intervalsUntilLate) ||
          !isApart(before.monotonicNs, laterNs, intervalsUntilSilent));
      return { before, after, silence: isKnown ? null : silence };
    },
    read: () => {
      if (isSilent) throw away(silence);
      return given(ticks.newest());
    },
    close: () => watch.close(),
  };
}

async function infoOf(socketPath: string, timeoutMs: number): Promise<GovernorInfo> {
  const client = await connectGovernor({ socketPath, timeoutMs });
  try {
    return await client.info();
  } finally {
    client.close();
  }
}

function labelOf(usable: readonly GovernorDomain[], info: GovernorInfo, cpu: CpuInfo | null): string {
  const packages = usable.filter(({ kind }) => kind === "package").map(({ name }) => name);
  const memory = usable.some(({ kind }) => kind === "dram") ? " + dram" : " (no memory counter)";
  const way = info.mode === "msr" ? "MSR" : "powercap";
  return `${cpu?.isGuest === true ? "virtualised counter" : "RAPL"} ${packages.join(", ")}${memory} through ${way} and the governor`;
}

function cpuInfoOrNull(roots: HostRoots): CpuInfo | null {
  try {
    return readCpuInfo(roots);
  } catch {
    return null;
  }
}

function withoutCounters(socketPath: string): CarbonOpsError {
  return new CarbonOpsError(
    "GOVERNOR_UNAVAILABLE",
    `The governor on ${socketPath} has no energy counter that it can read; its log says why.`,
  );
}

function silent(socketPath: string, timeoutMs: number): CarbonOpsError {
  return new CarbonOpsError(
    "GOVERNOR_UNAVAILABLE",
    `The governor on ${socketPath} sent no reading within ${timeoutMs} ms; see its log, or restart it.`,
  );
}

function away(silence: string): CarbonOpsError {
  return new CarbonOpsError("ENERGY_READ_FAILED", silence);
}
