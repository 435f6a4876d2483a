import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createPortHolder } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../../errors.ts";

/** A real Prometheus that scrapes a page of this process, with its own folder and port; it knows of nothing else. */
export interface PrometheusServer {
  readonly version: string;
  /** Answers of its HTTP API to an instant query: each series' values, as it writes them. Throws when there is no answer. */
  query(expression: string, atMs: number): Promise<readonly QuerySeries[]>;
  /** Ends it and removes its folder. Safe to call twice. */
  close(): void;
}

export interface QuerySeries {
  /** Seconds since 1970 and value; one for an instant vector, all of its range for a range vector. */
  readonly samples: readonly (readonly [seconds: number, value: number])[];
}

export interface PrometheusRequest {
  readonly scrapeMilliseconds: number;
  /** PATH of the user, in which `prometheus` is looked for. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gives the start up. */
  readonly signal: AbortSignal;
  /** The page in Prometheus' text format, written anew at each scrape. */
  page(): string;
}

/** Long enough for a busy machine: beyond the interval, a Prometheus that works needs up to seven seconds. */
const startLimitMs = 30_000;
const lookEveryMs = 50;

/**
 * Resolves when it has scraped the page once: it looks for its targets every 5 s, and then waits for its turn within the interval.
 * Why there is none is a clause; never rejects.
 */
export async function startPrometheus(request: PrometheusRequest): Promise<PrometheusServer | string> {
  const version = installedVersion(request.environment);
  if (version === null) return "it is not installed (no `prometheus` on PATH)";
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops-prometheus-"));
  let isScraping = false;
  const page = createServer((_, response) => {
    isScraping = true;
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(request.page());
  });
  let child: ChildProcess | null = null;
  const close = (): void => {
    child?.kill("SIGKILL");
    page.close();
    page.closeAllConnections();
    // Its last writes may still be under way for an instant after it was killed.
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  try {
    const target = await listen(page);
    const address = `127.0.0.1:${await freePort()}`;
    writeFileSync(join(directory, "prometheus.yml"), configuration(request.scrapeMilliseconds, target));
    child = startChild(directory, address, request.environment);
    await firstScrape(child, () => isScraping, request);
    return {
      version,
      query: (expression, atMs) => queryOf(address, expression, atMs),
      close,
    };
  } catch (error) {
    close();
    return `it did not start (${messageOf(error)})`;
  }
}

function installedVersion(environment: PrometheusRequest["environment"]): string | null {
  const { status, stdout, stderr } = spawnSync("prometheus", ["--version"], {
    env: { ...environment },
    encoding: "utf8",
    timeout: 10_000,
  });
  if (status !== 0) return null;
  return /version (\S+?)[,\s]/.exec(`${stdout}${stderr}`)?.[1] ?? "of unknown version";
}

function configuration(scrapeMilliseconds: number, target: string): string {
  const scrape = `scrape_interval: ${scrapeMilliseconds}ms, scrape_timeout: ${scrapeMilliseconds}ms`;
  const targets = `static_configs: [{ targets: ["${target}"] }]`;
  return `global: { ${scrape} }\nscrape_configs:\n  - { job_name: raw-counter, ${targets} }\n`;
}

function startChild(directory: string, address: string, environment: PrometheusRequest["environment"]): ChildProcess {
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
      "--log.level=error",
    ],
    { cwd: directory, stdio: "ignore", env: { ...environment } },
  );
  child.once("error", () => undefined);
  return child;
}

async function firstScrape(
  child: ChildProcess,
  hasScraped: () => boolean,
  { scrapeMilliseconds, signal }: PrometheusRequest,
): Promise<void> {
  const looks = Math.ceil((startLimitMs + scrapeMilliseconds) / lookEveryMs);
  for (let look = 0; look < looks && !hasScraped(); look += 1) {
    if (signal.aborted) throw new Error("it was interrupted");
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it ended at once");
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  if (!hasScraped()) throw new Error("it did not scrape in time");
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return `127.0.0.1:${portOf(server.address())}`;
}

async function freePort(): Promise<number> {
  const holder = createPortHolder();
  await new Promise<void>((resolve, reject) => {
    holder.once("error", reject);
    holder.listen(0, "127.0.0.1", resolve);
  });
  const port = portOf(holder.address());
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

function portOf(address: unknown): number {
  return typeof address === "object" && address !== null && "port" in address ? Number(address.port) : 0;
}

async function queryOf(address: string, expression: string, atMs: number): Promise<readonly QuerySeries[]> {
  const words = new URLSearchParams({ query: expression, time: (atMs / 1000).toFixed(3) });
  const answer = await fetch(`http://${address}/api/v1/query?${words.toString()}`);
  const body: unknown = await answer.json();
  const result = memberOf(memberOf(body, "data"), "result");
  if (!answer.ok || !Array.isArray(result)) throw new Error(`it did not answer ${expression}`);
  return result.map((series: unknown) => ({ samples: samplesOf(series) }));
}

function samplesOf(series: unknown): QuerySeries["samples"] {
  const many = memberOf(series, "values");
  const pairs: readonly unknown[] = Array.isArray(many) ? many : [memberOf(series, "value")];
  return pairs.flatMap((pair) => (Array.isArray(pair) ? [[Number(pair[0]), Number(pair[1])] as const] : []));
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
