import type { Clock } from "../clock.ts";
import type { DomainKind } from "../energy/counter.ts";
import { powercapUncertainty } from "../energy/powercap-uncertainty.ts";
import type { DomainReading, EnergyReading, EnergySource } from "../energy/source.ts";
import { CarbonOpsError } from "../errors.ts";
import {
  connectGovernor,
  type GovernorDomain,
  type GovernorInfo,
  type GovernorSnapshot,
  watchGovernor,
} from "../governor/client.ts";
import { type CpuInfo, readCpuInfo } from "../host/cpuinfo.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";

export interface GovernorSourceRequest {
  readonly socketPath: string;
  readonly roots: HostRoots;
  readonly clock: Clock;
  /** Longest wait for the governor, here and whenever a span ends. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 500;
const intervalSeconds = 0.1;

/** A snapshot that is older than this many poll intervals was not delivered yet: this process was busy. */
const intervalsUntilStale = 2.5;
const awayAfterSeconds = 10;

/**
 * The governor as an energy source. It subscribes, and `read` gives the newest tick with that tick's own time: a reading is up to
 * one poll interval (0.1 s) old, so that each end of a span is known to that, and a span that is shorter waits for the next tick.
 *
 * A governor that goes away and resumes loses nothing. One that comes back under another id has not counted in between: that is a
 * gap. Throws GOVERNOR_UNAVAILABLE when it does not answer in time, or has no counter that it can read.
 */
export async function openGovernorSource(request: GovernorSourceRequest): Promise<EnergySource> {
  const { clock, socketPath, roots, timeoutMs = defaultTimeoutMs } = request;
  const info = await infoOf(socketPath, timeoutMs);
  const usable = info.domains.filter(({ counted, problem }) => counted && problem === null);
  if (usable.length === 0) throw withoutCounters(socketPath);

  const sum = energySum(info.domains);
  const watch = await watchGovernor({
    socketPath,
    timeoutMs,
    intervalSeconds,
    onSnapshot: (snapshot) => sum.add(snapshot),
  });
  if ((await watch.next(-1n, timeoutMs)) === null) {
    watch.close();
    throw silent(socketPath, timeoutMs);
  }
  let given = sum.reading();
  let isOverdue = false;
  const ageSeconds = (): number => Number(clock.monotonicNs() - sum.tickNs) / 1e9;
  const staleSeconds = intervalsUntilStale * Math.max(intervalSeconds, info.pollIntervalSeconds);
  const isStale = (): boolean => ageSeconds() > staleSeconds;

  const cpu = cpuInfoOrNull(roots);
  const withMemory = usable.some(({ kind }) => kind === "dram");
  return {
    id: "governor",
    provenance: cpu?.isGuest === true ? "estimated" : "measured",
    boundary: "package_and_dram",
    label: labelOf(usable, info, cpu),
    uncertainty: powercapUncertainty(cpu, withMemory, readHostname(roots)),
    idleWatts: null,
    wattsPerBusyCpu: null,
    settle: async () => {
      const waitUntil = clock.monotonicNs() + BigInt(timeoutMs) * 1_000_000n;
      // A moment's turn of the event loop may be all that the newest tick waits for.
      while ((isStale() || sum.tickNs <= given.monotonicNs) && clock.monotonicNs() < waitUntil) {
        const leftMs = Math.max(1, Number((waitUntil - clock.monotonicNs()) / 1_000_000n));
        if ((await watch.next(sum.tickNs, leftMs)) === null) break;
      }
      isOverdue = isStale();
    },
    read: () => {
      if (isOverdue || ageSeconds() > awayAfterSeconds) {
        isOverdue = false;
        throw away(socketPath);
      }
      if (!isStale() && sum.tickNs > given.monotonicNs) given = sum.reading();
      return given;
    },
    close: () => watch.close(),
  };
}

interface EnergySum {
  readonly tickNs: bigint;
  add(snapshot: GovernorSnapshot): void;
  reading(): EnergyReading;
}

/** What the governor's totals grew by since the first snapshot, over its restarts. Wraps are the governor's own affair. */
function energySum(described: readonly GovernorDomain[]): EnergySum {
  const kinds = new Map(described.map(({ id, kind }) => [id, kind]));
  const grown = new Map<string, DomainReading>();
  let last: GovernorSnapshot | null = null;
  let gaps = 0;

  const addDomains = (
    earlier: ReadonlyMap<string, bigint>,
    later: ReadonlyMap<string, bigint>,
    counted: boolean,
  ): void => {
    for (const [id, microjoules] of later) {
      const before = earlier.get(id) ?? microjoules;
      const known = grown.get(id)?.microjoules ?? 0n;
      // A total that shrank is none of this governor's: it adds nothing.
      if (microjoules < before) gaps += 1;
      const step = microjoules < before ? 0n : microjoules - before;
      const kind = kindOf(kinds.get(id));
      grown.set(id, { id, kind, counted, microjoules: known + step, wraps: 0, gaps: 0 });
    }
  };
  return {
    get tickNs() {
      return last?.monotonicNs ?? 0n;
    },
    add: (snapshot) => {
      const isSame = last?.governorId === snapshot.governorId;
      if (last !== null && !isSame) gaps += 1;
      const earlier = isSame && last !== null ? last : snapshot;
      addDomains(earlier.countersMicrojoules, snapshot.countersMicrojoules, true);
      addDomains(earlier.nestedMicrojoules, snapshot.nestedMicrojoules, false);
      gaps += Math.max(0, snapshot.gaps - earlier.gaps);
      last = snapshot;
    },
    reading: () => {
      const domains = [...grown.values()];
      const hostMicrojoules = domains.reduce(
        (total, { counted, microjoules }) => total + (counted ? microjoules : 0n),
        0n,
      );
      return { monotonicNs: last?.monotonicNs ?? 0n, hostMicrojoules, domains, gaps };
    },
  };
}

const domainKinds: readonly DomainKind[] = ["package", "dram", "core", "uncore", "psys", "gpu"];

/** A kind that a later governor may know and this client does not is shown as a package's part. */
function kindOf(word: string | undefined): DomainKind {
  return domainKinds.find((kind) => kind === word) ?? "core";
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

function away(socketPath: string): CarbonOpsError {
  return new CarbonOpsError(
    "ENERGY_READ_FAILED",
    `The governor on ${socketPath} has gone away or is silent; restart it, and it is used again.`,
  );
}
