import { createHash } from "node:crypto";

/**
 * Random numbers that are a pure function of (seed, source id, trial): the same source has the same draw in the same trial of
 * every task, host and day, whatever else is drawn and in whatever order, so sums of stored samples keep their correlations.
 *
 * The first 64 bits of SHA-256 over seed and source id key Philox4x32-10 (Salmon et al., SC11). Philox, counting blocks of
 * `trialsPerBlock` trials, gives each block the state of an sfc32 generator (C. Doty-Humphrey, PractRand), which draws the block
 * from its beginning. One draw is therefore recomputed from its block alone.
 */

/** Trials that are drawn together. Part of what a seed means: another number gives other draws. */
export const trialsPerBlock = 4096;

/** Outputs that are thrown away after a generator has got its state, so that all bits of the state have met. */
const discardedOutputs = 12;

export interface StreamKey {
  readonly low: number;
  readonly high: number;
}

export function streamKey(seed: number, sourceId: string): StreamKey {
  const digest = createHash("sha256").update(`carbon-ops stream\n${seed}\n${sourceId}`).digest();
  return { low: digest.readUInt32LE(0), high: digest.readUInt32LE(4) };
}

/** Sets the generator to the beginning of one block of a stream. */
export function startBlock(generator: Sfc32, key: StreamKey, block: number): void {
  const [a, b, c, d] = philox4x32([block >>> 0, Math.floor(block / 2 ** 32), 0, 0], [key.low, key.high]);
  generator.setState(a, b, c, d);
  for (let output = 0; output < discardedOutputs; output += 1) generator.next();
}

type FourWords = readonly [number, number, number, number];

/** Philox4x32 with 10 rounds: four 32-bit words from a 128-bit counter and a 64-bit key. */
export function philox4x32(counter: FourWords, key: readonly [number, number]): FourWords {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round += 1) {
    const high0 = highProduct(0xd2511f53, c0);
    const high1 = highProduct(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1 >>> 0, (high0 ^ c3 ^ k1) >>> 0, low0 >>> 0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function highProduct(x: number, y: number): number {
  const [xl, xh, yl, yh] = [x & 0xffff, x >>> 16, y & 0xffff, y >>> 16];
  const middle = xh * yl + Math.floor((xl * yl) / 65536);
  const lower = xl * yh + (middle % 65536);
  return (xh * yh + Math.floor(middle / 65536) + Math.floor(lower / 65536)) >>> 0;
}

/** sfc32: 128 bits of state, one of them a counter, so that no period is shorter than 2^32. */
export class Sfc32 {
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  setState(a: number, b: number, c: number, d: number): void {
    this.a = a | 0;
    this.b = b | 0;
    this.c = c | 0;
    this.d = d | 0;
  }

  /** 32 random bits as a signed integer. */
  next(): number {
    const output = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + output) | 0;
    return output;
  }

  /** A number strictly between 0 and 1: half a step above one of 2^53 equal ones, or, from 1/2 up, rounded to the nearest double. */
  uniform(): number {
    const high = this.next();
    const double = doubleOfWords(high, this.next());
    return double < 0.5 ? double + halfStep : double;
  }
}

const halfStep = 5.551115123125783e-17;

/** A double in [0, 1) from 53 bits of two random words, signed or unsigned. */
export function doubleOfWords(high: number, low: number): number {
  return ((high >>> 5) * 67108864 + (low >>> 6)) * 1.1102230246251565e-16;
}
