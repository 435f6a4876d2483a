import {
  coverageFactor,
  fitLine,
  momentsOf,
  monteCarlo,
  propagateUncertainty,
  rectangularCoverageFactor,
  welchSatterthwaite,
} from "../../dist/uncertainty/index.js";
import { casesOf, compare, compareFields, isUncertaintyFile } from "./comparison.mjs";
import { compileFormula } from "./formula.mjs";
import { trialsFor } from "./trials.mjs";
import { distributionOf } from "./vector-distribution.mjs";

/** JCGM 101, clause 9; GUM, annex H; EURACHEM, NIST, NPL, EA-4/02, JCGM 102: whole examples with published results. */
export function handles(path) {
  return ["jcgm101", "gum_annex_h", "other_published"].some((name) => isUncertaintyFile(path, name));
}

export function cases(directory, path) {
  return casesOf(directory, path, check, unitNotChecked);
}

function check(item) {
  const solve = methods[item.method];
  if (solve === undefined) throw new Error(`the method "${item.method}" is not known to this reader`);
  const { unit: _unit, level: _level, interval_kind: _kind, ...expected } = item.expected;
  compareFields(expected, solve(item), (field) => ({ absolute: toleranceOf(item, field) }));
}

/** The models are of plain numbers: nothing is computed that a unit could be held against. */
function unitNotChecked({ expected }) {
  return expected?.unit === undefined ? [] : [`the unit "${expected.unit}"`];
}

function toleranceOf({ tolerance }, field) {
  const value = tolerance?.[field];
  if (typeof value !== "number") throw new Error(`there is no tolerance for "${field}"`);
  return value;
}

const methods = {
  guf_first_order: (item) => lawOfPropagation(item, "first"),
  guf_first_order_correlated: (item) => lawOfPropagation(item, "first"),
  guf_second_order: (item) => lawOfPropagation(item, "second"),
  mcm: simulated,
  budget_rows: budget,
  least_squares_line: line,
  value_only: total,
};

function simulated(item) {
  const names = item.inputs.map(({ name }) => name);
  const result = monteCarlo({
    sources: item.inputs.map((input) => ({ id: input.name, distribution: distributionOf(input) })),
    correlations: correlationsOf(item.correlations),
    model: compileFormula(item.model, names, item.constants),
    seed: 20081,
    trials: trialsFor(item),
    level: item.expected.level ?? 0.95,
    interval: item.expected.interval_kind ?? "symmetric",
  });
  return {
    mean: result.mean,
    u: result.standardUncertainty,
    median: result.median,
    interval: [result.lower, result.upper],
  };
}

function correlationsOf(correlations = []) {
  return correlations.map(([first, second, coefficient]) => ({ between: [first, second], coefficient }));
}

function lawOfPropagation(item, order) {
  const series = item.raw_observations;
  const inputs = item.inputs.map((input) => estimateOf(input, series));
  const correlations = correlationsOf(item.correlations).concat(sampleCorrelations(item, series));
  const names = inputs.map(({ id }) => id);
  const { estimate, standardUncertainty, components } = propagateUncertainty({
    inputs,
    correlations,
    model: compileFormula(item.model, names, item.constants),
    order,
  });
  const rows = components.map((component, index) => ({
    sensitivity: 1,
    standardUncertainty: Math.abs(component),
    degreesOfFreedom: inputs[index].degreesOfFreedom,
  }));
  checkPublishedCorrelations(item, correlations);
  return stated(item, estimate, standardUncertainty, rows);
}

function estimateOf(input, series) {
  const { name: id, dist, params } = input;
  if (dist === "estimate") {
    return { id, estimate: params.x, standardUncertainty: params.u, degreesOfFreedom: params.nu ?? null };
  }
  if (dist === "mean_of_raw") return meanOf(id, scaled(series?.[params.series], params.scale));
  const { mean, standardDeviation } = momentsOf(distributionOf(input));
  return { id, estimate: mean, standardUncertainty: standardDeviation, degreesOfFreedom: params.nu ?? null };
}

function scaled(values, scale = 1) {
  if (!Array.isArray(values)) throw new Error("a raw series is missing");
  return values.map((value) => value * scale);
}

function meanOf(id, values) {
  const estimate = average(values);
  const squares = values.reduce((sum, value) => sum + (value - estimate) ** 2, 0);
  const count = values.length;
  return {
    id,
    estimate,
    standardUncertainty: Math.sqrt(squares / (count - 1) / count),
    degreesOfFreedom: count - 1,
  };
}

function average(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Means of observations made together are as correlated as the observations (JCGM 100, 5.2.3). */
function sampleCorrelations({ inputs, method }, series) {
  if (series === undefined || method !== "guf_first_order_correlated") return [];
  const raw = inputs.filter(({ dist }) => dist === "mean_of_raw");
  return raw.flatMap((first, index) =>
    raw.slice(index + 1).map((second) => ({
      between: [first.name, second.name],
      coefficient: sampleCorrelation(series[first.params.series], series[second.params.series]),
    })),
  );
}

function sampleCorrelation(x, y) {
  const [meanX, meanY] = [average(x), average(y)];
  const product = (a, meanA, b, meanB) =>
    a.reduce((sum, value, index) => sum + (value - meanA) * (b[index] - meanB), 0);
  return product(x, meanX, y, meanY) / Math.sqrt(product(x, meanX, x, meanX) * product(y, meanY, y, meanY));
}

/** Published correlations are printed to two digits; ours are computed from the same observations. */
function checkPublishedCorrelations({ correlations_published: published = [] }, correlations) {
  for (const [first, second, coefficient] of published) {
    const found = correlations.find(({ between }) => between.includes(first) && between.includes(second));
    compare(`correlation of ${first} and ${second}`, coefficient, found?.coefficient, { absolute: 0.0051 });
  }
}

function budget(item) {
  const rows = item.inputs.map(({ params }) => ({
    sensitivity: params.c,
    standardUncertainty: params.u,
    degreesOfFreedom: params.nu ?? null,
  }));
  const mean = item.inputs.reduce((sum, { params }) => sum + params.c * params.x, 0);
  const { standardUncertainty } = welchSatterthwaite(rows);
  return stated(item, mean, standardUncertainty, rows);
}

/** Estimate and u with what the interval kind makes of them. */
function stated({ expected, tolerance }, mean, u, rows) {
  const level = expected.level ?? 0.95;
  const nuEff =
    expected.interval_kind === "student_k" || "nu_eff" in expected ? welchSatterthwaite(rows).degreesOfFreedom : null;
  const k = factorOf(expected.interval_kind ?? "normal_k", level, nuEff);
  // A published whole number is the truncated one (JCGM 100, G.4.1); otherwise it is as computed.
  const nu = nuEff !== null && tolerance?.nu_eff === 0 ? Math.floor(nuEff) : nuEff;
  return { mean, u, nu_eff: nu, k, U: k * u, interval: [mean - k * u, mean + k * u] };
}

function factorOf(kind, level, nuEff) {
  switch (kind) {
    case "normal_k":
      return coverageFactor(level, null);
    case "student_k":
      return coverageFactor(level, nuEff === null ? null : Math.floor(nuEff));
    case "rectangular_dominant_k":
      return rectangularCoverageFactor(level);
    default:
      throw new Error(`the interval kind "${kind}" is not known to this reader`);
  }
}

function line({ data, constants }) {
  const { intercept, slope, interceptUncertainty, slopeUncertainty, correlation, standardDeviation } = fitLine(
    data.t,
    data.b,
    constants?.t0 ?? 0,
  );
  return {
    y1: intercept,
    u_y1: interceptUncertainty,
    y2: slope,
    u_y2: slopeUncertainty,
    r: correlation,
    s: standardDeviation,
  };
}

/** sum(a_i*b_i*…): the parameters of every row, multiplied and added. */
function total({ model, inputs, constants }) {
  const terms = /^sum\((.*)\)$/.exec(model.replaceAll(" ", ""))?.[1];
  if (terms === undefined) {
    const values = inputs.map(({ params }) => params.x ?? params.value);
    return {
      mean: compileFormula(
        model,
        inputs.map(({ name }) => name),
        constants,
      )(values),
    };
  }
  const names = Object.keys(inputs[0].params);
  const term = compileFormula(terms.replaceAll(/([A-Za-z]\w*?)_i\b/g, "$1"), names, constants);
  return { mean: inputs.reduce((sum, { params }) => sum + term(names.map((name) => params[name])), 0) };
}
