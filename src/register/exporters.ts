import type { Settings } from "../config/settings.ts";
import { messageOf } from "../errors.ts";
import type { OtlpSink } from "../exporters/otel/otlp/sink.ts";
import type { EnergyLogger } from "../monitor/energy-logger.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Metrics over OTLP, where `OTEL_*` variables ask for them; null where they do not, or it cannot be. Loaded only then. */
export async function otlpExporter(environment: Environment, problems: string[]): Promise<OtlpSink | null> {
  if (!Object.keys(environment).some((name) => name.startsWith("OTEL_"))) return null;
  try {
    const { otlpFromEnvironment } = await import("../exporters/otel/otlp/sink.ts");
    return otlpFromEnvironment(environment, { problems });
  } catch (error) {
    problems.push(messageOf(error));
    return null;
  }
}

/** Whether a server is one of ours, in the application's process: what it answers is no task of the application. */
export type IsOwnServer = (server: unknown) => boolean;

/** The page for Prometheus, where a port is named for it. Loaded only then, since `node:http` makes the runtime load much more. */
export async function startPrometheus(
  logger: EnergyLogger,
  settings: Settings,
  problems: string[],
): Promise<IsOwnServer> {
  if (settings.prometheusPort === undefined) return () => false;
  try {
    const { isMetricsServer } = await import("../exporters/metrics-server.ts");
    const { prometheusFromSettings } = await import("../exporters/prometheus-server.ts");
    const server = await prometheusFromSettings(logger, settings);
    if (server !== null && server.problem !== null) problems.push(server.problem);
    return (asked) => typeof asked === "object" && asked !== null && isMetricsServer(asked);
  } catch (error) {
    problems.push(messageOf(error));
    return () => false;
  }
}
