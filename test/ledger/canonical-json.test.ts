import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  canonicalJson,
  type JsonObject,
  maximumJsonDepth,
  parseCanonicalJson,
} from "../../src/ledger/canonical-json.ts";
import { sharedFileNames, sharedJson, sharedText } from "./shared-vectors.ts";

/** RFC 8785, appendix B: the bits of a double, and how it is written. */
const numbersOfTheRfc: readonly (readonly [string, string])[] = [
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
];

function doubleFromBits(hex: string): number {
  return Buffer.from(hex.padStart(16, "0"), "hex").readDoubleBE(0);
}

test.each(numbersOfTheRfc)("the double %s is written as %s", (bits, text) => {
  expect(canonicalJson(doubleFromBits(bits))).toBe(text);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "%s is refused: JSON has no word for it",
  (value) => {
    expect(() => canonicalJson({ a: [value] })).toThrow(`at .a[0] is ${value}`);
  },
);

test("members are sorted by UTF-16 code units, as in RFC 8785, 3.2.3", () => {
  const value = { "€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\u0080": 6, ö: 7 };
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
});

test("names that look like numbers are sorted as text", () => {
  expect(canonicalJson({ "10": 1, "9": 2, a: 3 })).toBe('{"10":1,"9":2,"a":3}');
});

test("the sample object of RFC 8785, 3.2.2 comes out as printed there", () => {
  const sample = JSON.parse(
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
      '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
  );
  expect(canonicalJson(sample)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("a member called __proto__ or toJSON is data like any other", () => {
  const value = JSON.parse('{"toJSON":"text","__proto__":{"b":1},"a":{"__proto__":2}}');
  expect(canonicalJson(value)).toBe('{"__proto__":{"b":1},"a":{"__proto__":2},"toJSON":"text"}');
});

test.each([
  ["a lone surrogate in a value", ["\ud800"]],
  ["a lone surrogate in a name", { "\udc00": 1 }],
  ["undefined", { a: undefined }],
  ["a function", { a: () => 1 }],
  ["a bigint", { a: 1n }],
  ["a date", { a: new Date(0) }],
  ["a map", new Map([["a", 1]])],
  ["a boxed number", { a: Object(1) }],
  ["a symbol as a name", { [Symbol("a")]: 1 }],
  ["a hole in an array", new Array(2)],
])("%s is refused", (_what, value) => {
  expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: "RECORD_INVALID" }));
});

test("a surrogate pair is a character, and is kept", () => {
  expect(canonicalJson("\ud83d\ude00")).toBe('"😀"');
});

test("a value that is nested too deeply is refused before the stack is exhausted", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  expect(canonicalJson(JSON.parse(nested(maximumJsonDepth)))).toBe(nested(maximumJsonDepth));
  expect(() => canonicalJson(JSON.parse(nested(maximumJsonDepth + 1)))).toThrow("nested deeper");
  expect(() => parseCanonicalJson(Buffer.from(nested(100_000)))).toThrow("nested deeper");
});

test("a cycle is refused", () => {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  expect(() => canonicalJson(value)).toThrow("nested deeper");
});

test.each([
  ["white space", '{"a": 1}'],
  ["another order", '{"b":1,"a":2}'],
  ["a duplicate name", '{"a":1,"a":1}'],
  ["another spelling of a number", '{"a":1.0}'],
  ["an exponent that is not needed", '{"a":1e2}'],
  ["minus zero", '{"a":-0}'],
  ["an escape that is not needed", '{"a":"\\u0041"}'],
  ["an escape in upper case", '{"a":"\\u001F"}'],
  ["a byte order mark", '\ufeff{"a":1}'],
  ["a line feed at the end", '{"a":1}\n'],
  ["nothing", ""],
])("a text with %s is not canonical", (_what, text) => {
  expect(() => parseCanonicalJson(Buffer.from(text))).toThrow(expect.objectContaining({ code: "RECORD_INVALID" }));
});

test("bytes that are not UTF-8 are refused instead of being replaced", () => {
  expect(() => parseCanonicalJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow("not UTF-8");
});

test("canonical form is a fixed point: what it says is what was meant, and it changes no more", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = canonicalJson(value);
      expect(parseCanonicalJson(Buffer.from(text))).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

test("the order in which members were set does not matter", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.integer()), (members) => {
      const reversed: JsonObject = Object.fromEntries(Object.entries(members).reverse());
      expect(canonicalJson(reversed)).toBe(canonicalJson(members));
    }),
  );
});

for (const name of sharedFileNames("jcs/input/")) {
  test(`the published pair ${name} holds`, () => {
    const output = sharedText(`jcs/output/${name}`);
    expect(canonicalJson(JSON.parse(sharedText(`jcs/input/${name}`) ?? ""))).toBe(output);
  });
}

const sharedCase = z.object({ name: z.string(), input_hex: z.string(), output_sha256: z.string() });
for (const shared of sharedJson("jcs/cases.json", z.array(sharedCase)).flat()) {
  test(`the published case ${shared.name} holds`, () => {
    const output = canonicalJson(JSON.parse(Buffer.from(shared.input_hex, "hex").toString()));
    expect(createHash("sha256").update(output).digest("hex")).toBe(shared.output_sha256);
  });
}

const refusedCase = z.object({ name: z.string(), input_hex: z.string() });
for (const refused of sharedJson("jcs/invalid.json", z.array(refusedCase)).flat()) {
  test(`the published input ${refused.name} is refused`, () => {
    expect(() => parseCanonicalJson(Buffer.from(refused.input_hex, "hex"))).toThrow(
      expect.objectContaining({ code: "RECORD_INVALID" }),
    );
  });
}

for (const name of ["jcs/es6-numbers-first-1000.txt", "jcs/es6-numbers-random-2000.txt"]) {
  const text = sharedText(name);
  if (text === null) continue;
  test(`the published doubles of ${name} are written as there`, () => {
    const wrong = text
      .trim()
      .split("\n")
      .map((line) => line.split(","))
      .filter(([bits = "", expected]) => canonicalJson(doubleFromBits(bits)) !== expected);
    expect(wrong).toEqual([]);
  });
}
