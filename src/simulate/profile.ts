import { CarbonOpsError } from "../errors.ts";

/** A stretch of constant power. */
export interface PowerSegment {
  readonly microwatts: bigint;
  /** When it ends, in nanoseconds since the start; null where it never does. */
  readonly untilNs: bigint | null;
}

/** The host's power over simulated time, in stretches of constant power, so that its energy is a sum of whole numbers. */
export type PowerProfile = (atNs: bigint) => PowerSegment;

const nsPerSecond = 1e9;

export function constantPower(watts: number): PowerProfile {
  const segment = { microwatts: microwattsOf(watts), untilNs: null };
  return () => segment;
}

/** Each power in turn for `stepSeconds`, and from the first again. */
export function steppedPower(watts: readonly number[], stepSeconds: number): PowerProfile {
  const levels = watts.map(microwattsOf);
  const stepNs = nanosecondsOf(stepSeconds);
  return (atNs) => {
    const step = atNs / stepNs;
    return { microwatts: levels[Number(step % BigInt(levels.length))] ?? 0n, untilNs: (step + 1n) * stepNs };
  };
}

/** Adds noise to a profile: for each tenth of a second, a factor between 1 - share and 1 + share that the seed decides. */
export function noisyPower(profile: PowerProfile, share: number, seed: number): PowerProfile {
  const spread = BigInt(Math.round(share * 1e6));
  return (atNs) => {
    const slot = atNs / noiseSlotNs;
    const { microwatts, untilNs } = profile(atNs);
    const factor = 1_000_000n - spread + (2n * spread * scrambled(slot, seed)) / 2n ** 32n;
    const slotEndsNs = (slot + 1n) * noiseSlotNs;
    return {
      microwatts: (microwatts * factor) / 1_000_000n,
      untilNs: untilNs !== null && untilNs < slotEndsNs ? untilNs : slotEndsNs,
    };
  };
}

const noiseSlotNs = 100_000_000n;

/** A whole number below 2^32 for a slot and seed: the finaliser of MurmurHash3 (Appleby, public domain). */
function scrambled(slot: bigint, seed: number): bigint {
  let bits = (Number(slot % 2n ** 32n) ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return BigInt((bits ^ (bits >>> 16)) >>> 0);
}

/**
 * A recording: lines of `seconds,watts` with rising times; each power holds until the next line's time, the last one for as long
 * as the gap before it, and then the recording starts again. Throws INPUT_INVALID.
 */
export function recordedPower(text: string, name: string): PowerProfile {
  const points = text
    .split("\n")
    .map((line) => line.replace(/#.*$/, "").trim())
    .filter((line) => line !== "")
    .map((line) => pointOf(line, name));
  const [first, ...rest] = points;
  const last = points.at(-1);
  const beforeLast = points.at(-2);
  if (first === undefined || last === undefined || beforeLast === undefined) {
    throw malformed(name, "at least two lines of seconds,watts");
  }
  if (rest.some(({ atNs }, index) => atNs <= (points[index]?.atNs ?? 0n))) throw malformed(name, "times that rise");
  const starts = points.map(({ atNs }) => atNs - first.atNs);
  const lengthNs = last.atNs - first.atNs + (last.atNs - beforeLast.atNs);
  return (atNs) => {
    const lapStartsNs = (atNs / lengthNs) * lengthNs;
    const index = starts.findLastIndex((startNs) => startNs <= atNs - lapStartsNs);
    return {
      microwatts: points[index]?.microwatts ?? 0n,
      untilNs: lapStartsNs + (starts[index + 1] ?? lengthNs),
    };
  };
}

function pointOf(line: string, name: string): { readonly atNs: bigint; readonly microwatts: bigint } {
  const found = /^(\d+(?:\.\d+)?)\s*[,\s]\s*(\d+(?:\.\d+)?)$/.exec(line);
  if (found === null) throw malformed(name, `seconds,watts on every line, and not "${line.slice(0, 40)}"`);
  return { atNs: nanosecondsOf(Number(found[1])), microwatts: microwattsOf(Number(found[2])) };
}

function malformed(name: string, expected: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `${name} is no recording of power, because it needs ${expected}.`);
}

function microwattsOf(watts: number): bigint {
  return BigInt(Math.round(watts * 1e6));
}

export function nanosecondsOf(seconds: number): bigint {
  return BigInt(Math.round(seconds * nsPerSecond));
}
