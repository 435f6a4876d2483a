/** Names and defaults: OpenTelemetry specification, "OpenTelemetry Environment Variable Specification" and "OTLP Exporter Configuration". */

type Environment = Readonly<Record<string, string | undefined>>;

export interface OtlpSettings {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly compress: boolean;
  readonly intervalMs: number;
  readonly resource: Readonly<Record<string, string>>;
}

const defaultEndpoint = "http://localhost:4318";
const defaults = { timeoutMs: 10_000, intervalMs: 60_000 } as const;
const longestMs = 3_600_000;

/**
 * Null where the environment asks for no metrics over OTLP: neither an endpoint nor `OTEL_METRICS_EXPORTER=otlp` is set, or the SDK or the exporter
 * is switched off. A value that cannot be used is left out, with a sentence in `problems`; it is not repeated there, since it may be a secret.
 */
export function otlpSettings(environment: Environment, problems: string[]): OtlpSettings | null {
  const read = (name: string): string | null => environment[name]?.trim() || null;
  if (read("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return null;
  const ofMetrics = (name: string): string | null =>
    read(`OTEL_EXPORTER_OTLP_METRICS_${name}`) ?? read(`OTEL_EXPORTER_OTLP_${name}`);
  const exporters = read("OTEL_METRICS_EXPORTER")
    ?.split(",")
    .map((name) => name.trim());
  if (exporters === undefined ? ofMetrics("ENDPOINT") === null : !exporters.includes("otlp")) return null;
  const url = endpointOf(read("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"), read("OTEL_EXPORTER_OTLP_ENDPOINT"), problems);
  if (url === null) return null;
  noteUnsupported(ofMetrics, problems);
  const milliseconds = (name: string, fallback: number): number => millisecondsOf(name, read(name), fallback, problems);
  return {
    url,
    headers: pairsOf("OTEL_EXPORTER_OTLP_HEADERS", ofMetrics("HEADERS"), problems),
    timeoutMs: milliseconds(
      read("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT") === null
        ? "OTEL_EXPORTER_OTLP_TIMEOUT"
        : "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
      defaults.timeoutMs,
    ),
    compress: ofMetrics("COMPRESSION") === "gzip",
    intervalMs: milliseconds("OTEL_METRIC_EXPORT_INTERVAL", defaults.intervalMs),
    resource: resourceOf(read("OTEL_SERVICE_NAME"), read("OTEL_RESOURCE_ATTRIBUTES"), problems),
  };
}

/** The endpoint of metrics is taken as it is; the one of all signals gets their path. */
function endpointOf(ofMetrics: string | null, ofAll: string | null, problems: string[]): URL | null {
  const name = ofMetrics === null ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
  const text = ofMetrics ?? `${(ofAll ?? defaultEndpoint).replace(/\/+$/, "")}/v1/metrics`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  problems.push(
    `No metrics are sent over OTLP, because ${name} is no address of HTTP; set one such as ${defaultEndpoint}.`,
  );
  return null;
}

function noteUnsupported(ofMetrics: (name: string) => string | null, problems: string[]): void {
  const protocol = ofMetrics("PROTOCOL");
  if (protocol === "grpc") {
    problems.push(
      "OTEL_EXPORTER_OTLP_PROTOCOL asks for grpc, but carbon-ops sends OTLP as JSON over HTTP; use the endpoint's port for HTTP, mostly 4318.",
    );
  }
  const temporality = ofMetrics("TEMPORALITY_PREFERENCE")?.toLowerCase();
  if (temporality !== undefined && temporality !== "cumulative") {
    problems.push(
      "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE asks for another temporality, but carbon-ops sends cumulative totals; convert them in the collector (cumulativetodelta).",
    );
  }
  if (ofMetrics("CERTIFICATE") !== null || ofMetrics("CLIENT_KEY") !== null) {
    problems.push(
      "OTEL_EXPORTER_OTLP_CERTIFICATE and its client keys are not read by carbon-ops; name the authority in NODE_EXTRA_CA_CERTS.",
    );
  }
}

function millisecondsOf(name: string, text: string | null, fallback: number, problems: string[]): number {
  if (text === null) return fallback;
  const value = Number(text);
  if (value >= 1 && value <= longestMs) return value;
  problems.push(`${name} is no number of milliseconds from 1 to ${longestMs}; ${fallback} is used.`);
  return fallback;
}

function resourceOf(serviceName: string | null, attributes: string | null, problems: string[]): Record<string, string> {
  const stated = pairsOf("OTEL_RESOURCE_ATTRIBUTES", attributes, problems);
  return {
    "service.name": "unknown_service:node",
    ...stated,
    ...(serviceName === null ? {} : { "service.name": serviceName }),
  };
}

/** `key=value,key=value`, percent-encoded (W3C Baggage). */
function pairsOf(name: string, text: string | null, problems: string[]): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const part of text?.split(",") ?? []) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    const key = decoded(part.slice(0, at));
    const value = decoded(part.slice(at + 1));
    if (at < 1 || key === null || value === null || /[\r\n\0]/.test(key + value)) {
      problems.push(`A part of ${name} is left out, because it is not key=value with percent-encoding.`);
      continue;
    }
    pairs[key] = value;
  }
  return pairs;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return null;
  }
}
