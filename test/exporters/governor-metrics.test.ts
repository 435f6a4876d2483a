import { expect, test } from "vitest";
import { governorFamilies, withoutTwins } from "../../src/exporters/governor-metrics.ts";
import { prometheusText } from "../../src/exporters/prometheus.ts";
import type { GovernorDomain, GovernorInfo, GovernorSnapshot } from "../../src/governor/client.ts";
import { sampleOf } from "../support/http.ts";

const packageZero: GovernorDomain = {
  id: "intel-rapl:0",
  name: "package-0",
  kind: "package",
  counted: true,
  counter: null,
  wraps: 3,
  gaps: 1,
  problem: null,
};
const core: GovernorDomain = {
  ...packageZero,
  id: "intel-rapl:0/intel-rapl:0:0",
  name: "core",
  kind: "core",
  counted: false,
};
const packageOne: GovernorDomain = { ...packageZero, id: "intel-rapl:1", name: "package-1" };

const snapshot: GovernorSnapshot = {
  governorId: "g",
  sequence: 7,
  timestamp: 1_700_000_000.25,
  monotonicNs: 5n,
  pollIntervalSeconds: 0.1,
  countersMicrojoules: new Map([
    ["intel-rapl:0", 9_007_199_254_740_993n],
    ["intel-rapl:1", 2n],
  ]),
  nestedMicrojoules: new Map([["intel-rapl:0/intel-rapl:0:0", 4_000_000n]]),
  gaps: 2,
};

function infoOf(domains: readonly GovernorDomain[]): GovernorInfo {
  return {
    governorId: "g",
    version: "1.2.3",
    mode: "sysfs",
    pollIntervalSeconds: 0.1,
    historySeconds: 900,
    uptimeSeconds: 12.5,
    domains,
  };
}

const pageOf = (domains: readonly GovernorDomain[], newest: GovernorSnapshot | null = snapshot): string =>
  prometheusText(governorFamilies({ info: infoOf(domains), snapshot: newest }));

test("the host is the exact sum of its counted domains; nested ones are beside it", () => {
  const page = pageOf([packageZero, core, packageOne]);
  expect(sampleOf(page, 'carbon_ops_host_energy_joules_total{governor_id="g"}')).toBe("9007199254.740995");
  const energy = "carbon_ops_domain_energy_joules_total";
  expect(sampleOf(page, `${energy}{domain="intel-rapl:0",kind="package",counted="true",governor_id="g"}`)).toBe(
    "9007199254.740993",
  );
  expect(
    sampleOf(page, `${energy}{domain="intel-rapl:0/intel-rapl:0:0",kind="core",counted="false",governor_id="g"}`),
  ).toBe("4.000000");
});

test("a page says who counts, since when, and what was missed", () => {
  const page = pageOf([packageZero, packageOne]);
  expect(sampleOf(page, "carbon_ops_governor_up")).toBe("1");
  expect(sampleOf(page, 'carbon_ops_governor_info{governor_id="g",version="1.2.3",mode="sysfs"}')).toBe("1");
  expect(sampleOf(page, "carbon_ops_governor_uptime_seconds")).toBe("12.5");
  expect(sampleOf(page, "carbon_ops_governor_poll_interval_seconds")).toBe("0.1");
  expect(sampleOf(page, "carbon_ops_governor_last_tick_timestamp_seconds")).toBe("1700000000.25");
  expect(sampleOf(page, 'carbon_ops_host_energy_gaps_total{governor_id="g"}')).toBe("2");
  const labels = '{domain="intel-rapl:0",kind="package",counted="true"}';
  const ofCounter = labels.replace("}", ',governor_id="g"}');
  expect(sampleOf(page, `carbon_ops_domain_wraps_total${ofCounter}`)).toBe("3");
  expect(sampleOf(page, `carbon_ops_domain_gaps_total${ofCounter}`)).toBe("1");
  expect(sampleOf(page, `carbon_ops_domain_readable${labels}`)).toBe("1");
  expect(sampleOf(page, 'carbon_ops_domain_info{domain="intel-rapl:0",name="package-0"}')).toBe("1");
});

test("a domain whose counter fails shows no energy instead of a total that stands still", () => {
  const page = pageOf([packageZero, { ...packageOne, problem: "EIO" }]);
  const labels = '{domain="intel-rapl:1",kind="package",counted="true"}';
  const ofCounter = labels.replace("}", ',governor_id="g"}');
  expect(page).toContain("carbon_ops_domain_energy_joules_total{");
  expect(sampleOf(page, `carbon_ops_domain_energy_joules_total${ofCounter}`)).toBeNull();
  expect(sampleOf(page, `carbon_ops_domain_readable${labels}`)).toBe("0");
  expect(sampleOf(page, 'carbon_ops_host_energy_joules_total{governor_id="g"}')).not.toBeNull();
});

test.each<[string, readonly GovernorDomain[], GovernorSnapshot | null]>([
  ["has no counter", [], { ...snapshot, countersMicrojoules: new Map(), nestedMicrojoules: new Map() }],
  ["cannot read any counter of the host", [{ ...packageZero, problem: "EIO" }], snapshot],
  ["has read nothing yet", [packageZero], null],
])("where the governor answers but %s, there are no joules, not 0 of them", (_, domains, newest) => {
  const page = pageOf(domains, newest);
  expect(sampleOf(page, "carbon_ops_governor_up")).toBe("1");
  expect(page).not.toContain("joules");
});

test("totals that start anew under another id are other series, though they may be larger than the old ones", () => {
  const seriesOf = (governorId: string): string[] => {
    const page = prometheusText(governorFamilies({ info: { ...infoOf([packageZero]), governorId }, snapshot }));
    return page
      .split("\n")
      .filter((line) => /_total\{/.test(line))
      .map((line) => line.slice(0, line.indexOf("}")));
  };
  expect(seriesOf("a").length).toBe(5);
  expect(seriesOf("a").filter((series) => seriesOf("b").includes(series))).toEqual([]);
});

test("of a governor that cannot be used, only that is known", () => {
  expect(prometheusText(governorFamilies(null))).toMatch(/^# HELP .*\n# TYPE .* gauge\ncarbon_ops_governor_up 0\n$/);
});

test("a package that the kernel shows twice is in the host once, and stands beside it as not counted", () => {
  const reading = { info: infoOf([packageZero, packageOne]), snapshot };
  const page = prometheusText(governorFamilies(withoutTwins(reading, new Map([["intel-rapl:1", "intel-rapl:0"]]))));
  expect(sampleOf(page, 'carbon_ops_host_energy_joules_total{governor_id="g"}')).toBe("9007199254.740993");
  const energy = "carbon_ops_domain_energy_joules_total";
  expect(sampleOf(page, `${energy}{domain="intel-rapl:1",kind="package",counted="false",governor_id="g"}`)).toBe(
    "0.000002",
  );
});
