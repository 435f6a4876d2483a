/** Generators that the vectors give answers for and the product does not use; 64-bit arithmetic in BigInt, for exactness and not for speed. */
const word = (value) => BigInt.asUintN(32, value);
const long = (value) => BigInt.asUintN(64, value);
const rotateWord = (value, by) => word((value << by) | (value >> (32n - by)));
const rotateLong = (value, by) => long((value << by) | (value >> (64n - by)));

export const generators = {
  "xoshiro128**": ({ state }) =>
    xoshiro(state, word, rotateWord, 9n, 11n, (s) => word(rotateWord(word(s[1] * 5n), 7n) * 9n)),
  "xoshiro256**": ({ state }) =>
    xoshiro(state, long, rotateLong, 17n, 45n, (s) => long(rotateLong(long(s[1] * 5n), 7n) * 9n)),
  "xoshiro256++": ({ state }) =>
    xoshiro(state, long, rotateLong, 17n, 45n, (s) => long(rotateLong(long(s[0] + s[3]), 23n) + s[0])),
  splitmix64,
  pcg32,
  mt19937,
};

/** D. Blackman and S. Vigna, ACM TOMS 47 (2021) 36. */
function* xoshiro(state, wrap, rotate, shift, rotation, output) {
  const s = state.map(BigInt);
  for (;;) {
    yield output(s);
    const shifted = wrap(s[1] << shift);
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], rotation);
  }
}

/** G. Steele, D. Lea and C. Flood, OOPSLA 2014. */
function* splitmix64({ seed }) {
  let state = BigInt(seed);
  for (;;) {
    state = long(state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = long((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = long((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    yield z ^ (z >> 31n);
  }
}

/** M. O'Neill, HMC-CS-2014-0905: XSH-RR with 64 bits of state. */
function* pcg32({ seed, stream }) {
  const increment = long((BigInt(stream) << 1n) | 1n);
  const step = (state) => long(state * 6364136223846793005n + increment);
  let state = step(long(step(0n) + BigInt(seed)));
  for (;;) {
    const rotation = state >> 59n;
    const mixed = word(((state >> 18n) ^ state) >> 27n);
    yield word((mixed >> rotation) | (mixed << ((32n - rotation) & 31n)));
    state = step(state);
  }
}

/** M. Matsumoto and T. Nishimura, ACM TOMACS 8 (1998) 3; initialisation of 2002. */
function* mt19937({ seed }) {
  const size = 624;
  const state = [Number(seed) >>> 0];
  for (let i = 1; i < size; i += 1) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30);
    state.push((Math.imul(1812433253, previous) + i) >>> 0);
  }
  for (;;) {
    for (let i = 0; i < size; i += 1) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff);
      state[i] = (state[(i + 397) % size] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)) >>> 0;
    }
    for (const untempered of state) {
      let y = untempered;
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      y ^= y >>> 18;
      yield BigInt(y >>> 0);
    }
  }
}
