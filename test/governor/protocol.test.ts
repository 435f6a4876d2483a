import { assert, json, oneof, property, string } from "fast-check";
import { expect, test } from "vitest";
import { encodeLine, parseRequest } from "../../src/governor/protocol.ts";

test("an empty object, the Python original's request, is a snapshot", () => {
  expect(parseRequest("{}")).toEqual({ op: "snapshot" });
  expect(parseRequest('{"op":"snapshot"}\r')).toEqual({ op: "snapshot" });
});

test("a window has two instants in nanoseconds, as strings", () => {
  const request = '{"op":"window","from_ns":"9007199254740993","to_ns":"9007199254740995"}';
  expect(parseRequest(request)).toEqual({ op: "window", fromNs: 9007199254740993n, toNs: 9007199254740995n });
});

test("a subscription is once a second unless it says otherwise", () => {
  expect(parseRequest('{"op":"subscribe"}')).toEqual({ op: "subscribe", intervalSeconds: 1 });
  expect(parseRequest('{"op":"subscribe","interval_s":0.25}')).toEqual({ op: "subscribe", intervalSeconds: 0.25 });
});

test.each([
  ["", "bad_request"],
  ["[]", "bad_request"],
  ["null", "bad_request"],
  ["17", "bad_request"],
  ['{"op":"snapshot"', "bad_request"],
  ["\u0000\u0001", "bad_request"],
  ['{"op":"reset"}', "unknown_op"],
  ['{"op":7}', "unknown_op"],
  ['{"interval_s":1}', "unknown_op"],
  ['{"__proto__":{"op":"info"}}', "unknown_op"],
  ['{"op":"window","from_ns":1,"to_ns":2}', "bad_argument"],
  ['{"op":"window","from_ns":"2","to_ns":"2"}', "bad_argument"],
  ['{"op":"window","from_ns":"-2","to_ns":"2"}', "bad_argument"],
  ['{"op":"subscribe","interval_s":0.01}', "bad_argument"],
  ['{"op":"subscribe","interval_s":"1"}', "bad_argument"],
  ['{"op":"subscribe","interval_s":1e999}', "bad_argument"],
])("%j is refused as %s", (line, code) => {
  expect(parseRequest(line)).toMatchObject({ code });
});

test("no line makes the parser fail: it is a request or a refusal", () => {
  assert(
    property(oneof(string({ unit: "binary" }), json()), (line) => {
      const parsed = parseRequest(line);
      expect("op" in parsed || "code" in parsed).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test("microjoules are written as integers with every digit, beyond what a double holds", () => {
  const line = encodeLine({
    counters_uj: { "intel-rapl:0": 2n ** 63n + 1n },
    name: 'a"b',
    none: null,
    list: [1],
  });
  expect(line).toBe('{"counters_uj":{"intel-rapl:0":9223372036854775809},"name":"a\\"b","none":null,"list":[1]}\n');
});
