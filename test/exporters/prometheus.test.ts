import * as fc from "fast-check";
import { expect, test } from "vitest";
import { joulesText, prometheusText } from "../../src/exporters/prometheus.ts";

test("a family has its help, its type and one line a sample", () => {
  const family = {
    name: "carbon_ops_example_joules_total",
    type: "counter",
    help: "Energy.",
    samples: [
      { labels: { domain: "a", kind: "dram" }, value: "1.5" },
      { labels: { domain: "b", kind: "core" }, value: "2" },
    ],
  } as const;
  expect(prometheusText([family])).toBe(
    "# HELP carbon_ops_example_joules_total Energy.\n" +
      "# TYPE carbon_ops_example_joules_total counter\n" +
      'carbon_ops_example_joules_total{domain="a",kind="dram"} 1.5\n' +
      'carbon_ops_example_joules_total{domain="b",kind="core"} 2\n',
  );
});

test("label values and help texts cannot break out of their place", () => {
  const family = {
    name: "x",
    type: "gauge",
    help: 'a "b" \\ c\nd',
    samples: [{ labels: { domain: 'a"} 7\nb\\' }, value: "1" }],
  } as const;
  expect(prometheusText([family])).toBe('# HELP x a "b" \\\\ c\\nd\n# TYPE x gauge\nx{domain="a\\"} 7\\nb\\\\"} 1\n');
});

test("a family of which nothing is known is not named at all", () => {
  expect(prometheusText([{ name: "x", type: "counter", help: "X.", samples: [] }])).toBe("");
});

test("joules keep every microjoule of a total, however large", () => {
  expect(joulesText(0n)).toBe("0.000000");
  expect(joulesText(1n)).toBe("0.000001");
  expect(joulesText(9_007_199_254_740_993n)).toBe("9007199254.740993");
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 25n }), (microjoules) => {
      const text = joulesText(microjoules);
      expect(text).toMatch(/^(0|[1-9]\d*)\.\d{6}$/);
      expect(BigInt(text.replace(".", ""))).toBe(microjoules);
    }),
  );
});
