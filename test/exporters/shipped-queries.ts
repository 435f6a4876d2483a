import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Files that people load into their Prometheus and Grafana. */
const packaging = new URL("../../packaging/", import.meta.url);
export const prometheusFolder = fileURLToPath(new URL("prometheus", packaging));
export const ruleFiles = ["carbon-ops.rules.yml", "carbon-ops.alerts.yml", "carbon-ops-budget.rules.yml"] as const;
export const dashboardFiles = ["carbon-ops-service.json", "carbon-ops-hosts.json"] as const;

export function shippedPrometheusFile(name: string): string {
  return readFileSync(new URL(`prometheus/${name}`, packaging), "utf8");
}

const panel = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: z.object({ uid: z.string() }).optional(),
  targets: z
    .array(z.object({ refId: z.string(), expr: z.string(), datasource: z.object({ uid: z.string() }) }))
    .default([]),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string() }) }).optional(),
});

const dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.number(),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), type: z.string(), definition: z.string().optional() })),
  }),
  panels: z.array(panel),
});

export type Dashboard = z.infer<typeof dashboard>;

/** Throws where it is not made as Grafana's dashboards are. */
export function shippedDashboard(name: string): Dashboard {
  return dashboard.parse(JSON.parse(readFileSync(new URL(`grafana/${name}`, packaging), "utf8")));
}

/** The query as Grafana would send it for the newest minutes of a service, with every instance and task chosen. */
export function asSent(expression: string, job: string): string {
  const values = { $__rate_interval: "1m", $__range: "5m", $job: job, $instance: ".*", $task: ".*" };
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll(name, value), expression);
}

/** Metrics of our pages that a text of PromQL names; those that rules record have a level before their name. */
export function metricsIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/(?<![:\w])carbon_ops_\w+/g)].map(([name]) => name));
}

/** The names that the rules record. */
export function recordedIn(rules: string): readonly string[] {
  return [...rules.matchAll(/^ *- record: (\S+)$/gm)].map(([, name = ""]) => name);
}

export function alertsIn(rules: string): readonly string[] {
  return [...rules.matchAll(/^ *- alert: (\S+)$/gm)].map(([, name = ""]) => name);
}
