import { encodeLine, protocolVersion, type Refusal, type WireValue } from "../protocol.ts";
import type { TickHistory } from "./history.ts";
import { countedGaps, type Domain, deltaMicrojoules, totalMicrojoules } from "./meter.ts";
import type { Polling } from "./poller.ts";

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

type Members = Readonly<Record<string, WireValue>>;

export const warmingUpLine = encodeLine({ status: "warming_up" });

export function refusalLine({ code, message }: Refusal): string {
  return encodeLine({ status: "error", code, message });
}

export function snapshotLine(
  identity: Identity,
  tick: TickStamp,
  pollSeconds: number,
  domains: readonly Domain[],
): string {
  return encodeLine({
    ...header(identity),
    sequence: tick.sequence,
    timestamp: tick.wallMs / 1000,
    monotonic_ns: tick.monotonicNs.toString(),
    poll_interval_s: pollSeconds,
    ...energyMembers(domains, domains.map(totalMicrojoules)),
    deltas_uj: Object.fromEntries(domains.map((domain) => [domain.counter.id, deltaMicrojoules(domain)])),
    gaps: countedGaps(domains),
  });
}

export function windowLine(
  identity: Identity,
  [fromNs, toNs]: readonly [bigint, bigint],
  history: TickHistory,
  domains: readonly Domain[],
): string {
  const { oldestNs, newestNs } = history;
  if (oldestNs === null || newestNs === null) return warmingUpLine;
  if (fromNs < oldestNs) {
    return refusalLine({ code: "window_not_held", message: `The oldest tick that is kept is of ${oldestNs}.` });
  }
  if (toNs > newestNs) {
    const message = `The newest tick is of ${newestNs}; ask again after the next.`;
    return refusalLine({ code: "window_not_reached", message });
  }
  const rules = domains.map(({ counter }) => counter.rule);
  const { microjoules, gaps, firstTickNs, lastTickNs, tickCount } = history.window(fromNs, toNs, rules);
  return encodeLine({
    ...header(identity),
    from_ns: fromNs.toString(),
    to_ns: toNs.toString(),
    ...energyMembers(domains, microjoules),
    gaps,
    first_tick_ns: firstTickNs.toString(),
    last_tick_ns: lastTickNs.toString(),
    ticks: tickCount,
  });
}

/** @param facts about the process, in the protocol's names. */
export function infoLine(
  identity: Identity,
  facts: Members,
  polling: Polling | null,
  domains: readonly Domain[],
): string {
  return encodeLine({
    ...header(identity),
    ...facts,
    skipped_ticks: polling?.skippedTicks() ?? 0,
    tick_lateness_ms: polling?.lateness() ?? null,
    domains: domains.map(domainMembers),
  });
}

function domainMembers({ counter, state, problem }: Domain): Members {
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
    raw_count: state.raw,
    wraps: state.wraps,
    gaps: state.gaps,
    frozen: state.isFrozen,
    problem,
  };
}

function header({ governorId, bootId }: Identity): Members {
  return { status: "ok", protocol: protocolVersion, governor_id: governorId, boot_id: bootId };
}

/** `counters_uj` are disjoint: their sum is the host's energy. `nested_uj` lie inside them, mirror them or contain them. */
function energyMembers(domains: readonly Domain[], microjoules: readonly bigint[]): Members {
  const energies = domains.map(({ counter }, at) => [counter, microjoules[at] ?? 0n] as const);
  const of = (isWanted: (counter: Domain["counter"]) => boolean): Members =>
    Object.fromEntries(energies.flatMap(([counter, energy]) => (isWanted(counter) ? [[counter.id, energy]] : [])));
  return {
    counters_uj: of(({ counted }) => counted),
    nested_uj: of(({ counted }) => !counted),
    totals_uj: of(() => true),
  };
}
