/** Nodes and weights of Gaussian quadrature, computed by Newton's method from the three-term recurrences when first needed. */
export interface QuadratureNode {
  readonly x: number;
  readonly weight: number;
}

/** Weights sum to 2: integrates f over [-1, 1]. Roots of the Legendre polynomial (Abramowitz and Stegun, 25.4.29). */
export function gaussLegendre(count: number): readonly QuadratureNode[] {
  return Array.from({ length: count }, (_, index) => {
    const x = newton(Math.cos((Math.PI * (index + 0.75)) / (count + 0.5)), (at) => legendre(count, at));
    const { derivative } = legendre(count, x);
    return { x, weight: 2 / ((1 - x * x) * derivative * derivative) };
  });
}

/**
 * Weights sum to 1: the expectation of f(x), x standard normal (the probabilists' form of Abramowitz and Stegun, 25.4.46).
 * The recurrence is that of the orthonormal polynomials, which do not overflow.
 */
export function gaussHermite(count: number): readonly QuadratureNode[] {
  const roots: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const x = newton(hermiteGuess(count, roots), (at) => deflated(hermite(count, at), at, roots));
    roots.push(x);
  }
  return roots.map((x) => {
    const { derivative } = hermite(count, x);
    // For orthonormal polynomials p_n' = sqrt(n) p_(n-1), and the weight is 1 / (n p_(n-1)^2).
    return { x, weight: 1 / (derivative * derivative) };
  });
}

/** Computes nodes when they are first asked for, and keeps them. */
export function onceNeeded(compute: () => readonly QuadratureNode[]): () => readonly QuadratureNode[] {
  let nodes: readonly QuadratureNode[] | null = null;
  return () => {
    nodes ??= compute();
    return nodes;
  };
}

interface PolynomialValue {
  readonly value: number;
  readonly derivative: number;
}

function legendre(degree: number, x: number): PolynomialValue {
  let previous = 1;
  let current = x;
  for (let k = 1; k < degree; k += 1) {
    [previous, current] = [current, ((2 * k + 1) * x * current - k * previous) / (k + 1)];
  }
  return { value: current, derivative: (degree * (x * current - previous)) / (x * x - 1) };
}

function hermite(degree: number, x: number): PolynomialValue {
  let previous = 0;
  let current = 1;
  for (let k = 0; k < degree; k += 1) {
    [previous, current] = [current, (x * current - Math.sqrt(k) * previous) / Math.sqrt(k + 1)];
  }
  return { value: current, derivative: Math.sqrt(degree) * previous };
}

/** Newton for p(x) / product(x - root) finds a root that is not among those already known. */
function deflated({ value, derivative }: PolynomialValue, x: number, roots: readonly number[]): PolynomialValue {
  const shift = roots.reduce((sum, root) => sum + 1 / (x - root), 0);
  return { value, derivative: derivative - value * shift };
}

/** From outside the largest root inward: Newton then converges monotonically to the next root. */
function hermiteGuess(count: number, roots: readonly number[]): number {
  const last = roots.at(-1);
  return last === undefined ? 2 * Math.sqrt(count + 0.5) : last - 1e-3;
}

function newton(start: number, evaluate: (x: number) => PolynomialValue): number {
  let x = start;
  for (let step = 0; step < 200; step += 1) {
    const { value, derivative } = evaluate(x);
    const change = value / derivative;
    x -= change;
    if (Math.abs(change) < 1e-15 * Math.max(1, Math.abs(x))) break;
  }
  return x;
}
