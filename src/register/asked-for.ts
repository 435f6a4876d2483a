import { findConfigFile } from "../config/config-file-names.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Each of these asks for something to be shown, recorded or sent; all others only say how. */
const asking = [
  "CARBON_OPS_SUMMARY",
  "CARBON_OPS_SERVER_TIMING",
  "CARBON_OPS_LEDGER",
  "CARBON_OPS_PROMETHEUS_PORT",
  "CARBON_OPS_CONFIG",
  "CARBON_CONFIG_PATH",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_METRICS_EXPORTER",
];

/**
 * Whether anybody would see what is measured. Where nobody would, nothing is loaded: `NODE_OPTIONS` starts this in every tool that a
 * shell calls.
 */
export function isAskedFor(environment: Environment, workingDirectory: () => string): boolean {
  const isAsking = (name: string): boolean => (environment[name] ?? "") !== "";
  return asking.some(isAsking) || findConfigFile(workingDirectory()) !== null;
}
