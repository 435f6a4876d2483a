/**
 * Model formulas of the vectors, as text: + - * / ^, parentheses, names, numbers, sqrt log exp cos sin max min abs, and the constant pi.
 * `compileFormula(text, names, constants)` gives a function of an array of values in the order of `names`.
 */
const functions = {
  sqrt: Math.sqrt,
  log: Math.log,
  exp: Math.exp,
  cos: Math.cos,
  sin: Math.sin,
  max: Math.max,
  min: Math.min,
  abs: Math.abs,
};

export function compileFormula(text, names, constants = {}) {
  const tokens = text.match(/\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|\*\*|[-+*/^(),]|\S/g) ?? [];
  let at = 0;
  const result = sum();
  // A comma outside parentheses begins a remark in words ("E*I, E truncated normal").
  if (at < tokens.length && tokens[at] !== ",")
    throw new Error(`the formula "${text}" has an unexpected ${tokens[at]}`);
  return result;

  function take(token) {
    if (tokens[at] !== token) return false;
    at += 1;
    return true;
  }

  function expectToken(token) {
    if (!take(token)) throw new Error(`the formula "${text}" lacks a ${token}`);
  }

  function sum() {
    let left = product();
    for (;;) {
      if (take("+")) left = binary(left, product(), (x, y) => x + y);
      else if (take("-")) left = binary(left, product(), (x, y) => x - y);
      else return left;
    }
  }

  function product() {
    let left = signed();
    for (;;) {
      if (take("*")) left = binary(left, signed(), (x, y) => x * y);
      else if (take("/")) left = binary(left, signed(), (x, y) => x / y);
      else return left;
    }
  }

  function signed() {
    if (take("+")) return signed();
    if (!take("-")) return power();
    const operand = signed();
    return (values) => -operand(values);
  }

  function power() {
    const base = atom();
    if (!take("^") && !take("**")) return base;
    return binary(base, signed(), (x, y) => (y === 2 ? x * x : x ** y));
  }

  function atom() {
    if (take("(")) {
      const inner = sum();
      expectToken(")");
      return inner;
    }
    const token = tokens[at];
    at += 1;
    if (token === undefined) throw new Error(`the formula "${text}" ends too early`);
    if (/^[.\d]/.test(token)) return constant(Number(token));
    const index = names.indexOf(token);
    if (index >= 0) return (values) => values[index];
    if (Object.hasOwn(constants, token)) return constant(constants[token]);
    if (token === "pi") return constant(Math.PI);
    if (Object.hasOwn(functions, token) && take("(")) return call(functions[token]);
    throw new Error(`the formula "${text}" names "${token}", which is neither an input nor a known function`);
  }

  function call(apply) {
    const operands = [sum()];
    while (take(",")) operands.push(sum());
    expectToken(")");
    const [first, second] = operands;
    if (operands.length === 1) return (values) => apply(first(values));
    if (operands.length === 2) return (values) => apply(first(values), second(values));
    return (values) => apply(...operands.map((operand) => operand(values)));
  }
}

function constant(value) {
  return () => value;
}

/** One closure a place in the formula, so that the engine sees each operator by itself. */
function binary(left, right, apply) {
  return (values) => apply(left(values), right(values));
}
