import { expect, test } from "vitest";
import { type GovernorCounter, type GovernorDomain, stillTwins, twinsAmong } from "../../src/governor/client.ts";

const modulus = 2n ** 32n;

function domain(id: string, raw: bigint | null, differences: Partial<GovernorDomain> = {}): GovernorDomain {
  const counter: GovernorCounter | null =
    raw === null ? null : { raw, unitNanojoules: 1_000_000_000n, countsPerUnit: 16_384n, modulus };
  return { id, name: id, kind: "package", counted: true, counter, wraps: 0, gaps: 0, problem: null, ...differences };
}

test("two packages that show one count are one, and the later one is the copy", () => {
  const twins = twinsAmong([domain("a", 5_000_000n), domain("b", 9_000_000n), domain("c", 5_000_010n)]);
  expect([...twins]).toEqual([["c", "a"]]);
});

test("a count just before its wrap and one just after it are the same", () => {
  expect([...twinsAmong([domain("a", modulus - 5n), domain("b", 5n)])]).toEqual([["b", "a"]]);
});

test.each([
  ["another kind", domain("b", 5n, { kind: "dram" })],
  ["a domain that is not counted anyway", domain("b", 5n, { counted: false })],
  ["a domain that cannot be read", domain("b", 5n, { problem: "EIO" })],
  ["a governor that does not tell counts", domain("b", null)],
])("%s is no twin", (_, other) => {
  expect(twinsAmong([domain("a", 5n), other]).size).toBe(0);
});

test("twins that part are two counters from then on; one that cannot be read says nothing", () => {
  const twins = twinsAmong([domain("a", 0n), domain("b", 0n)]);
  const joules = (count: number): bigint => BigInt(count) * 16_384n;
  expect(stillTwins(twins, [domain("a", joules(500)), domain("b", joules(501))]).size).toBe(1);
  expect(stillTwins(twins, [domain("a", joules(500)), domain("b", joules(1), { problem: "EIO" })]).size).toBe(1);
  expect(stillTwins(twins, [domain("a", joules(500)), domain("b", joules(530))]).size).toBe(0);
});
