import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { type CounterRule, type CounterState, domainKinds } from "../../energy/counter.ts";
import { messageOf, systemErrorCode } from "../../errors.ts";
import type { CounterMode } from "../protocol.ts";
import { absentCounter, type Counter } from "./counters.ts";
import { type Domain, hasSameUnit } from "./meter.ts";

/** What a governor needs to go on where an earlier one stopped, also after `kill -9`. */
export interface GovernorState {
  readonly governorId: string;
  readonly bootId: string;
  readonly mode: CounterMode;
  readonly sequence: number;
  readonly savedAtNs: bigint;
  readonly domains: readonly SavedDomain[];
}

type SavedDomain = Pick<Counter, "id" | "kind" | "counted"> & Required<Omit<CounterRule, "limits">> & CounterState;

const formatVersion = 1;

export function stateText(state: GovernorState): string {
  const asText = (_name: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
  return `${JSON.stringify({ version: formatVersion, ...state }, asText)}\n`;
}

export function savedDomainOf({ counter, state }: Domain): SavedDomain {
  const { id, kind, counted, rule } = counter;
  const { unitNanojoules, countsPerUnit = 1n, modulus } = rule;
  return { id, kind, counted, unitNanojoules, countsPerUnit, modulus, ...state };
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
  const value: unknown = JSON.parse(text, (_name, member: unknown) =>
    typeof member === "string" && /^\d{1,20}$/.test(member) ? BigInt(member) : member,
  );
  if (isState(value)) return value;
  throw new Error(`it is damaged, or not of version ${formatVersion}`);
}

function isState(value: unknown): value is GovernorState {
  const shape = {
    version: isCount,
    governorId: isName,
    bootId: isName,
    mode: isMode,
    sequence: isCount,
    savedAtNs: isBig,
  };
  const isWhole = hasMembers(value, { ...shape, domains: Array.isArray });
  return isWhole && value["version"] === formatVersion && [value["domains"]].flat().every(isSavedDomain);
}

function isSavedDomain(value: unknown): boolean {
  const ofCounter = { id: isName, kind: isKind, counted: isFlag };
  const ofRule = { unitNanojoules: isBig, countsPerUnit: isBig, modulus: isBigOrNull };
  const ofState = {
    raw: isBigOrNull,
    changedAtNs: isBig,
    counts: isBig,
    wraps: isCount,
    gaps: isCount,
    isFrozen: isFlag,
  };
  return hasMembers(value, { ...ofCounter, ...ofRule, ...ofState });
}

type Check = (value: unknown) => boolean;

function hasMembers(value: unknown, shape: Readonly<Record<string, Check>>): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  return Object.entries(shape).every(([name, isRight]) => isRight(members.get(name)));
}

const isName: Check = (value) => typeof value === "string" && /^[\w./:-]{1,200}$/.test(value);
const isMode: Check = (value) => value === "sysfs" || value === "msr";
const isKind: Check = (value) => domainKinds.some((kind) => kind === value);
const isFlag: Check = (value) => typeof value === "boolean";
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isBig: Check = (value) => typeof value === "bigint";
const isBigOrNull: Check = (value) => value === null || isBig(value);

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
    else if (!hasSameUnit(counter.rule, domain) || counter.counted !== domain.counted)
      throw new Error(`${domain.id} counts differently now`);
    const { raw, changedAtNs, counts, wraps, gaps, isFrozen } = domain;
    states.set(domain.id, { raw, changedAtNs, counts, wraps, gaps, isFrozen });
  }
  return { states, absent };
}

export interface StateFile {
  /** Writes in the background unless a writing is under way: a slow disk delays no tick. */
  save(text: string): void;
  /** Writes now, whatever it takes: before the first client, and at the end. */
  saveNow(text: string): void;
}

/**
 * Writes beside the file and renames: a reader finds the old state or the new one, whole. Nothing is synced to the disk: what a
 * crash of the machine could take is of the boot before, and never resumed. Problems go to `onProblem`, null when mended.
 */
export function stateFile(path: string, onProblem: (problem: string | null) => void): StateFile {
  let isWriting = false;
  let savedNow = 0;
  const write = async (text: string): Promise<void> => {
    const savedNowBefore = savedNow;
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    if (savedNow === savedNowBefore) await rename(`${path}.new`, path);
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
        writeFileSync(`${path}.last`, text, { mode: 0o600 });
        renameSync(`${path}.last`, path);
      } catch (error) {
        onProblem(messageOf(error));
      }
    },
  };
}
