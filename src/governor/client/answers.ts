import { CarbonOpsError } from "../../errors.ts";
import { type CounterMode, protocolVersion } from "../protocol.ts";

/** Energy by domain id. `counters` are disjoint, so that their sum is the host's energy; `nested` is beside it, never added. */
export interface GovernorEnergies {
  readonly countersMicrojoules: ReadonlyMap<string, bigint>;
  readonly nestedMicrojoules: ReadonlyMap<string, bigint>;
  /** Steps and readings that added nothing, of the counters that make up the host: above 0, energy is a lower bound. */
  readonly gaps: number;
}

/** Totals since `governorId` was given. They never go backwards while it stays the same. */
export interface GovernorSnapshot extends GovernorEnergies {
  readonly governorId: string;
  readonly sequence: number;
  /** Seconds since 1970 of the tick, by the wall clock. */
  readonly timestamp: number;
  /** CLOCK_MONOTONIC of the tick. */
  readonly monotonicNs: bigint;
  readonly pollIntervalSeconds: number;
}

/** Energy between two instants. */
export interface GovernorWindow extends GovernorEnergies {
  readonly governorId: string;
  /** The ticks that it rests on: it is interpolated inside the first and the last. */
  readonly firstTickNs: bigint;
  readonly lastTickNs: bigint;
  readonly ticks: number;
}

export interface GovernorDomain {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly counted: boolean;
  readonly counter: GovernorCounter | null;
  readonly wraps: number;
  readonly gaps: number;
  /** Why the last reading failed; null when it succeeded. */
  readonly problem: string | null;
}

/** What the hardware shows; null where a governor does not tell. */
export interface GovernorCounter {
  /** Its count at the last reading. */
  readonly raw: bigint;
  /** Counts are worth `unitNanojoules / countsPerUnit` each. */
  readonly unitNanojoules: bigint;
  readonly countsPerUnit: bigint;
  /** It goes on at 0 after modulus - 1; null where that is not known. */
  readonly modulus: bigint | null;
}

export interface GovernorInfo {
  readonly governorId: string;
  readonly version: string;
  readonly mode: CounterMode;
  readonly pollIntervalSeconds: number;
  readonly historySeconds: number;
  readonly uptimeSeconds: number;
  readonly domains: readonly GovernorDomain[];
}

type Members = ReadonlyMap<string, unknown>;

/**
 * The members of an answer line. Integers that a double would round are kept as strings of digits: a total passes 2^53
 * microjoules after 104 days at 1 kW. Throws GOVERNOR_UNAVAILABLE when the line is none of the protocol's.
 */
export function parseAnswer(line: string): Members {
  const exact = line.replace(/(?<=[^\\]":)\d{16,}(?=[,}])/g, '"$&"');
  return membersOf(JSON.parse(exact));
}

/** Null while the governor has not read its counters yet. Throws GOVERNOR_REFUSED with the governor's reason. */
export function acceptedOrNull(answer: Members): Members | null {
  const status = answer.get("status");
  if (status === "warming_up") return null;
  if (status === "error") {
    const [code, message] = [String(answer.get("code")), String(answer.get("message"))];
    throw new CarbonOpsError("GOVERNOR_REFUSED", `The governor refused the request (${code}): ${message}`);
  }
  if (status !== "ok" || answer.get("protocol") !== protocolVersion) throw foreign("its protocol is another one");
  return answer;
}

export function snapshotOf(answer: Members): GovernorSnapshot {
  return {
    ...energiesOf(answer),
    governorId: textOf(answer, "governor_id"),
    sequence: numberOf(answer, "sequence"),
    timestamp: numberOf(answer, "timestamp"),
    monotonicNs: integerOf(answer.get("monotonic_ns"), "monotonic_ns"),
    pollIntervalSeconds: numberOf(answer, "poll_interval_s"),
  };
}

export function windowOf(answer: Members): GovernorWindow {
  return {
    ...energiesOf(answer),
    governorId: textOf(answer, "governor_id"),
    firstTickNs: integerOf(answer.get("first_tick_ns"), "first_tick_ns"),
    lastTickNs: integerOf(answer.get("last_tick_ns"), "last_tick_ns"),
    ticks: numberOf(answer, "ticks"),
  };
}

export function infoOf(answer: Members): GovernorInfo {
  const domains = answer.get("domains");
  return {
    governorId: textOf(answer, "governor_id"),
    version: textOf(answer, "version"),
    mode: answer.get("mode") === "msr" ? "msr" : "sysfs",
    pollIntervalSeconds: numberOf(answer, "poll_interval_s"),
    historySeconds: numberOf(answer, "history_s"),
    uptimeSeconds: numberOf(answer, "uptime_s"),
    domains: Array.isArray(domains) ? domains.map((domain) => domainOf(membersOf(domain))) : [],
  };
}

function domainOf(members: Members): GovernorDomain {
  const problem = members.get("problem");
  return {
    id: textOf(members, "id"),
    name: textOf(members, "name"),
    kind: textOf(members, "kind"),
    counted: members.get("counted") === true,
    counter: counterOf(members),
    wraps: numberOf(members, "wraps"),
    gaps: numberOf(members, "gaps"),
    problem: typeof problem === "string" ? problem : null,
  };
}

function counterOf(members: Members): GovernorCounter | null {
  const raw = members.get("raw_count") ?? null;
  const modulus = members.get("modulus") ?? null;
  if (raw === null) return null;
  return {
    raw: integerOf(raw, "raw_count"),
    unitNanojoules: integerOf(members.get("unit_nj"), "unit_nj"),
    countsPerUnit: integerOf(members.get("counts_per_unit"), "counts_per_unit"),
    modulus: modulus === null ? null : integerOf(modulus, "modulus"),
  };
}

function energiesOf(answer: Members): GovernorEnergies {
  return {
    countersMicrojoules: microjoulesOf(answer, "counters_uj"),
    nestedMicrojoules: microjoulesOf(answer, "nested_uj"),
    gaps: numberOf(answer, "gaps"),
  };
}

function microjoulesOf(answer: Members, name: string): ReadonlyMap<string, bigint> {
  return new Map([...membersOf(answer.get(name))].map(([id, value]) => [id, integerOf(value, name)]));
}

function membersOf(value: unknown): Members {
  if (typeof value !== "object" || value === null) throw foreign("an answer is no JSON object");
  return new Map(Object.entries(value));
}

function textOf(members: Members, name: string): string {
  const value = members.get(name);
  if (typeof value === "string") return value;
  throw foreign(`${name} is no text`);
}

function numberOf(members: Members, name: string): number {
  const value = members.get(name);
  if (typeof value === "number") return value;
  throw foreign(`${name} is no number`);
}

function integerOf(value: unknown, name: string): bigint {
  const isWhole = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  if (isWhole || (typeof value === "string" && /^\d{1,30}$/.test(value))) return BigInt(value);
  throw foreign(`${name} is no whole number`);
}

function foreign(why: string): CarbonOpsError {
  return new CarbonOpsError(
    "GOVERNOR_UNAVAILABLE",
    `What answers on the governor's socket does not speak its protocol (${why}); check which program it belongs to.`,
  );
}
