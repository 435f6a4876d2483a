import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalTexts } from "../../../src/ledger/python/entry.ts";
import { parseLossless } from "../../../src/ledger/python/lossless-json.ts";
import { asLine, floatText } from "../../../src/ledger/python/python-forms.ts";

test.each([
  ["1.0", "1.0"],
  ["-0.0", "-0.0"],
  ["0.0001", "0.0001"],
  ["0.00001", "1e-05"],
  ["1E-7", "1e-07"],
  ["1e15", "1000000000000000.0"],
  ["1e16", "1e+16"],
  ["123456789012345680.0", "1.2345678901234568e+17"],
  ["5e-324", "5e-324"],
  ["1.7976931348623157e308", "1.7976931348623157e+308"],
  ["1e400", "Infinity"],
  ["-Infinity", "-Infinity"],
  ["NaN", "NaN"],
  ["9007199254740993", "9007199254740993"],
  ["-0", "0"],
  [`1${"0".repeat(30)}`, `1${"0".repeat(30)}`],
])("Python writes the number %s as %s", (written, expected) => {
  expect(asLine(parseLossless(written))).toBe(expected);
});

test("a float reads back as the same double", () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (value) => Object.is(Number(floatText(value)), value)));
  expect(floatText(0.1)).toBe("0.1");
});

test("what is hashed is ASCII, what is signed is not, and names are sorted by code point", () => {
  const line = '{"\\uffff": 1, "\\ud83d\\ude02": "\\u00e9\\u007f\\n", "a": null, "signature": "x"}';
  const { signed, hashed } = canonicalTexts(line);
  expect(signed).toBe('{"a":null,"\uffff":1,"\u{1f602}":"\u00e9\u007f\\n"}');
  expect(hashed).toBe('{"a":null,"\\uffff":1,"\\ud83d\\ude02":"\\u00e9\\u007f\\n"}');
});

test("any JSON text that JSON.stringify writes reads as the same value", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.parse(asLine(parseLossless(text)))).toEqual(JSON.parse(text));
    }),
  );
});

test.each([
  "",
  "{",
  "[1,]",
  '{"a" 1}',
  '{"a":1,}',
  "{a:1}",
  "01",
  "+1",
  "1.",
  ".5",
  "1e",
  "nan",
  "tru",
  '"\u0001"',
  '"\\x"',
  '"\\u12g4"',
  '"abc',
  '"abc\\"',
  "1 2",
  "\ufeff1",
  "[".repeat(5000),
])("%j is refused in words", (text) => {
  expect(() => parseLossless(text)).toThrow(SyntaxError);
});

test("a string of several megabytes is read", () => {
  expect(parseLossless(`"${"\\n".repeat(2_000_000)}"`)).toHaveLength(2_000_000);
});
