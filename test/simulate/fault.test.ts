import { expect, test } from "vitest";
import { hindranceAt, parseFault, resetBetween } from "../../src/simulate/fault.ts";

const second = 1_000_000_000n;

test("a fault is written as kind, start, length and target", () => {
  expect(parseFault("eio@3+2.5=intel-rapl:0")).toEqual({
    kind: "eio",
    target: "intel-rapl:0",
    fromNs: 3n * second,
    untilNs: (11n * second) / 2n,
  });
  expect(parseFault("reset@5")).toEqual({ kind: "reset", target: null, fromNs: 5n * second, untilNs: null });
});

test.each(["", "eio", "eio@", "melt@3", "eio@3+", "eio@-1", "eio@3=a b"])('"%s" is no fault', (text) => {
  expect(() => parseFault(text)).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
});

test("it hinders its target, from its start until before its end", () => {
  const faults = [parseFault("eio@1+2=intel-rapl:0"), parseFault("stuck@2")];
  const at = (seconds: bigint, target = "intel-rapl:0") => hindranceAt(faults, target, seconds * second);
  expect([at(0n), at(1n), at(2n), at(3n)]).toEqual([null, "eio", "eio", "stuck"]);
  expect(at(1n, "intel-rapl:1")).toBeNull();
});

test("a reset happens once", () => {
  const faults = [parseFault("reset@2=intel-rapl:0")];
  const between = (from: bigint, until: bigint) => resetBetween(faults, "intel-rapl:0", from * second, until * second);
  expect([between(0n, 1n), between(1n, 2n), between(2n, 3n)]).toEqual([false, true, false]);
  expect(resetBetween(faults, "intel-rapl:1", 0n, 9n * second)).toBe(false);
});
