/**
 * Protocol v1 of the governor's socket: JSON objects, one a line, one answer for each request (docs/governor-protocol.md). All
 * that daemon and client share is here.
 */

export const protocolVersion = 1;
export const defaultSocketPath = "/var/run/carbon-ops.sock";

/** A longer request line ends the connection. */
export const longestRequestBytes = 4096;

/** Shortest and longest time between two lines of a subscription, in seconds; never finer than the poll interval either. */
const subscriptionRange = { shortestSeconds: 0.1, longestSeconds: 3600 } as const;

export type GovernorRequest =
  | { readonly op: "snapshot" }
  | { readonly op: "info" }
  | { readonly op: "window"; readonly fromNs: bigint; readonly toNs: bigint }
  | { readonly op: "subscribe"; readonly intervalSeconds: number };

/** Why a request is refused: `code` is one of those that docs/governor-protocol.md lists. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** How a counter is read: through powercap's files or from the processor's registers. */
export type CounterMode = "sysfs" | "msr";

/** What a request line asks for, or why it is refused. `{}`, the Python original's request, is a snapshot. */
export function parseRequest(line: string): GovernorRequest | Refusal {
  const members = membersOf(line);
  if (members === null) return { code: "bad_request", message: "A request is one JSON object on one line." };
  const op = members.get("op");
  if (op === undefined && members.size === 0) return { op: "snapshot" };
  if (op === "snapshot" || op === "info") return { op };
  if (op === "window") return windowRequest(members);
  if (op === "subscribe") return subscribeRequest(members.get("interval_s"));
  return { code: "unknown_op", message: "op is one of snapshot, info, window and subscribe." };
}

function membersOf(line: string): ReadonlyMap<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? new Map(Object.entries(value)) : null;
  } catch {
    return null;
  }
}

function windowRequest(members: ReadonlyMap<string, unknown>): GovernorRequest | Refusal {
  const fromNs = nanosecondsOf(members.get("from_ns"));
  const toNs = nanosecondsOf(members.get("to_ns"));
  if (fromNs !== null && toNs !== null && fromNs < toNs) return { op: "window", fromNs, toNs };
  return {
    code: "bad_argument",
    message: "from_ns and to_ns are decimal strings of nanoseconds of CLOCK_MONOTONIC, from_ns the smaller one.",
  };
}

/** Strings, since a double would cut nanoseconds after 104 days of uptime. */
function nanosecondsOf(value: unknown): bigint | null {
  return typeof value === "string" && /^\d{1,19}$/.test(value) ? BigInt(value) : null;
}

function subscribeRequest(interval: unknown): GovernorRequest | Refusal {
  const intervalSeconds = interval ?? 1;
  const { shortestSeconds, longestSeconds } = subscriptionRange;
  const isInRange =
    typeof intervalSeconds === "number" && intervalSeconds >= shortestSeconds && intervalSeconds <= longestSeconds;
  if (isInRange) return { op: "subscribe", intervalSeconds };
  return {
    code: "bad_argument",
    message: `interval_s is a number of seconds from ${shortestSeconds} to ${longestSeconds}.`,
  };
}

export type WireValue =
  | string
  | number
  | boolean
  | null
  | bigint
  | readonly WireValue[]
  | { readonly [name: string]: WireValue };

/** One line of the protocol, newline included. A bigint is written as an integer with all its digits. */
export function encodeLine(value: WireValue): string {
  return `${jsonOf(value)}\n`;
}

function jsonOf(value: WireValue): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(",")}]`;
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`);
  return `{${members.join(",")}}`;
}
