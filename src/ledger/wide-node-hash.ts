/**
 * SHA-256 of four Merkle nodes at a time (RFC 6962, section 2.1: SHA-256(0x01 || left || right)), as a WebAssembly module of 128-bit
 * vectors. A node takes 65 bytes, which is so little that calling node:crypto takes longer than its hashing; here one call hashes
 * a whole level of a tree. The module is put together below from FIPS 180-4: section 6.2.2 for the rounds, 5.3.3 and 4.2.2 for the
 * constants, which are square and cube roots of the first primes.
 *
 * Every vector holds the same word of four nodes. Of the second block only the first and the last word differ from zero: the
 * last byte of the node with the 1 bit behind it, and the length in bits.
 */
export interface WideNodeHash {
  /** Where nodes begin: 64 bytes each, left hash and right hash. Their hashes take the same place from there on, 32 bytes each. */
  readonly nodes: Uint8Array;
  /** Hashes the first so many nodes, at most `maximumNodes`; what follows them, up to a multiple of four, is undefined then. */
  readonly hash: (count: number) => void;
}

export const maximumNodes = 2048;

/** What is used of it: the types of the language itself leave WebAssembly to those of browsers. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, object>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

const pageBytes = 65_536;
const constantsStart = 0;
/** A word is read from one byte before its node, since a prefix of one byte stands in front of it. */
const nodesStart = 1024;

/** Null where there is no WebAssembly, as under `node --jitless`, or none with vectors. */
export function wideNodeHash(): WideNodeHash | null {
  try {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((nodesStart + 64 * maximumNodes) / pageBytes) });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()), { "": { memory } });
    const run = exports["run"];
    if (typeof run !== "function") return null;
    const constants = new DataView(memory.buffer);
    for (const [index, word] of roundConstants.entries()) constants.setUint32(constantsStart + 4 * index, word, true);
    return {
      nodes: new Uint8Array(memory.buffer, nodesStart, 64 * maximumNodes),
      hash: (count) => {
        if (count > 0) run(Math.ceil(Math.min(count, maximumNodes) / 4));
      },
    };
  } catch {
    return null;
  }
}

const primes = [2];
for (let number = 3; primes.length < 64; number += 2) {
  if (primes.every((prime) => number % prime !== 0)) primes.push(number);
}
const fractionBits = (value: number): number => Math.floor((value % 1) * 2 ** 32);
const roundConstants = primes.map((prime) => fractionBits(Math.cbrt(prime)));
const initialState = primes.slice(0, 8).map((prime) => fractionBits(Math.sqrt(prime)));

/** Code as the bytes of WebAssembly's binary format. */
type Code = readonly number[];

// Locals of the function: its parameter, three counters, then vectors.
const groups = 0;
const input = 1;
const output = 2;
const constant = 3;
const words = 4;
const state = words + 16;
const saved = state + 8;
const sum = saved + 8;
const vectors = sum + 1 - words;

function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))];
}

function signed(value: number): Code {
  const isLast = value >= -64 && value < 64;
  return isLast ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}

const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const tee = (local: number): Code => [0x22, local];
const number = (value: number): Code => [0x41, ...signed(value)];
const plus: Code = [0x6a];
const vector = (operation: number): Code => [0xfd, ...unsigned(operation)];
const everyLane = (word: number): Code => {
  const bytes = [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24];
  return [...vector(0x0c), ...bytes, ...bytes, ...bytes, ...bytes];
};
const swapBytes: Code = [...vector(0x0d), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
const loadSplat = (offset: number): Code => [...vector(0x09), 0, ...unsigned(offset)];
const loadLane = (offset: number, lane: number): Code => [...vector(0x56), 0, ...unsigned(offset), lane];
const storeLane = (offset: number, lane: number): Code => [...vector(0x5a), 0, ...unsigned(offset), lane];
const and = vector(0x4e);
const or = vector(0x50);
const xor = vector(0x51);
/** Bits of the first where the third has ones, of the second elsewhere. */
const select = vector(0x52);
const shiftLeft = vector(0xab);
const shiftRight = vector(0xad);
const add = vector(0xae);

function rotated(local: number, bits: number): Code {
  return [...get(local), ...number(bits), ...shiftRight, ...get(local), ...number(32 - bits), ...shiftLeft, ...or];
}

/** The capital sigmas of FIPS 180-4, 4.1.2. */
function mixed(local: number, first: number, second: number, third: number): Code {
  return [...rotated(local, first), ...rotated(local, second), ...xor, ...rotated(local, third), ...xor];
}

/** The small sigmas. */
function scheduled(local: number, first: number, second: number, shift: number): Code {
  const shifted = [...get(local), ...number(shift), ...shiftRight];
  return [...rotated(local, first), ...rotated(local, second), ...xor, ...shifted, ...xor];
}

const word = (round: number): number => words + (round % 16);

/** The next word of the schedule takes the place of the one sixteen before it. */
function nextWord(round: number): Code {
  const small = [...scheduled(word(round + 1), 7, 18, 3), ...add, ...scheduled(word(round + 14), 17, 19, 10), ...add];
  return [...get(word(round)), ...get(word(round + 9)), ...add, ...small, ...set(word(round))];
}

/** After eight rounds every variable has its own local again. */
function oneRound(round: number): Code {
  const at = (variable: number): number => state + ((variable - round + 16) % 8);
  const [a, b, c, d] = [at(0), at(1), at(2), at(3)];
  const [e, f, g, h] = [at(4), at(5), at(6), at(7)];
  const choice = [...get(f), ...get(g), ...get(e), ...select, ...add];
  const majority = [...get(c), ...get(b), ...get(a), ...get(b), ...xor, ...select, ...add];
  return [
    ...[...get(h), ...get(word(round)), ...add, ...get(constant), ...loadSplat(constantsStart + 4 * round), ...add],
    ...[...choice, ...mixed(e, 6, 11, 25), ...add, ...tee(sum)],
    ...[...get(d), ...add, ...set(d)],
    ...[...get(sum), ...mixed(a, 2, 13, 22), ...add, ...majority, ...set(h)],
  ];
}

const sixteen = Array.from({ length: 16 }, (_, index) => index);
const eight = sixteen.slice(0, 8);
const lanes = [0, 1, 2, 3];

/** One word of each of four nodes, the bytes in the order in which memory has them. */
function loadWord(target: number, offset: number): Code {
  const load = lanes.flatMap((lane) => [
    ...[...get(input), ...(lane === 0 ? everyLane(0) : get(target))],
    ...[...loadLane(nodesStart + offset + 64 * lane, lane), ...set(target)],
  ]);
  return [...load, ...get(target), ...get(target), ...swapBytes];
}

const firstBlock: Code = sixteen.flatMap((index) => {
  // Three bytes behind the prefix, then four at a time.
  const prefixed = index === 0 ? [...everyLane(0x00ffffff), ...and, ...everyLane(0x01000000), ...or] : [];
  return [...loadWord(words + index, 4 * index - 1), ...prefixed, ...set(words + index)];
});

const secondBlock: Code = [
  ...[...loadWord(words, 60), ...number(24), ...shiftLeft, ...everyLane(0x00800000), ...or, ...set(words)],
  ...sixteen.slice(1, 15).flatMap((index) => [...everyLane(0), ...set(words + index)]),
  ...[...everyLane(8 * 65), ...set(words + 15)],
];

const compress: Code = [
  ...eight.flatMap((index) => [...get(state + index), ...set(saved + index)]),
  ...[...number(0), ...set(constant)],
  ...sixteen.flatMap(oneRound),
  ...[0x03, 0x40],
  ...[...get(constant), ...number(64), ...plus, ...set(constant)],
  ...sixteen.flatMap((round) => [...nextWord(round), ...oneRound(round)]),
  // Again while the constants of later rounds are left.
  ...[...get(constant), ...number(192), 0x48, 0x0d, 0, 0x0b],
  ...eight.flatMap((index) => [...get(state + index), ...get(saved + index), ...add, ...set(state + index)]),
];

const hashGroups: Code = [
  ...[0x03, 0x40],
  ...firstBlock,
  ...eight.flatMap((index) => [...everyLane(initialState[index] ?? 0), ...set(state + index)]),
  ...compress,
  ...secondBlock,
  ...compress,
  ...eight.flatMap((index) => [
    ...[...get(state + index), ...get(state + index), ...swapBytes, ...set(sum)],
    ...lanes.flatMap((lane) => [...get(output), ...get(sum), ...storeLane(nodesStart + 32 * lane + 4 * index, lane)]),
  ]),
  ...[...get(input), ...number(256), ...plus, ...set(input)],
  ...[...get(output), ...number(128), ...plus, ...set(output)],
  ...[...get(groups), ...number(-1), ...plus, ...tee(groups), 0x0d, 0, 0x0b],
];

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
  const name = (text: string): Code => [text.length, ...Buffer.from(text)];
  const locals = [2, 3, 0x7f, vectors, 0x7b];
  const body = [...locals, ...hashGroups, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    // One function of one number, a memory that is given, the function's name outside, its code.
    ...section(1, [1, 0x60, 1, 0x7f, 0]),
    ...section(2, [1, ...name(""), ...name("memory"), 0x02, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("run"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}
