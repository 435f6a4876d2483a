import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./program.ts";

/** The program in a list where it is installed (Debian's package `prometheus` brings both), for tests that need it; otherwise says so. */
export function installed(program: "prometheus" | "promtool"): readonly string[] {
  if (spawnSync(program, ["--version"]).status === 0) return [program];
  process.stderr.write(`${program} is not installed: tests that need it are left out.\n`);
  return [];
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

export interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError: string;
}

export interface RunningPrometheus {
  /** Of an instant query. Throws what Prometheus has against it. */
  query(expression: string): Promise<readonly Series[]>;
  /** All rules that it has loaded. */
  rules(): Promise<readonly Rule[]>;
}

/** Starts a Prometheus on the loopback address; resolves when it answers. The first file is its configuration. */
export async function startPrometheus(
  program: string,
  files: Readonly<Record<string, string>>,
): Promise<RunningPrometheus> {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const [configuration = ""] = Object.keys(files);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    program,
    [
      `--config.file=${join(directory, configuration)}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"], cwd: directory },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${said}`);
    const answer = await fetch(`http://${address}/-/ready`).catch(() => null);
    await answer?.text();
    return answer?.ok === true;
  };
  while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 20));
  const dataOf = async (path: string): Promise<unknown> => {
    const answer: unknown = await (await fetch(`http://${address}/api/v1/${path}`)).json();
    if (memberOf(answer, "status") !== "success") throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return memberOf(answer, "data");
  };
  return {
    query: async (expression) => {
      const data = await dataOf(`query?query=${encodeURIComponent(expression)}`);
      return listOf(memberOf(data, "result")).map((series) => ({
        labels: Object.fromEntries(
          Object.entries(objectOf(memberOf(series, "metric"))).map(([name, value]) => [name, String(value)]),
        ),
        value: String(listOf(memberOf(series, "value"))[1]),
      }));
    },
    rules: async () => {
      const groups = listOf(memberOf(await dataOf("rules"), "groups"));
      return groups
        .flatMap((group) => listOf(memberOf(group, "rules")))
        .map((rule) => ({
          name: textOf(memberOf(rule, "name")),
          health: textOf(memberOf(rule, "health")),
          lastError: textOf(memberOf(rule, "lastError")),
        }));
    },
  };
}

/** A port of the loopback address that is free again when this returns; `whileTaken` is called while it is not. */
export async function freePort(whileTaken: (port: number) => Promise<void> = async () => undefined): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  await whileTaken(port);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function memberOf(value: unknown, name: string): unknown {
  return objectOf(value)[name];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
