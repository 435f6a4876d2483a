import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type GovernorReading, governorFamilies } from "../../src/exporters/governor-metrics.ts";
import { prometheusText } from "../../src/exporters/prometheus.ts";
import { prometheusSink } from "../../src/exporters/prometheus-page.ts";
import type { TaskSink } from "../../src/monitor/task-interval.ts";
import { interval, named, nameInterval, report } from "./service-example.ts";

const page = readFileSync(new URL("../../docs/prometheus.md", import.meta.url), "utf8");

interface Described {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** The rows of the table under a heading. */
function documented(heading: string): readonly Described[] {
  const [, section = ""] = page.split(`## ${heading}\n`);
  const [table = ""] = section.split("\n## ");
  return [...table.matchAll(/^\| `(\w+)` \| (\w+) \|([^|]*)\|/gm)].map(([, name = "", type = "", labels = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label),
  }));
}

/** What a page shows, in its order. */
function shown(text: string): readonly Described[] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)\n\w+(\{.*\})? /gm)].map(([, name = "", type = "", labels = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label),
  }));
}

const domain = { id: "intel-rapl:0", name: "package-0", kind: "package", counted: true } as const;
const governor: GovernorReading = {
  info: {
    governorId: "g",
    version: "1",
    mode: "sysfs",
    pollIntervalSeconds: 0.1,
    historySeconds: 900,
    uptimeSeconds: 1,
    domains: [{ ...domain, counter: null, wraps: 0, gaps: 0, problem: null }],
  },
  snapshot: {
    governorId: "g",
    sequence: 1,
    timestamp: 1,
    monotonicNs: 1n,
    pollIntervalSeconds: 0.1,
    countersMicrojoules: new Map([[domain.id, 1n]]),
    nestedMicrojoules: new Map(),
    gaps: 0,
  },
};

test("docs/prometheus.md has every metric of a service with its type and labels, and no other", async () => {
  const sinks: TaskSink[] = [];
  const service = { taskReport: () => report([named("t", 1)]), addSink: (sink: TaskSink) => void sinks.push(sink) };
  const sink = prometheusSink(service);
  const names = [await nameInterval("t", 100)];
  for (const each of sinks) each.interval?.(interval(names));
  expect(documented("Metrics of a service")).toEqual(shown(sink.text()));
});

test("docs/prometheus.md has every metric of a host with its type and labels, and no other", () => {
  expect(documented("Metrics of a host")).toEqual(shown(prometheusText(governorFamilies(governor))));
});
