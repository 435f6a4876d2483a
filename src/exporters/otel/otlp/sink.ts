import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "../../../clock.ts";
import type { EndedTask, TaskInterval, TaskSink } from "../../../monitor/task-interval.ts";
import { Telemetry, type TelemetryState } from "../telemetry.ts";
import { CallHistograms, type CallHistogramsState } from "./call-histograms.ts";
import { type OtlpCounts, OtlpDelivery } from "./delivery.ts";
import { otlpSettings } from "./environment.ts";
import { metricsPayload } from "./payload.ts";

export type { OtlpCounts };

export interface OtlpOptions {
  /** What could not be set up goes here, one sentence each. */
  readonly problems?: string[];
  readonly clock?: Clock | undefined;
  /** Goes on from what another sink has told, as the same instance of the service. */
  readonly state?: OtlpState | undefined;
}

/** It can be handed to another thread. */
export interface OtlpState {
  readonly instanceId: string;
  readonly startMs: number;
  readonly telemetry: TelemetryState;
  readonly calls: CallHistogramsState;
}

export interface OtlpSink extends TaskSink {
  /** For the logger that it is added to, since nothing new is known in between: `OTEL_METRIC_EXPORT_INTERVAL`. */
  readonly intervalSeconds: number;
  /** What went wrong while sending, one sentence each. */
  readonly problems: readonly string[];
  readonly counts: OtlpCounts;
  interval(interval: TaskInterval): void;
  ended(task: EndedTask): void;
  flush(): Promise<void>;
  close(): Promise<void>;
  /** What was told so far, and what was taken and not told yet. */
  state(): OtlpState;
}

/** Timers are not exact: an interval that is this much shorter is taken for a whole one. */
const almost = 0.9;

/**
 * Sends metrics over OTLP as JSON over HTTP, set up by `OTEL_*` variables, without any package of OpenTelemetry. Null where they ask for nothing.
 * Totals are cumulative, so what did not arrive is in what is sent next: nothing is queued. Never throws.
 */
export function otlpFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  { problems = [], clock = systemClock, state }: OtlpOptions = {},
): OtlpSink | null {
  const settings = otlpSettings(environment, problems);
  if (settings === null) return null;
  const instanceId = state?.instanceId ?? randomUUID();
  const resource = { "service.instance.id": instanceId, ...settings.resource };
  const telemetry = new Telemetry(state?.telemetry);
  const calls = new CallHistograms(telemetry, state?.calls);
  const delivery = new OtlpDelivery(settings, () => clock.wallMs());
  let startMs = state?.startMs ?? clock.wallMs();
  let sentMs = Number.NEGATIVE_INFINITY;
  let isNew = false;
  const monotonicMs = (): number => Number(clock.monotonicNs() / 1_000_000n);
  const send = (): void => {
    if (!isNew) return;
    isNew = false;
    sentMs = monotonicMs();
    delivery.send(() => metricsPayload({ resource, telemetry, calls, startMs, nowMs: clock.wallMs() }));
  };
  return {
    name: "otlp",
    intervalSeconds: settings.intervalMs / 1000,
    get problems() {
      return delivery.problems;
    },
    get counts() {
      return delivery.counts;
    },
    interval(interval) {
      if (!telemetry.hasInterval) startMs = Math.min(startMs, Date.parse(interval.timestampStart) || startMs);
      telemetry.take(interval);
      isNew = true;
      if (monotonicMs() - sentMs >= almost * settings.intervalMs) send();
    },
    ended(task) {
      calls.record(task);
      isNew = telemetry.hasInterval;
    },
    async flush() {
      send();
      await delivery.settled();
    },
    async close() {
      send();
      await delivery.close();
    },
    state: () => ({ instanceId, startMs, telemetry: telemetry.state, calls: calls.state }),
  };
}
