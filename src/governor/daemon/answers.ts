import { encodeLine, protocolVersion, type WireValue } from "../protocol.ts";
import type { TickHistory } from "./history.ts";
import { countedGaps, type Domain, deltaMicrojoules, totalMicrojoules } from "./meter.ts";
import type { Polling } from "./poller.ts";
import { refusalLine } from "./server.ts";

/** Who answers: the same in every line of one process. */
export interface Identity {
  readonly governorId: string;
  /** Null where the kernel does not show it: then nothing is resumed. */
  readonly bootId: string | null;
}

export interface TickStamp {
  readonly sequence: number;
  readonly wallMs: number;
  readonly monotonicNs: bigint;
}

export const warmingUpLine = encodeLine({ status: "warming_up" });

export function snapshotLine(
  identity: Identity,
  tick: TickStamp,
  pollIntervalSeconds: number,
  domains: readonly Domain[],
): string {
  return encodeLine({
    ...header(identity),
    sequence: tick.sequence,
    timestamp: tick.wallMs / 1000,
    monotonic_ns: tick.monotonicNs.toString(),
    poll_interval_s: pollIntervalSeconds,
    ...energyMembers(domains, totalMicrojoules),
    deltas_uj: byId(domains, deltaMicrojoules),
    gaps: countedGaps(domains),
  });
}

export function windowLine(
  identity: Identity,
  fromNs: bigint,
  toNs: bigint,
  history: TickHistory,
  domains: readonly Domain[],
): string {
  const { oldestNs, newestNs } = history;
  if (oldestNs === null || newestNs === null) return warmingUpLine;
  if (fromNs < oldestNs) {
    return refusalLine({ code: "window_not_held", message: `The oldest tick that is kept is of ${oldestNs}.` });
  }
  if (toNs > newestNs) {
    return refusalLine({
      code: "window_not_reached",
      message: `The newest tick is of ${newestNs}; ask again after the next.`,
    });
  }
  const window = history.window(
    fromNs,
    toNs,
    domains.map(({ counter }) => counter.rule),
  );
  const energyOf = new Map(domains.map((domain, index) => [domain, window.microjoules[index] ?? 0n]));
  return encodeLine({
    ...header(identity),
    from_ns: fromNs.toString(),
    to_ns: toNs.toString(),
    ...energyMembers(domains, (domain) => energyOf.get(domain) ?? 0n),
    gaps: window.gaps,
    first_tick_ns: window.firstTickNs.toString(),
    last_tick_ns: window.lastTickNs.toString(),
    ticks: window.tickCount,
  });
}

/** @param facts about the process, in the protocol's names. */
export function infoLine(
  identity: Identity,
  facts: { readonly [name: string]: WireValue },
  polling: Polling | null,
  domains: readonly Domain[],
): string {
  const lateness = polling?.lateness() ?? null;
  return encodeLine({
    ...header(identity),
    ...facts,
    skipped_ticks: polling?.skippedTicks ?? 0,
    tick_lateness_ms: lateness && { p50: lateness.p50Ms, p99: lateness.p99Ms, max: lateness.maxMs },
    domains: domains.map(domainMembers),
  });
}

function domainMembers({ counter, state, problem }: Domain): WireValue {
  const { unitNanojoules, countsPerUnit = 1n, modulus } = counter.rule;
  return {
    id: counter.id,
    name: counter.name,
    kind: counter.kind,
    parent: counter.parentId,
    counted: counter.counted,
    unit_nj: unitNanojoules,
    counts_per_unit: countsPerUnit,
    modulus,
    range_uj: modulus === null ? null : ((modulus - 1n) * unitNanojoules) / (1000n * countsPerUnit),
    wraps: state.wraps,
    gaps: state.gaps,
    frozen: state.isFrozen,
    problem,
  };
}

function header({ governorId, bootId }: Identity): { readonly [name: string]: WireValue } {
  return { status: "ok", protocol: protocolVersion, governor_id: governorId, boot_id: bootId };
}

/** `counters_uj` are disjoint: their sum is the host's energy. `nested_uj` lie inside them, mirror them or contain them. */
function energyMembers(
  domains: readonly Domain[],
  energyOf: (domain: Domain) => bigint,
): { readonly [name: string]: WireValue } {
  const counted = domains.filter(({ counter }) => counter.counted);
  const nested = domains.filter(({ counter }) => !counter.counted);
  return {
    counters_uj: byId(counted, energyOf),
    nested_uj: byId(nested, energyOf),
    totals_uj: byId(domains, energyOf),
  };
}

function byId(domains: readonly Domain[], energyOf: (domain: Domain) => bigint): ReadonlyMap<string, bigint> {
  return new Map(domains.map((domain) => [domain.counter.id, energyOf(domain)]));
}
