import { erfc, erfcx } from "../../dist/uncertainty/error-function.js";
import { normalQuantile } from "../../dist/uncertainty/index.js";
import { doubleOfWords, philox4x32, Sfc32 } from "../../dist/uncertainty/random-stream.js";
import { casesOf, compareFields, isUncertaintyFile } from "./comparison.mjs";
import { generators } from "./reference-generators.mjs";

/**
 * Known answers. sfc32 and Philox are the product's; the other generators of the file are not part of it and are held to
 * their answers in the form that reference-generators.mjs gives them.
 */
export function handles(path) {
  return isUncertaintyFile(path, "random_and_special_functions");
}

export function cases(directory, path) {
  return casesOf(directory, path, (item) => {
    compareFields(item.expected, actualOf(item), { relative: item.tolerance?.relative ?? 0 });
  });
}

function actualOf(item) {
  if (item.inputs_hex !== undefined) return { doubles: doubles(item.inputs_hex) };
  if (item.expected.p_to_x !== undefined) return { p_to_x: item.expected.p_to_x.map(([p]) => [p, normalQuantile(p)]) };
  if (item.expected.rows !== undefined) return { rows: item.expected.rows.map(([x]) => [x, erfc(x), erfcx(x)]) };
  const name = String(item.generator).split(" ")[0];
  const outputs = name === "philox4x32-10" ? philox(item) : name === "sfc32" ? sfc32(item) : generatorOf(name)(item);
  return forms(item.expected, outputs);
}

function doubles(words) {
  const pairs = words.flatMap((_, index) => (index % 2 === 0 ? [[words[index], words[index + 1]]] : []));
  return pairs.map(([high, low]) => doubleOfWords(Number(`0x${high}`), Number(`0x${low}`)));
}

function philox({ counter, key }) {
  return philox4x32(counter, key).map(BigInt)[Symbol.iterator]();
}

function* sfc32({ state }) {
  const generator = new Sfc32();
  generator.setState(...state);
  for (;;) yield BigInt(generator.next() >>> 0);
}

function generatorOf(name) {
  const generator = generators[name];
  if (generator === undefined) throw new Error(`the generator "${name}" is not known to this reader`);
  return generator;
}

/** The first outputs in the form that each expected field has, and single ones asked for by number. */
function forms(expected, outputs) {
  const seen = [];
  const output = (number) => {
    while (seen.length < number) seen.push(outputs.next().value);
    return seen[number - 1];
  };
  return Object.fromEntries(
    Object.entries(expected).map(([field, value]) => {
      const single = /^u(?:32|64)_number_(\d+)$/.exec(field);
      if (single !== null) return [field, Number(output(Number(single[1])))];
      const form = formOf(field);
      return [field, value.map((_, index) => form(output(index + 1)))];
    }),
  );
}

function formOf(field) {
  if (field.endsWith("_hex")) return (word) => word.toString(16).padStart(field.startsWith("u64") ? 16 : 8, "0");
  if (field.endsWith("_dec")) return String;
  if (field === "first_u32") return Number;
  throw new Error(`the field "${field}" is not known to this reader`);
}
