import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { onTestFinished } from "vitest";

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export interface OtlpReceiver {
  readonly endpoint: string;
  readonly requests: readonly ReceivedRequest[];
  /** What the next requests are answered with, in turn; then 200. */
  answer(...answers: ((response: ServerResponse) => void)[]): void;
  /** Resolves when there are so many requests. */
  requestsSeen(count: number): Promise<void>;
}

export function status(
  code: number,
  body = "{}",
  headers: Record<string, string> = {},
): (response: ServerResponse) => void {
  return (response) => void response.writeHead(code, { "content-type": "application/json", ...headers }).end(body);
}

/** A receiver of OTLP over HTTP that keeps what it gets. */
export async function otlpReceiver(): Promise<OtlpReceiver> {
  const requests: ReceivedRequest[] = [];
  const answers: ((response: ServerResponse) => void)[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString();
      requests.push({ path: request.url ?? "", headers: request.headers, body: JSON.parse(text) });
      (answers.shift() ?? status(200))(response);
      for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
      waiting = waiting.filter(({ count }) => requests.length < count);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    answer: (...next) => void answers.push(...next),
    requestsSeen: async (count) => {
      if (requests.length >= count) return;
      await new Promise<void>((resolve) => void waiting.push({ count, resolve }));
    },
  };
}

export interface ReceivedPoint {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number;
  readonly kind: "sum" | "gauge" | "histogram";
  readonly isMonotonic: boolean | undefined;
}

interface SentPoint {
  readonly attributes?: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly asDouble?: number;
  readonly asInt?: number | string;
  readonly sum?: number;
}

interface SentData {
  readonly dataPoints: readonly SentPoint[];
  readonly isMonotonic?: boolean;
}

interface SentMetrics {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string };
      readonly metrics: readonly ({ readonly name: string; readonly unit: string } & Partial<
        Record<ReceivedPoint["kind"], SentData>
      >)[];
    }[];
  }[];
}

/** Points of a request to export metrics, by name. */
export function pointsOf(body: unknown): ReadonlyMap<string, readonly ReceivedPoint[]> {
  const points = new Map<string, ReceivedPoint[]>();
  // Its shape is judged by faultsOfMetrics.
  const { resourceMetrics } = structuredClone(body) as SentMetrics;
  for (const metric of resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))) {
    for (const kind of ["sum", "gauge", "histogram"] as const) {
      const data = metric[kind];
      if (data === undefined) continue;
      const known = points.get(metric.name) ?? [];
      points.set(metric.name, known);
      for (const { attributes = [], asDouble, asInt, sum } of data.dataPoints) {
        known.push({
          attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
          value: Number(asDouble ?? asInt ?? sum),
          kind,
          isMonotonic: data.isMonotonic,
        });
      }
    }
  }
  return points;
}
