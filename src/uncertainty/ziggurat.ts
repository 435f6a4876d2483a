import { portableExp, portableLog } from "./portable-math.ts";
import type { Sfc32 } from "./random-stream.ts";

/**
 * Standard normal numbers by the ziggurat of J. A. Doornik ("An improved ziggurat method to generate normal random samples",
 * 2005): 128 layers of equal area, the layer and the position in it taken from different bits. Exact in law.
 */
const layers = 128;
/** Where the lowest layer's tail begins, and the area of a layer (Doornik, table 1). */
const tailStart = 3.442619855899;
const layerArea = 9.91256303526217e-3;

/** Right ends of the layers, from the widest up. */
const ends = new Float64Array(layers + 1);
/** The part of a layer that lies under the curve throughout: the next layer's end over its own. */
const insides = new Float64Array(layers);
/** The same for the upper 32 bits of a position alone, as a whole number: below it the position is inside, whatever its other bits. */
const surelyInside = new Int32Array(layers);
/** From the 53 bits of a position to a number: the layer's end times 2^-52. */
const units = new Float64Array(layers);

fillTables();

function fillTables(): void {
  let height = portableExp(-0.5 * tailStart * tailStart);
  let end = tailStart;
  ends[0] = layerArea / height;
  ends[1] = end;
  for (let layer = 2; layer < layers; layer += 1) {
    end = Math.sqrt(-2 * portableLog(layerArea / end + height));
    height = portableExp(-0.5 * end * end);
    ends[layer] = end;
  }
  for (let layer = 0; layer < layers; layer += 1) {
    const inside = endOf(layer + 1) / endOf(layer);
    insides[layer] = inside;
    surelyInside[layer] = Math.floor(inside * 2 ** 31) - 1;
    units[layer] = endOf(layer) * 2 ** -52;
  }
}

function endOf(layer: number): number {
  return ends[layer] ?? 0;
}

/** Fills the first `count` places with independent standard normal numbers. */
export function fillNormals(generator: Sfc32, output: Float64Array, count: number): void {
  // The generator's state lives in local variables here: a call per number would cost as much as the number.
  let { a, b, c, d } = generator;
  for (let index = 0; index < count; index += 1) {
    const high = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + high) | 0;
    const low = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + low) | 0;
    const layer = low & 127;
    // The size of the upper word without a branch: of a negative number its complement.
    if ((high ^ (high >> 31)) < (surelyInside[layer] ?? 0)) {
      output[index] = (high * 2097152 + (low >>> 11) + 0.5) * (units[layer] ?? 0);
      continue;
    }
    generator.setState(a, b, c, d);
    output[index] = normalFrom(generator, high, low);
    ({ a, b, c, d } = generator);
  }
  generator.setState(a, b, c, d);
}

/** One standard normal number. */
export function nextNormal(generator: Sfc32): number {
  const high = generator.next();
  return normalFrom(generator, high, generator.next());
}

function normalFrom(generator: Sfc32, high: number, low: number): number {
  const layer = low & 127;
  const position = (high * 2097152 + (low >>> 11) + 0.5) * 2.220446049250313e-16;
  return Math.abs(position) < (insides[layer] ?? 0)
    ? position * endOf(layer)
    : outsideLayer(generator, layer, position);
}

/** The tail of the lowest layer, the wedge of another, or a new attempt. */
function outsideLayer(generator: Sfc32, layer: number, position: number): number {
  if (layer === 0) return tail(generator, position < 0);
  const x = position * endOf(layer);
  const atOuterEnd = ratioToDensity(endOf(layer), x);
  const atInnerEnd = ratioToDensity(endOf(layer + 1), x);
  return atInnerEnd + generator.uniform() * (atOuterEnd - atInnerEnd) < 1 ? x : nextNormal(generator);
}

/** The density at the end of a layer over the density at x. */
function ratioToDensity(end: number, x: number): number {
  return portableExp(-0.5 * (end * end - x * x));
}

/** Beyond the lowest layer (G. Marsaglia, Technometrics 6 (1964) 101). */
function tail(generator: Sfc32, isNegative: boolean): number {
  for (;;) {
    const x = portableLog(generator.uniform()) / tailStart;
    const y = portableLog(generator.uniform());
    if (-2 * y >= x * x) return isNegative ? x - tailStart : tailStart - x;
  }
}
