/**
 * Exponential, logarithm and sine from +, -, * and / alone. ECMAScript leaves Math.exp, Math.log and Math.sin to the engine;
 * these give the same bits in every engine, which is what "same seed, same bytes" rests on. Errors are below 2e-15, relative.
 */

/** 2^(i/64), i = 0 … 63, rounded from 60 digits. */
const rootsOfTwo = Float64Array.of(
  1.0,
  1.0108892860517005,
  1.0218971486541166,
  1.0330248790212284,
  1.0442737824274138,
  1.0556451783605572,
  1.0671404006768237,
  1.0787607977571199,
  1.0905077326652577,
  1.102382583307841,
  1.1143867425958924,
  1.1265216186082418,
  1.1387886347566916,
  1.1511892299529827,
  1.1637248587775775,
  1.1763969916502812,
  1.189207115002721,
  1.202156731452703,
  1.215247359980469,
  1.22848053610687,
  1.241857812073484,
  1.255380757024691,
  1.2690509571917332,
  1.2828700160787783,
  1.2968395546510096,
  1.3109612115247644,
  1.3252366431597413,
  1.339667524053303,
  1.3542555469368927,
  1.3690024229745905,
  1.383909881963832,
  1.3989796725383112,
  Math.SQRT2,
  1.42961333839197,
  1.4451808069770467,
  1.460917794180647,
  1.4768261459394993,
  1.4929077282912648,
  1.5091644275934228,
  1.5255981507445384,
  1.5422108254079407,
  1.559004400237837,
  1.5759808451078865,
  1.593142151342267,
  1.6104903319492543,
  1.6280274218573478,
  1.645755478153965,
  1.6636765803267364,
  1.681792830507429,
  1.7001063537185235,
  1.718619298122478,
  1.7373338352737062,
  1.7562521603732995,
  1.7753764925265212,
  1.7947090750031072,
  1.8142521755003989,
  1.8340080864093424,
  1.8539791250833855,
  1.8741676341103,
  1.8945759815869656,
  1.9152065613971474,
  1.9360617934922943,
  1.9571441241754002,
  1.978456026387951,
);
const stepsPerUnit = 92.33248261689366;
const stepHigh = 0.010830424493178725;
const stepLow = 2.030704202170295e-10;

const smallestExponent = -1074;
/** 2^e for every exponent that a double has; each is twice or half its neighbour, hence exact. */
const powersOfTwo = powers();

function powers(): Float64Array {
  const table = new Float64Array(1024 - smallestExponent);
  for (let e = 0, value = 1; e < 1024; e += 1, value *= 2) table[e - smallestExponent] = value;
  for (let e = -1, value = 0.5; e >= smallestExponent; e -= 1, value /= 2) table[e - smallestExponent] = value;
  return table;
}

/** e^x. */
export function portableExp(x: number): number {
  return x > -700 && x < 700 ? moderateExp(x) : farExp(x);
}

/** e^x for x from -700 to 700; elsewhere it is wrong. The same bits as portableExp at less than two thirds of the time. */
export function moderateExp(x: number): number {
  // To the nearest whole number, by truncation of one that is above 0.
  const steps = ((x * stepsPerUnit + 65536.5) | 0) - 65536;
  const r = x - steps * stepHigh - steps * stepLow;
  const square = r * r;
  const series =
    r + square * (0.5 + r * 0.16666666666666666 + square * (0.041666666666666664 + r * 0.008333333333333333));
  const root = rootsOfTwo[steps & 63] ?? 0;
  return (root + root * series) * (powersOfTwo[(steps >> 6) - smallestExponent] ?? 0);
}

function farExp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 710) return Number.POSITIVE_INFINITY;
  if (x < -746) return 0;
  const half = portableExp(x / 2);
  return half * half;
}

const word = new Float64Array(1);
const halves = new Int32Array(word.buffer);
const highHalf = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

const ln2High = 0.6931471675634384;
const ln2Low = 1.2996506893889889e-8;
const twoTo54 = 18014398509481984;

/** The natural logarithm; -Infinity at 0, NaN below. */
export function portableLog(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) {
    return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN;
  }
  const isSubnormal = x < 2.2250738585072014e-308;
  word[0] = isSubnormal ? x * twoTo54 : x;
  const high = halves[highHalf] ?? 0;
  // A mantissa between sqrt(1/2) and sqrt(2): 0x6a09e is where sqrt(2) begins.
  const isUpper = (high & 0xfffff) > 0x6a09e ? 1 : 0;
  halves[highHalf] = (high & 0xfffff) | ((0x3ff - isUpper) << 20);
  const exponent = (high >> 20) - 0x3ff + isUpper - (isSubnormal ? 54 : 0);
  const f = (word[0] ?? 0) - 1;
  const s = f / (2 + f);
  const z = s * s;
  // ln(1 + f) = 2 atanh(s) = f - s (f - R), R the rest of the series (Abramowitz and Stegun, 4.1.27).
  const rest = z * (2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * seriesEnd(z))))));
  return exponent * ln2High + (f - s * (f - rest) + exponent * ln2Low);
}

function seriesEnd(z: number): number {
  return 2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (2 / 19 + z * (2 / 21))));
}

/** sin(pi t) for t from -1/2 to 1/2: Taylor's series in two parts of an angle that is at most a right one. */
export function portableSinOfHalfTurns(t: number): number {
  const x = Math.PI * t;
  const z = x * x;
  let sum = 0;
  for (let n = 25; n >= 3; n -= 2) sum = (-z / (n * (n - 1))) * (1 + sum);
  return x * (1 + sum);
}
