import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { testedNodes } from "../support/nodes.ts";
import { cleanEnvironment } from "../support/program.ts";
import { type OddProgram, oddPrograms } from "./odd-programs.ts";
import { registerUrl } from "./watched-service.ts";

interface Seen {
  readonly status: unknown;
  readonly signal: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything that can be asked for at once. */
const everything = {
  CARBON_OPS_SUMMARY: "summary.ndjson",
  CARBON_OPS_LEDGER: "ledger.ndjson",
  CARBON_OPS_PROMETHEUS_PORT: "0",
  CARBON_OPS_INTERVAL_SECONDS: "1",
};

async function run(
  node: string,
  program: OddProgram,
  folder: string,
  module: string | null,
  environment: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const child = spawn(node, [...(module === null ? [] : ["--import", module]), join(folder, program.file)], {
    cwd: folder,
    env: { ...cleanEnvironment(folder), ...environment },
    stdio: "pipe",
    timeout: 30_000,
  });
  let stdout = "";
  let stderr = "";
  if (program.closesStdout === true) child.stdout.destroy();
  else child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("latin1")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("latin1")));
  child.stdin.on("error", () => undefined).end(program.input ?? "");
  const [status, signal] = await once(child, "close");
  return { status, signal, stdout, stderr: stderr.replaceAll(`node:${child.pid}`, "node:PID") };
}

/** Waits as any module does that has something to do before the application starts. */
const emptyModule = "data:text/javascript,await new Promise((resolve) => setImmediate(resolve))";

interface Comparison {
  readonly alone: Seen;
  readonly watched: Seen;
  /** Under the module, where nothing is asked for. */
  readonly started: Seen | null;
}

/** Folders of all programs. */
const home = mkdtempSync(join(tmpdir(), "carbon-ops odd "));

/** What the program does by itself, and under the module: with everything asked for, and on the first version of Node.js with nothing as well. */
async function compared(index: number): Promise<Comparison> {
  const program = oddPrograms[index % oddPrograms.length];
  const node = testedNodes[Math.floor(index / oddPrograms.length)];
  if (program === undefined || node === undefined) throw new Error("There are no more programs.");
  const folder = join(home, String(index));
  mkdirSync(folder);
  writeFileSync(join(folder, program.file), program.source.join("\n"));
  const loadsOtherwise = program.showsLoader === true;
  const [alone, watched, started] = await Promise.all([
    run(node.path, program, folder, loadsOtherwise ? emptyModule : null),
    run(node.path, program, folder, registerUrl, everything),
    loadsOtherwise || index >= oddPrograms.length ? null : run(node.path, program, folder, registerUrl),
  ]);
  return { alone, watched, started };
}

/** Most programs wait for most of their time, so that the next ones run beside the one that is waited for. */
const ahead = 2;
const underWay: Promise<Comparison>[] = [];

async function comparison(index: number): Promise<Comparison> {
  const last = Math.min(index + ahead, testedNodes.length * oddPrograms.length - 1);
  for (let at = index; at <= last; at += 1) underWay[at] ??= compared(at);
  return underWay[index] ?? compared(index);
}

afterAll(async () => {
  await Promise.allSettled(underWay);
  rmSync(home, { recursive: true, force: true });
});

describe.each(testedNodes.map((node, at) => ({ ...node, at })))("on Node.js $version", ({ at }) => {
  test.each(oddPrograms.map(({ does }, index) => ({ does, index })))(
    "a program that $does is seen to do the same, byte for byte",
    async ({ index }) => {
      const { alone, watched } = await comparison(at * oddPrograms.length + index);
      expect(watched).toEqual(alone);
    },
  );
});

test.each(oddPrograms.flatMap(({ does, showsLoader }, index) => (showsLoader === true ? [] : [{ does, index }])))(
  "nor is a program that $does changed where nothing is asked for",
  async ({ index }) => {
    const { alone, started } = await comparison(index);
    expect(started).toEqual(alone);
  },
);
