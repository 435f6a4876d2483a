import { type Clock, systemClock } from "../clock.ts";
import type { TaskReport } from "../monitor/task-figures.ts";
import type { TaskInterval, TaskSink } from "../monitor/task-interval.ts";
import {
  counter,
  gauge,
  type MetricFamily,
  numberSample,
  prometheusContentType,
  prometheusText,
} from "./prometheus.ts";
import { emissions } from "./prometheus-emissions.ts";
import { taskFamilies } from "./prometheus-tasks.ts";

/** What the page needs of an EnergyLogger. */
export interface WatchedService {
  taskReport(): TaskReport;
  addSink(sink: TaskSink): void;
}

/** The figures of a service as Prometheus text, for a route of its own server. */
export interface PrometheusSink extends TaskSink {
  /** The header `Content-Type` that belongs to the text. */
  readonly contentType: string;
  /** The page. Calls within a second get the same figures. */
  text(): string;
}

export interface PrometheusSinkOptions {
  readonly clock?: Pick<Clock, "monotonicNs">;
}

/** Energy is shown no finer than a second, as on the governor's page; and no crowd of readers costs more than one. */
const sharedForNs = 1_000_000_000n;

/** Hands the service's intervals to a page of it. Nothing is served: the application calls `text()` where it likes. */
export function prometheusSink(service: WatchedService, options: PrometheusSinkOptions = {}): PrometheusSink {
  const sink = servicePage(service, options);
  service.addSink(sink);
  return sink;
}

/** The page by itself, which knows of no interval that is not handed to it. */
export function servicePage(
  service: Pick<WatchedService, "taskReport">,
  { clock = systemClock }: PrometheusSinkOptions,
): PrometheusSink & Required<Pick<TaskSink, "interval">> {
  const carbon = emissions();
  const familiesOf = taskFamilies();
  let intervalCount = 0;
  let last: TaskInterval | null = null;
  let shared: { readonly text: string; readonly sinceNs: bigint } | null = null;
  return {
    name: "prometheus",
    contentType: prometheusContentType,
    interval(interval) {
      carbon.add(interval);
      intervalCount += 1;
      last = interval;
      shared = null;
    },
    text() {
      const nowNs = clock.monotonicNs();
      if (shared === null || nowNs - shared.sinceNs >= sharedForNs) {
        const families = [
          ...familiesOf(service.taskReport()),
          ...sourceFamilies(last),
          ...carbon.families(),
          ...intervalFamilies(last, intervalCount),
        ];
        shared = { text: prometheusText(families), sinceNs: nowNs };
      }
      return shared.text;
    },
  };
}

function sourceFamilies(last: TaskInterval | null): MetricFamily[] {
  if (last === null) return [];
  const { energySource: source, energyProvenance: provenance } = last;
  return [
    gauge("carbon_ops_energy_readable", "1 when energy was read in the last interval, 0 when not.", [
      numberSample(last.hostJoules === null ? 0 : 1),
    ]),
    gauge(
      "carbon_ops_energy_source_info",
      "Always 1. Where joules come from: measured by hardware, or estimated by a model.",
      source === null || provenance === null ? [] : [numberSample(1, { source, provenance })],
    ),
  ];
}

function intervalFamilies(last: TaskInterval | null, intervalCount: number): MetricFamily[] {
  return [
    counter("carbon_ops_intervals_total", "Intervals that have ended; emissions are known up to the last one.", [
      numberSample(intervalCount),
    ]),
    gauge(
      "carbon_ops_last_interval_timestamp_seconds",
      "When the last interval ended, in seconds since 1970.",
      last === null ? [] : [numberSample(Date.parse(last.timestampEnd) / 1000)],
    ),
  ];
}
