import { normalQuantile } from "../dist/uncertainty/index.js";

/** Whole numbers of 32 bits, the same ones in every run: mulberry32. */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Numbers below a limit, the same ones in every run. */
export function seededNumbers(seed) {
  const next = mulberry32(seed);
  return (limit) => Math.floor((next() / 2 ** 32) * limit);
}

/** Uniform numbers in (0, 1) and standard normals, seeded by a name: each kind takes the next number of the one stream. */
export function namedDeviates(name) {
  let seed = 20_269;
  for (const letter of name) seed = Math.imul(seed ^ letter.codePointAt(0), 0x01000193);
  const next = mulberry32(seed);
  const uniform = () => (next() + 0.5) / 2 ** 32;
  return { uniform, normal: () => normalQuantile(uniform()) };
}
