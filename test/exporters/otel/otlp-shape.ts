/**
 * The shape of OTLP's JSON: opentelemetry-proto 1.x (metrics.proto, trace.proto, common.proto, resource.proto) with the rules of "JSON Protobuf
 * Encoding": lowerCamelCase, 64-bit integers as decimal strings, enumerations as numbers, trace and span ids in hexadecimal, and no other members.
 */
type Check = (value: unknown, path: string) => readonly string[];

/** What is wrong with a request to export metrics, one sentence each. */
export const faultsOfMetrics = (body: unknown): readonly string[] => metricsRequest(body, "body");

/** What is wrong with a request to export spans. */
export const faultsOfTraces = (body: unknown): readonly string[] => tracesRequest(body, "body");

function matching(what: string, holds: (value: unknown) => boolean): Check {
  return (value, path) => (holds(value) ? [] : [`${path} is no ${what}: ${JSON.stringify(value)}`]);
}

function list(of: Check, atLeast = 0): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return [`${path} is no list`];
    const tooFew = value.length < atLeast ? [`${path} has fewer than ${atLeast}`] : [];
    return [...tooFew, ...value.flatMap((entry, index) => of(entry, `${path}[${index}]`))];
  };
}

function message(required: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  const known = new Map([...Object.entries(required), ...Object.entries(optional)]);
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path} is no message`];
    const members = new Map<string, unknown>(Object.entries(value));
    const missing = Object.keys(required).filter((name) => !members.has(name));
    return [
      ...missing.map((name) => `${path}.${name} is missing`),
      ...[...members].flatMap(([name, member]) => {
        const check = known.get(name);
        return check === undefined ? [`${path}.${name} is in no message`] : check(member, `${path}.${name}`);
      }),
    ];
  };
}

/** Exactly one of them. */
function oneOf(cases: Record<string, Check>, beside: Record<string, Check> = {}): Check {
  const shape = message({}, { ...cases, ...beside });
  return (value, path) => {
    const named = Object.keys(value ?? {}).filter((name) => name in cases);
    return [
      ...(named.length === 1 ? [] : [`${path} has not one of ${Object.keys(cases).join(", ")}`]),
      ...shape(value, path),
    ];
  };
}

const text = matching("text", (value) => typeof value === "string");
const name = matching("name", (value) => typeof value === "string" && value.length > 0);
const double = matching("finite number", (value) => typeof value === "number" && Number.isFinite(value));
const int32 = matching("whole number", (value) => Number.isInteger(value));
const bool = matching("truth value", (value) => typeof value === "boolean");
/** The SDK's exporter writes counts as numbers, which the mapping of protobuf takes too. */
const count = matching(
  "64-bit integer",
  (value) =>
    (typeof value === "number" && Number.isSafeInteger(value)) || (typeof value === "string" && /^\d+$/.test(value)),
);
const nanoseconds = matching(
  "time in nanoseconds as a string, of this decade",
  (value) => typeof value === "string" && /^[12]\d{18}$/.test(value),
);
const hexOf = (digits: number): Check =>
  matching(
    `${digits} hexadecimal digits`,
    (value) => typeof value === "string" && new RegExp(`^[0-9a-f]{${digits}}$`).test(value),
  );
const enumeration = (...values: number[]): Check =>
  matching(`one of ${values.join(", ")}`, (value) => typeof value === "number" && values.includes(value));

const anyValue: Check = (value, path) =>
  oneOf({
    stringValue: text,
    boolValue: bool,
    intValue: count,
    doubleValue: double,
    arrayValue: message({}, { values: list((entry, at) => anyValue(entry, at)) }),
  })(value, path);
const keyValues = list(message({ key: name, value: anyValue }));
const resource = message({ attributes: keyValues }, { droppedAttributesCount: int32 });
const scope = message({ name }, { version: text, attributes: keyValues, droppedAttributesCount: int32 });

const times = { startTimeUnixNano: nanoseconds, timeUnixNano: nanoseconds };
const numberPoint = oneOf({ asDouble: double, asInt: count }, { ...times, attributes: keyValues, flags: int32 });
const histogramShape = message(
  { ...times, count, bucketCounts: list(count, 1), explicitBounds: list(double) },
  { attributes: keyValues, sum: double, min: double, max: double, flags: int32 },
);
/** One count more than there are bounds, and together as many as all. */
const histogramPoint: Check = (value, path) => {
  const point = new Map<string, unknown>(Object.entries(value ?? {}));
  const counts = point.get("bucketCounts");
  const bounds = point.get("explicitBounds");
  const lists = Array.isArray(counts) && Array.isArray(bounds);
  const sum = lists ? counts.reduce((total, entry) => total + Number(entry), 0) : Number.NaN;
  return [
    ...histogramShape(value, path),
    ...(lists && counts.length === bounds.length + 1 ? [] : [`${path} has not one count more than bounds`]),
    ...(sum === Number(point.get("count")) ? [] : [`${path}: its buckets do not add up to its count`]),
  ];
};
const temporality = enumeration(2);
const metric = oneOf(
  {
    sum: message({ dataPoints: list(numberPoint, 1), aggregationTemporality: temporality, isMonotonic: bool }),
    gauge: message({ dataPoints: list(numberPoint, 1) }),
    histogram: message({ dataPoints: list(histogramPoint, 1), aggregationTemporality: temporality }),
  },
  { name, unit: text, description: text, metadata: keyValues },
);
const metricsRequest = message({
  resourceMetrics: list(
    message(
      { resource, scopeMetrics: list(message({ scope, metrics: list(metric, 1) }, { schemaUrl: text }), 1) },
      { schemaUrl: text },
    ),
    1,
  ),
});

const span = message(
  {
    traceId: hexOf(32),
    spanId: hexOf(16),
    name,
    kind: enumeration(1, 2, 3, 4, 5),
    startTimeUnixNano: nanoseconds,
    endTimeUnixNano: nanoseconds,
  },
  {
    parentSpanId: hexOf(16),
    traceState: text,
    flags: int32,
    attributes: keyValues,
    droppedAttributesCount: int32,
    events: list(
      message({ timeUnixNano: nanoseconds, name }, { attributes: keyValues, droppedAttributesCount: int32 }),
    ),
    droppedEventsCount: int32,
    links: list(
      message(
        { traceId: hexOf(32), spanId: hexOf(16) },
        { attributes: keyValues, droppedAttributesCount: int32, flags: int32 },
      ),
    ),
    droppedLinksCount: int32,
    status: message({}, { code: enumeration(0, 1, 2), message: text }),
  },
);
const tracesRequest = message({
  resourceSpans: list(
    message(
      { resource, scopeSpans: list(message({ scope, spans: list(span, 1) }, { schemaUrl: text }), 1) },
      { schemaUrl: text },
    ),
    1,
  ),
});
