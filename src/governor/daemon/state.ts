import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import type { CounterRule, CounterState } from "../../energy/counter.ts";
import { messageOf, systemErrorCode } from "../../thrown.ts";
import type { CounterMode } from "../protocol.ts";
import { absentCounter, type Counter, type CounterFacts, underKnownIds } from "./counters.ts";
import { type Domain, hasSameUnit, lateCounter } from "./meter.ts";

/** What a governor needs to go on where an earlier one stopped, also after `kill -9`. */
export interface GovernorState {
  readonly governorId: string;
  readonly bootId: string;
  readonly mode: CounterMode;
  readonly sequence: number;
  readonly savedAtNs: bigint;
  readonly domains: readonly SavedDomain[];
}

type SavedDomain = CounterFacts & Required<Omit<CounterRule, "limits">> & CounterState;

const formatVersion = 2;

/** One line of JSON, and a line with its hash. */
export function stateText(state: GovernorState): string {
  const asText = (_name: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
  const line = JSON.stringify({ version: formatVersion, ...state }, asText);
  return `${line}\n${sha256(line)}\n`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function savedDomainOf({ counter, state }: Domain): SavedDomain {
  const { id, kind, counted, key, silicon, rule } = counter;
  const { unitNanojoules, countsPerUnit = 1n, modulus } = rule;
  return { id, kind, counted, key, silicon, unitNanojoules, countsPerUnit, modulus, ...state };
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
  const [line = "", hash] = text.split("\n");
  const value: unknown = hash === sha256(line) ? JSON.parse(line, withBigInts) : null;
  if (isState(value)) return value;
  throw new Error(`it is damaged, or not of version ${formatVersion}`);
}

function withBigInts(_name: string, member: unknown): unknown {
  return typeof member === "string" && /^\d{1,20}$/.test(member) ? BigInt(member) : member;
}

/** Its hash has shown that `stateText` wrote it, whole: the version then says in which shape. */
function isState(value: unknown): value is GovernorState {
  return typeof value === "object" && value !== null && "version" in value && value.version === formatVersion;
}

/**
 * Whether counting can go on where the saved state stopped: the same boot (the monotonic clock and the hardware counters have
 * gone on), the same units. Throws an Error with the reason where it cannot. Whether each counter's step since then is
 * plausible shows at the first reading. Returns the counters found, with stand-ins for those that are gone, and their states by id.
 */
export function resume(
  saved: GovernorState,
  bootId: string | null,
  mode: CounterMode,
  nowNs: bigint,
  found: readonly Counter[],
) {
  if (saved.bootId !== bootId) throw new Error("it is of another boot");
  if (saved.mode !== mode) throw new Error(`it was counted in the mode ${saved.mode}`);
  if (saved.savedAtNs > nowNs) throw new Error("it is from the future of the monotonic clock");
  const counters = underKnownIds(found, saved.domains);
  const states = new Map<string, CounterState>(counters.map(({ id }) => [id, lateCounter]));
  for (const domain of saved.domains) {
    const counter = counters.find(({ id }) => id === domain.id);
    if (counter === undefined) counters.push(absentCounter(domain));
    else if (!hasSameUnit(counter.rule, domain) || counter.counted !== domain.counted)
      throw new Error(`${domain.id} counts differently now`);
    const { raw, changedAtNs, counts, wraps, gaps, isFrozen } = domain;
    states.set(domain.id, { raw, changedAtNs, counts, wraps, gaps, isFrozen });
  }
  return { counters, states };
}

/**
 * Writes beside the file and renames: a reader finds the old state or the new one, whole. Nothing is synced to the disk: what a
 * crash of the machine could take is of the boot before, and never resumed. Problems go to `onProblem`, null when mended.
 */
export function stateFile(path: string, onProblem: (problem: string | null) => void) {
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
    /** Writes in the background unless a writing is under way: a slow disk delays no tick. */
    save: (text: string): void => {
      if (isWriting) return;
      isWriting = true;
      write(text).then(() => settle(null), settle);
    },
    /** Writes now, whatever it takes: before the first client, and at the end. */
    saveNow: (text: string): void => {
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
