import { messageOf } from "../errors.ts";
import type { ListenAddress } from "./metrics-server.ts";
import { servicePage, type WatchedService } from "./prometheus-page.ts";

export interface PrometheusServerOptions {
  /** 0: the system picks one. Default 9775. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1: whoever is on the host. There is no password. */
  readonly host?: string | undefined;
}

export interface PrometheusServer {
  /** Where the page really is; null where it could not be served. */
  readonly address: ListenAddress | null;
  /** Why it is not served, in one sentence; null where it is. */
  readonly problem: string | null;
  /** Also done when the logger is closed. */
  close(): Promise<void>;
}

/**
 * Serves the figures of a service at /metrics. It keeps no process open and never rejects: an address that is taken is a `problem`, and the
 * application goes on without a page.
 */
export async function servePrometheus(
  service: WatchedService,
  { port = 9775, host = "127.0.0.1" }: PrometheusServerOptions = {},
): Promise<PrometheusServer> {
  try {
    const { serveMetrics } = await import("./metrics-server.ts");
    const page = servicePage(service, {});
    const server = await serveMetrics({ host, port }, async () => page.text(), { keepsProcessOpen: false });
    service.addSink({ ...page, close: async () => server.close() });
    return { address: server.address, problem: null, close: async () => server.close() };
  } catch (error) {
    return { address: null, problem: messageOf(error), close: async () => undefined };
  }
}

/** As the settings say; null where they name no port. */
export async function prometheusFromSettings(
  service: WatchedService,
  settings: { readonly prometheusPort?: number | undefined; readonly prometheusHost?: string | undefined },
): Promise<PrometheusServer | null> {
  if (settings.prometheusPort === undefined) return null;
  return servePrometheus(service, { port: settings.prometheusPort, host: settings.prometheusHost });
}
