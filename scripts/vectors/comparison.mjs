import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The cases of a file of the layout `{ "cases": [ … ] }`, one check each. `notChecked`, a function of the case, names what it expects
 * and the reader cannot hold against anything.
 */
export function casesOf(directory, path, check, notChecked = () => []) {
  const { cases } = JSON.parse(readFileSync(join(directory, path), "utf8"));
  if (!Array.isArray(cases)) throw new Error('it has no list "cases"');
  return cases.map((item, index) => ({
    name: String(item.name ?? index),
    notChecked: notChecked(item),
    check: () => {
      if (isNothing(item.expected)) throw new Error("it expects nothing");
      return check(item);
    },
  }));
}

/** The cases of a file whose figures are computed by their kind: `figuresOf` maps a kind to a function of the case. */
export function casesByKind(directory, path, figuresOf) {
  return casesOf(directory, path, (item) => {
    const figures = figuresOf[item.kind];
    if (figures === undefined) throw new Error(`the kind "${item.kind}" is not known`);
    compareFields(item.expected, figures(item), item.tolerance ?? { relative: 1e-9 });
  });
}

/** A case that expects nothing would pass whatever the program does. */
function isNothing(expected) {
  return expected === undefined || expected === null || Object.keys(expected).length === 0;
}

/** Holds every expected field against the value of the same name; `tolerances` is { relative } or { absolute }, or a function of the field. */
export function compareFields(expected, actual, tolerance) {
  if (isNothing(expected)) throw new Error("it expects nothing");
  for (const [field, value] of Object.entries(expected)) {
    if (!(field in actual)) throw new Error(`the field "${field}" is not known to this reader`);
    compare(field, value, actual[field], typeof tolerance === "function" ? tolerance(field) : tolerance);
  }
}

export function compare(field, expected, actual, tolerance) {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      throw new Error(`${field} is ${shown(actual)}, not a list of ${expected.length}`);
    for (const [index, value] of expected.entries()) compare(`${field}[${index}]`, value, actual[index], tolerance);
    return;
  }
  if (typeof expected !== "number") {
    if (actual !== expected) throw new Error(`${field} is ${shown(actual)}, expected ${shown(expected)}`);
    return;
  }
  const allowed = (tolerance.absolute ?? 0) + (tolerance.relative ?? 0) * Math.abs(expected);
  if (!(Math.abs(actual - expected) <= allowed)) {
    throw new Error(`${field} is ${shown(actual)}, expected ${expected} within ${allowed}`);
  }
}

function shown(value) {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

/** Whether a path names a file of the uncertainty vectors, in whatever directory the set lies. */
export function isUncertaintyFile(path, name) {
  return path === `${name}.json` || path === `uncertainty/${name}.json` || path.endsWith(`/uncertainty/${name}.json`);
}
