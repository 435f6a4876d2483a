import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, parseCanonicalJson } from "../../dist/ledger/canonical-json.js";
import { assertEqual, assertThrows, readJson, textOf } from "./ledger-files.mjs";

/** RFC 8785: pairs of input and output, inputs to refuse, and numbers with their texts. */
export function handles(path) {
  return (
    isIn(path, "input/") || /(^|\/)jcs\/(cases|invalid)\.json$|^(cases|invalid)\.json$/.test(path) || isNumbers(path)
  );
}

export function companion(path) {
  return isIn(path, "output/");
}

function isIn(path, folder) {
  return new RegExp(`(^|/jcs/|^jcs/)${folder}[^/]+\\.json$`).test(path);
}

function isNumbers(path) {
  return /(^|\/)es6-numbers-[^/]*\.txt$/.test(path);
}

export function cases(directory, path) {
  if (isNumbers(path)) return numbers(readFileSync(join(directory, path), "utf8"));
  if (isIn(path, "input/")) return pair(directory, path);
  return readJson(directory, path).map((item, index) => ({
    name: String(item.name ?? index),
    check: () => {
      const input = Buffer.from(item.input_hex, "hex");
      if (item.output_hex === undefined) checkRefused(input);
      else checkCanonical(input, Buffer.from(item.output_hex, "hex"));
    },
  }));
}

function pair(directory, path) {
  const output = join(directory, path.replace(/input\/([^/]+)$/, "output/$1"));
  const check = () => checkCanonical(readFileSync(join(directory, path)), readFileSync(output));
  return [{ name: "canonical form", check }];
}

/** The value becomes those bytes, those bytes alone are read as canonical, and what is read is the same value. */
function checkCanonical(input, output) {
  assertEqual("the canonical form", canonicalJson(JSON.parse(textOf(input))), textOf(output));
  assertEqual("the form of what was read", canonicalJson(parseCanonicalJson(output)), textOf(output));
  if (!input.equals(output)) assertThrows("a form that is not canonical was read", () => parseCanonicalJson(input));
}

/** The reader of canonical bytes takes none of them: JSON.parse alone would forgive some. */
function checkRefused(input) {
  assertThrows("it was read", () => parseCanonicalJson(input));
}

function numbers(text) {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({
      name: line,
      check: () => {
        const [hex, expected] = line.split(",");
        const value = Buffer.from(hex.padStart(16, "0"), "hex").readDoubleBE();
        assertEqual("the number", canonicalJson(value), expected);
        assertEqual("what is read", parseCanonicalJson(Buffer.from(expected)), Object.is(value, -0) ? 0 : value);
      },
    }));
}
