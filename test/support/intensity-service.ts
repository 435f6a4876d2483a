import { createServer, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";

/** What the service does with a request: an answer, an end without one, or nothing at all. */
export type Reaction =
  | { readonly status?: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | "reset"
  | "silence"
  | "half";

export interface IntensityService {
  readonly url: string;
  /** Paths with their queries, in the order they came. */
  readonly asked: string[];
  readonly headers: IncomingMessage["headers"][];
}

/** A service on this machine; a body that is no text is sent as JSON. */
export async function intensityService(
  react: (path: URL, request: IncomingMessage, count: number) => Reaction,
  host = "127.0.0.1",
): Promise<IntensityService> {
  const asked: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    headers.push(request.headers);
    const reaction = react(new URL(request.url ?? "", "http://service.test"), request, asked.length);
    if (reaction === "silence") return;
    if (reaction === "reset") return void request.socket.destroy();
    if (reaction === "half") {
      response.writeHead(200, { "content-length": "1000" }).write('{"zone":');
      setImmediate(() => request.socket.destroy());
      return;
    }
    const { status = 200, body, headers: sent = {} } = reaction;
    response.writeHead(status, sent).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`, asked, headers };
}

/** One hour as Electricity Maps writes it. */
export function electricityMapsRow(zone: string, startMs: number, carbonIntensity: number | null, more: object = {}) {
  return {
    zone,
    carbonIntensity,
    datetime: new Date(startMs).toISOString(),
    updatedAt: new Date(startMs + 3_600_000).toISOString(),
    createdAt: new Date(startMs - 259_200_000).toISOString(),
    emissionFactorType: "lifecycle",
    isEstimated: false,
    estimationMethod: null,
    ...more,
  };
}

/** Half an hour as the UK Carbon Intensity API writes it: without seconds. */
export function halfHour(startMs: number, forecast: number | null, actual?: number | null) {
  const minutes = (instantMs: number): string => `${new Date(instantMs).toISOString().slice(0, 16)}Z`;
  const intensity = { forecast, ...(actual === undefined ? {} : { actual }), index: "moderate" };
  return { from: minutes(startMs), to: minutes(startMs + 1_800_000), intensity };
}

/** Points as WattTime's /v3/historical gives them. */
export function wattTimeBody(startMs: number, values: readonly (number | null)[], meta: object = {}) {
  const point = (value: number | null, index: number) => ({
    point_time: new Date(startMs + index * 300_000).toISOString().replace(".000Z", "+00:00"),
    value,
  });
  return {
    data: values.map(point),
    meta: {
      data_point_period_seconds: 300,
      region: "CAISO_NORTH",
      warnings: [],
      signal_type: "co2_moer",
      model: { date: "2023-03-01", type: "binned_regression" },
      units: "lbs_co2_per_mwh",
      ...meta,
    },
  };
}
