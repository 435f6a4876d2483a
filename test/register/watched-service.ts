import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, temporaryDirectory } from "../support/program.ts";

export const registerUrl = new URL("../../dist/register.js", import.meta.url).href;

export interface WatchedService {
  readonly url: string;
  /** Lets it end by itself. */
  end(): Promise<ServiceEnd>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

export interface ServiceEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** By name; empty where it told nothing. */
  readonly tasks: ReadonlyMap<string, SummedTask>;
  /** The line that it wrote at its end; null where it wrote none. */
  readonly summary: Summary | null;
}

export interface SummedTask {
  readonly name: string;
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly cpu_seconds: number;
  readonly marginal_joules: number | null;
}

export interface Summary {
  readonly tasks: readonly SummedTask[];
  readonly outside_tasks: { readonly cpu_seconds: number };
  readonly other_threads: { readonly cpu_seconds: number };
  readonly child_processes: { readonly cpu_seconds: number };
  readonly process: { readonly cpu_seconds: number };
  readonly problems: readonly string[];
}

export interface ServiceOptions {
  readonly node?: string;
  readonly appArguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** An application of test/register/apps, as it is, under `node --import carbon-ops/register`. */
export async function watchedService(app: string, options: ServiceOptions = {}): Promise<WatchedService> {
  const home = temporaryDirectory();
  const summaryFile = join(home, "summary.ndjson");
  const path = fileURLToPath(new URL(`apps/${app}`, import.meta.url));
  const child = spawn(
    options.node ?? process.execPath,
    ["--import", registerUrl, path, ...(options.appArguments ?? [])],
    {
      cwd: home,
      env: { ...cleanEnvironment(home), CARBON_OPS_SUMMARY: summaryFile, ...options.environment },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: 50_000,
    },
  );
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([status, signal]): ServiceEnd => {
    const summary = existsSync(summaryFile) ? summaryOf(readFileSync(summaryFile, "utf8")) : null;
    const tasks = new Map((summary?.tasks ?? []).map((task) => [task.name, task]));
    return { status, signal, stdout, stderr, summary, tasks };
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      resolve(text.trim());
    });
    void ended.then(() => reject(new Error(`The application has ended: ${stderr}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    end: async () => {
      child.stdin.end();
      return ended;
    },
    kill: (signal) => void child.kill(signal),
  };
}

export function summaryOf(text: string): Summary {
  const [line, ...more] = text.trimEnd().split("\n");
  if (line === undefined || more.length > 0) throw new Error(`One line was expected: ${text}`);
  const summary: Summary = JSON.parse(line);
  return summary;
}
