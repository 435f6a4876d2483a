import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { CounterState } from "../../energy/counter.ts";
import type { DomainKind } from "../../energy/source.ts";
import { messageOf, systemErrorCode } from "../../errors.ts";
import type { CounterMode } from "../protocol.ts";
import { absentCounter, type Counter } from "./counters.ts";
import type { Domain } from "./meter.ts";

/** What a governor needs to go on where an earlier one stopped, also after `kill -9`. */
export interface GovernorState {
  readonly governorId: string;
  readonly bootId: string;
  readonly mode: CounterMode;
  readonly sequence: number;
  readonly savedAtNs: bigint;
  readonly domains: readonly SavedDomain[];
}

interface SavedDomain {
  readonly id: string;
  readonly kind: DomainKind;
  readonly counted: boolean;
  readonly unitNanojoules: bigint;
  readonly countsPerUnit: bigint;
  readonly modulus: bigint | null;
  readonly state: CounterState;
}

const formatVersion = 1;

export function stateText(state: GovernorState): string {
  const { domains, ...rest } = state;
  const flat = domains.map(({ state: counter, ...domain }) => ({ ...domain, ...counter }));
  const asText = (_name: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
  return `${JSON.stringify({ version: formatVersion, ...rest, domains: flat }, asText)}\n`;
}

export function savedDomainOf({ counter, state }: Domain): SavedDomain {
  const { id, kind, counted, rule } = counter;
  const { unitNanojoules, countsPerUnit = 1n, modulus } = rule;
  return { id, kind, counted, unitNanojoules, countsPerUnit, modulus, state };
}

/** The state in a file; null where there is none. Throws an Error with the reason where it cannot be used. */
export function loadState(path: string): GovernorState | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw error;
  }
  return parseState(text);
}

function parseState(text: string): GovernorState {
  const members = membersOf(JSON.parse(text));
  if (members["version"] !== formatVersion)
    throw new Error(`it has version ${String(members["version"])}, not ${formatVersion}`);
  const { mode, domains } = members;
  if ((mode !== "sysfs" && mode !== "msr") || !Array.isArray(domains)) throw new Error("it lacks mode or domains");
  return {
    governorId: textOf(members["governorId"]),
    bootId: textOf(members["bootId"]),
    mode,
    sequence: countOf(members["sequence"]),
    savedAtNs: integerOf(members["savedAtNs"]),
    domains: domains.map(savedDomain),
  };
}

function savedDomain(value: unknown): SavedDomain {
  const members = membersOf(value);
  const kind = kinds.find((candidate) => candidate === members["kind"]);
  if (kind === undefined) throw new Error("a domain has an unknown kind");
  return {
    id: textOf(members["id"]),
    kind,
    counted: members["counted"] === true,
    unitNanojoules: integerOf(members["unitNanojoules"]),
    countsPerUnit: integerOf(members["countsPerUnit"]),
    modulus: members["modulus"] === null ? null : integerOf(members["modulus"]),
    state: {
      raw: members["raw"] === null ? null : integerOf(members["raw"]),
      changedAtNs: integerOf(members["changedAtNs"]),
      counts: integerOf(members["counts"]),
      wraps: countOf(members["wraps"]),
      gaps: countOf(members["gaps"]),
      isFrozen: members["isFrozen"] === true,
    },
  };
}

const kinds: readonly DomainKind[] = ["package", "dram", "core", "uncore", "psys", "gpu"];

function membersOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error("it is no JSON object");
  return { ...value };
}

function textOf(value: unknown): string {
  if (typeof value === "string" && /^[\w./:-]{1,200}$/.test(value)) return value;
  throw new Error("a name in it is missing or malformed");
}

function integerOf(value: unknown): bigint {
  if (typeof value === "string" && /^\d{1,20}$/.test(value)) return BigInt(value);
  throw new Error("a number in it is missing or malformed");
}

function countOf(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error("a count in it is missing or malformed");
}

/** How a saved state is continued: the states of the counters found, by id, and stand-ins for those that are gone. */
export interface Resumption {
  readonly states: ReadonlyMap<string, CounterState>;
  readonly absent: readonly Counter[];
}

/**
 * Whether counting can go on where the saved state stopped: the same boot (the monotonic clock and the hardware counters have
 * gone on), the same units. Throws an Error with the reason where it cannot. Whether each counter's step since then is
 * plausible shows at the first reading.
 */
export function resume(
  saved: GovernorState,
  bootId: string | null,
  mode: CounterMode,
  nowNs: bigint,
  counters: readonly Counter[],
): Resumption {
  if (saved.bootId !== bootId) throw new Error("it is of another boot");
  if (saved.mode !== mode) throw new Error(`it was counted in the mode ${saved.mode}`);
  if (saved.savedAtNs > nowNs) throw new Error("it is from the future of the monotonic clock");
  const states = new Map<string, CounterState>();
  const absent: Counter[] = [];
  for (const domain of saved.domains) {
    const counter = counters.find(({ id }) => id === domain.id);
    if (counter === undefined) absent.push(absentCounter(domain));
    else if (!countsAlike(counter, domain)) throw new Error(`${domain.id} counts differently now`);
    states.set(domain.id, domain.state);
  }
  return { states, absent };
}

function countsAlike({ rule, counted }: Counter, saved: SavedDomain): boolean {
  const hasSameUnit =
    rule.unitNanojoules === saved.unitNanojoules && (rule.countsPerUnit ?? 1n) === saved.countsPerUnit;
  return hasSameUnit && rule.modulus === saved.modulus && counted === saved.counted;
}

export interface StateFile {
  /** Writes in the background unless a writing is under way: a slow disk delays no tick. */
  save(text: string): void;
  /** Writes now, whatever it takes: before the first client, and at the end. */
  saveNow(text: string): void;
}

/** Writes beside the file, syncs, and renames: a reader finds the old state or the new one, whole. Problems go to `onProblem`, null when mended. */
export function stateFile(path: string, onProblem: (problem: string | null) => void): StateFile {
  const temporaryPath = `${path}.new`;
  let isWriting = false;
  let savedNow = 0;
  const write = async (text: string): Promise<void> => {
    const savedNowBefore = savedNow;
    const file = await open(temporaryPath, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (savedNow === savedNowBefore) await rename(temporaryPath, path);
  };
  const settle = (error: unknown): void => {
    isWriting = false;
    onProblem(error === null ? null : messageOf(error));
  };
  return {
    save: (text) => {
      if (isWriting) return;
      isWriting = true;
      write(text).then(() => settle(null), settle);
    },
    saveNow: (text) => {
      savedNow += 1;
      try {
        // A name of its own: the background writing may still hold the other file.
        const finalPath = `${path}.last`;
        writeAndSync(finalPath, text);
        renameSync(finalPath, path);
        syncDirectory(dirname(path));
      } catch (error) {
        onProblem(messageOf(error));
      }
    },
  };
}

function writeAndSync(path: string, text: string): void {
  const descriptor = openSync(path, "w", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
