import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { governorPage } from "../../src/exporters/governor-page.ts";
import { serveMetrics } from "../../src/exporters/metrics-server.ts";
import { servePrometheus } from "../../src/exporters/prometheus-server.ts";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { governorPlace, startGovernor, until } from "../support/governor.ts";
import { energyFile } from "../support/kernel-tree.ts";
import { digits, keepMoving, movingHost } from "../support/moving-host.ts";
import { installed, type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";
import {
  asSent,
  dashboardFiles,
  metricsIn,
  recordedIn,
  ruleFiles,
  shippedDashboard,
  shippedPrometheusFile,
} from "./shipped-queries.ts";

const [promtool] = installed("promtool");

/** The page of a governor whose host draws 20 W. */
async function governorsPage(): Promise<string> {
  const place = governorPlace();
  keepMoving(energyFile(place.roots, "intel-rapl:0"), (seconds) => `${digits(1e6 + 20e6 * seconds)}\n`);
  await startGovernor(place);
  const page = governorPage({ socketPath: place.socketPath, clock: systemClock, onChange: () => undefined });
  const server = await serveMetrics({ host: "127.0.0.1", port: 0 }, page);
  onTestFinished(() => server.close());
  return `127.0.0.1:${server.address.port}`;
}

/** The page of a service of two routes, one of which fails now and then, with visitors until the test ends. */
async function busyServicesPage(): Promise<string> {
  const logger = await EnergyLogger.open({
    roots: { ...movingHost(100, 0.5), proc: "/proc" },
    energySource: "powercap",
    sampleIntervalSeconds: 0.2,
    intervalSeconds: 1,
    region: "GB",
    intensityProviders: "static",
  });
  const { address, problem } = await servePrometheus(logger, { port: 0 });
  expect(problem).toBeNull();
  let visits = 0;
  const service = createServer((request, response) => {
    const task = logger.start(`GET ${request.url}`, { enter: false });
    task.run(() => {
      const endMs = performance.now() + (request.url === "/cart" ? 4 : 1);
      while (performance.now() < endMs);
    });
    visits += 1;
    task.end(visits % 7 === 0 ? "failed" : "completed");
    response.end();
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  const bound = service.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const leaving = new AbortController();
  const visitor = async (path: string): Promise<void> => {
    while (!leaving.signal.aborted) {
      await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
      await delay(20);
    }
  };
  const visitors = Promise.all(["/", "/cart"].map(visitor));
  onTestFinished(async () => {
    leaving.abort();
    await visitors;
    service.close();
    service.closeAllConnections();
    await logger.close();
  });
  return `127.0.0.1:${address?.port}`;
}

interface Watched {
  readonly prometheus: RunningPrometheus;
  readonly pages: readonly string[];
}

/** Our own example of a configuration, with these addresses, and quicker. */
async function watched(program: string): Promise<Watched> {
  const [hosts, service] = await Promise.all([governorsPage(), busyServicesPage()]);
  const configuration = shippedPrometheusFile("prometheus.yml")
    .replace("127.0.0.1:9774", hosts)
    .replace("127.0.0.1:9775", service);
  const prometheus = await startPrometheus(program, {
    "prometheus.yml": `global: { scrape_interval: 1s, evaluation_interval: 1s }\n${configuration}`,
    ...Object.fromEntries(ruleFiles.map((name) => [name, shippedPrometheusFile(name)])),
  });
  const recorded = ruleFiles.flatMap((name) => recordedIn(shippedPrometheusFile(name)));
  // All are recorded once the rates have two pages to go by.
  for (const name of recorded) await until(async () => (await prometheus.query(name)).length > 0);
  const textOf = async (address: string): Promise<string> => (await fetch(`http://${address}/metrics`)).text();
  return { prometheus, pages: [await textOf(hosts), await textOf(service)] };
}

test.each(installed("prometheus"))(
  "a real %s that scrapes a governor and a service under load has a value for every rule and every panel",
  async (program) => {
    const { prometheus, pages } = await watched(program);
    expect((await prometheus.rules()).filter(({ health }) => health !== "ok")).toEqual([]);

    const shown = new Set([...pages.join("").matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const rules = ruleFiles.map(shippedPrometheusFile).join("\n");
    const dashboards = dashboardFiles.map((name) => ({ name, ...shippedDashboard(name) }));
    const queried = metricsIn(rules + JSON.stringify(dashboards));
    expect([...queried].filter((name) => !shown.has(name))).toEqual([]);

    const jobs = { "carbon-ops-service.json": "my-service", "carbon-ops-hosts.json": "carbon-ops-hosts" };
    for (const { name, panels } of dashboards) {
      for (const { title, targets } of panels) {
        for (const { expr } of targets) {
          const series = await prometheus.query(asSent(expr, jobs[name]));
          const odd = series.filter(({ value }) => !Number.isFinite(Number(value)));
          expect({ title, expr, odd, hasSeries: series.length > 0 }).toEqual({ title, expr, odd: [], hasSeries: true });
        }
      }
    }

    const parts = await prometheus.query("job:carbon_ops_process_power_watts:rate5m");
    const [tasks] = await prometheus.query("sum(job_task:carbon_ops_task_power_watts:rate5m)");
    expect(Number(parts[0]?.value)).toBeGreaterThan(Number(tasks?.value));
    expect(Number(tasks?.value)).toBeGreaterThan(0);

    if (promtool === undefined) return;
    for (const input of pages) {
      const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input, encoding: "utf8" });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    }
  },
  60_000,
);
