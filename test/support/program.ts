import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The built program, as a user's shell would start it. The test command builds it first. */
export const programPath = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));

/** A directory of this test's own, removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops test "));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Text for standard input; without it, standard input is /dev/null. */
  readonly input?: string;
}

export interface ProgramEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** An environment in which nothing of the person who runs the tests is seen: no settings, no keys, no colour. */
export function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: home, LANG: "C.UTF-8" };
}

/** Runs carbon-ops to its end. */
export async function carbonOps(argv: readonly string[], options: ProgramOptions = {}): Promise<ProgramEnd> {
  return endOf(startCarbonOps(argv, options), options.input);
}

/** Starts carbon-ops with all three streams as pipes. */
export function startCarbonOps(argv: readonly string[], options: ProgramOptions = {}): ChildProcess {
  const home = options.cwd ?? temporaryDirectory();
  return spawn(process.execPath, [programPath, ...argv], {
    cwd: home,
    env: { ...cleanEnvironment(home), ...options.environment },
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
}

export async function endOf(child: ChildProcess, input?: string): Promise<ProgramEnd> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin?.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) =>
      resolve({ status, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}
