import { bucketBoundaries, type HistogramKey, instruments, meterName } from "../instruments.ts";
import { pointKeys } from "../meters.ts";
import type { Attributes, AttributeValue } from "../open-telemetry-api.ts";
import type { Telemetry } from "../telemetry.ts";
import type { CallHistograms } from "./call-histograms.ts";

interface Payload {
  readonly resource: Readonly<Record<string, string>>;
  readonly telemetry: Telemetry;
  readonly calls: CallHistograms;
  /** When the counters began. */
  readonly startMs: number;
  readonly nowMs: number;
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE (opentelemetry/proto/metrics/v1/metrics.proto). */
const cumulative = 2;

/**
 * A request to export metrics, as OTLP's JSON (OTLP 1.x, "JSON Protobuf Encoding"): names in lowerCamelCase, 64-bit integers as strings,
 * enumerations as numbers. What has no value yet is left out.
 */
export function metricsPayload({ resource, telemetry, calls, startMs, nowMs }: Payload): string {
  const times = { startTimeUnixNano: nanoseconds(startMs), timeUnixNano: nanoseconds(nowMs) };
  const pointMetrics = pointKeys().flatMap((key) => {
    const { name, unit, kind, description } = instruments[key];
    const dataPoints = telemetry
      .points(key)
      .map(({ attributes, value }) => ({ attributes: keyValues(attributes), ...times, asDouble: value }));
    if (dataPoints.length === 0) return [];
    const data =
      kind === "counter"
        ? { sum: { dataPoints, aggregationTemporality: cumulative, isMonotonic: true } }
        : { gauge: { dataPoints } };
    return [{ name, unit, description, ...data }];
  });
  const histograms = calls.all().map(([key, series]) => ({
    ...describedHistogram(key),
    histogram: {
      aggregationTemporality: cumulative,
      dataPoints: series.map(({ attributes, count, sum, min, max, bucketCounts }) => ({
        attributes: keyValues(attributes),
        ...times,
        count: String(count),
        sum,
        min,
        max,
        bucketCounts: bucketCounts.map(String),
        explicitBounds: bucketBoundaries[key],
      })),
    },
  }));
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: keyValues(resource) },
        scopeMetrics: [{ scope: { name: meterName }, metrics: [...pointMetrics, ...histograms] }],
      },
    ],
  });
}

function describedHistogram(key: HistogramKey): { name: string; unit: string; description: string } {
  const { name, unit, description } = instruments[key];
  return { name, unit, description };
}

/** A double holds milliseconds of the wall clock exactly, and nanoseconds not. */
function nanoseconds(wallMs: number): string {
  return `${Math.round(wallMs)}000000`;
}

function keyValues(attributes: Attributes | Readonly<Record<string, string>>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): object {
  if (typeof value === "string") return { stringValue: value };
  return typeof value === "boolean" ? { boolValue: value } : { doubleValue: value };
}
