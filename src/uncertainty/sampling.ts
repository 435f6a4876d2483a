import { type Distribution, quantileFunction } from "./distribution.ts";
import { normalCdf, normalQuantile, normalUpperTail } from "./normal.ts";
import { moderateExp, portableExp, portableLog } from "./portable-math.ts";
import type { Sfc32 } from "./random-stream.ts";
import { fillNormals, nextNormal } from "./ziggurat.ts";

/** Fills the first `count` places of the output with independent draws of one distribution. */
export type Sampler = (generator: Sfc32, output: Float64Array, count: number) => void;

/** A sampler of a distribution; only +, -, *, / and square roots touch what it draws, so its bytes are the same everywhere. */
export function samplerOf(distribution: Distribution): Sampler {
  switch (distribution.kind) {
    case "exact":
      return (_generator, output, count) => output.fill(distribution.value, 0, count);
    case "normal":
    case "lognormal":
    case "shifted_lognormal":
      return normalBased(distribution);
    case "curvilinear_trapezoid":
      return curvilinear(distribution);
    case "student_t":
      return oneByOne(studentDraw(distribution.location, distribution.scale, distribution.degreesOfFreedom));
    case "gamma":
      return oneByOne(gammaDraw(distribution.shape, distribution.scale));
    case "truncated_normal":
      return byQuantile(truncatedQuantile(distribution));
    case "rectangular":
    case "triangular":
    case "trapezoidal":
    case "arcsine":
    case "exponential":
      return byQuantile(quantileFunction(distribution));
  }
}

type OfKind<Kind extends Distribution["kind"]> = Extract<Distribution, { readonly kind: Kind }>;

function normalBased(distribution: OfKind<"normal" | "lognormal" | "shifted_lognormal">): Sampler {
  const transform = fromNormals(distribution);
  return (generator, output, count) => {
    fillNormals(generator, output, count);
    transform(output, count);
  };
}

/** Turns standard normal numbers in place into draws of the distribution; monotone, so it keeps their order (a normal copula). */
export function fromNormals(distribution: Distribution): (values: Float64Array, count: number) => void {
  if (distribution.kind === "normal") return linear(distribution.mean, distribution.standardDeviation);
  if (distribution.kind === "lognormal") return exponentials(0, distribution.lnMedian, distribution.lnSigma);
  if (distribution.kind === "shifted_lognormal") {
    return exponentials(distribution.shift, distribution.lnMedian, distribution.lnSigma);
  }
  const quantile =
    distribution.kind === "truncated_normal" ? truncatedQuantile(distribution) : quantileFunction(distribution);
  return (values, count) => {
    for (let index = 0; index < count; index += 1) values[index] = quantile(normalCdf(values[index] ?? 0));
  };
}

function linear(mean: number, standardDeviation: number): (values: Float64Array, count: number) => void {
  return (values, count) => {
    for (let index = 0; index < count; index += 1) values[index] = mean + standardDeviation * (values[index] ?? 0);
  };
}

/** No normal number drawn here is as far out: the tail of the ziggurat ends before 15. */
const farthestNormal = 40;

function exponentials(shift: number, lnMedian: number, lnSigma: number): (values: Float64Array, count: number) => void {
  if (Math.abs(lnMedian) + farthestNormal * lnSigma < 700) {
    return (values, count) => {
      for (let index = 0; index < count; index += 1) {
        values[index] = shift + moderateExp(lnMedian + lnSigma * (values[index] ?? 0));
      }
    };
  }
  return (values, count) => {
    for (let index = 0; index < count; index += 1) {
      values[index] = shift + portableExp(lnMedian + lnSigma * (values[index] ?? 0));
    }
  };
}

function oneByOne(draw: (generator: Sfc32) => number): Sampler {
  return (generator, output, count) => {
    for (let index = 0; index < count; index += 1) output[index] = draw(generator);
  };
}

function byQuantile(quantile: (p: number) => number): Sampler {
  return oneByOne((generator) => quantile(generator.uniform()));
}

/** Up to here the normal's own tail has digits enough for a draw: 1e-12 of the distance from the bound. */
const plainUpToAlpha = 30;

/** Of one uniform number, monotone: the same number gives comparable draws of two parents. */
function truncatedQuantile(distribution: OfKind<"truncated_normal">): (p: number) => number {
  const { parentMean, parentSigma, low = 0 } = distribution;
  const alpha = (low - parentMean) / parentSigma;
  if (alpha > plainUpToAlpha) return quantileFunction(distribution);
  const mass = normalUpperTail(alpha);
  return (p) => Math.max(low, parentMean - parentSigma * normalQuantile((1 - p) * mass));
}

/** The ends first, then a place between them (JCGM 101, 6.4.3.4). */
function curvilinear({ low, high, limitHalfWidth }: OfKind<"curvilinear_trapezoid">): Sampler {
  return oneByOne((generator) => {
    const from = low - limitHalfWidth + 2 * limitHalfWidth * generator.uniform();
    return from + (low + high - 2 * from) * generator.uniform();
  });
}

/** The polar method for Student's t (R. W. Bailey, Math. Comp. 62 (1994) 779); exact for every number of degrees of freedom. */
function studentDraw(location: number, scale: number, degreesOfFreedom: number): (generator: Sfc32) => number {
  if (degreesOfFreedom === Number.POSITIVE_INFINITY) return (generator) => location + scale * nextNormal(generator);
  return (generator) => {
    for (;;) {
      const u = 2 * generator.uniform() - 1;
      const v = 2 * generator.uniform() - 1;
      const w = u * u + v * v;
      if (w >= 1) continue;
      const growth = exponentialMinusOne((-2 / degreesOfFreedom) * portableLog(w));
      return location + scale * u * Math.sqrt((degreesOfFreedom * growth) / w);
    }
  };
}

/** e^x - 1, x >= 0, by its series where the difference would lose digits. */
function exponentialMinusOne(x: number): number {
  if (x > 0.01) return portableExp(x) - 1;
  return x * (1 + (x / 2) * (1 + (x / 3) * (1 + (x / 4) * (1 + (x / 5) * (1 + x / 6)))));
}

/** G. Marsaglia and W. W. Tsang, ACM TOMS 26 (2000) 363; a shape below 1 is raised by one and scaled back. */
function gammaDraw(shape: number, scale: number): (generator: Sfc32) => number {
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const draw = (generator: Sfc32): number => {
    for (;;) {
      const x = nextNormal(generator);
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      if (portableLog(generator.uniform()) < (x * x) / 2 + d * (1 - v + portableLog(v))) return d * v;
    }
  };
  if (shape >= 1) return (generator) => scale * draw(generator);
  return (generator) => scale * draw(generator) * portableExp(portableLog(generator.uniform()) / shape);
}
