import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testedNodes } from "../support/nodes.ts";
import { cleanEnvironment, temporaryDirectory } from "../support/program.ts";
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

function planted(program: OddProgram): string {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, program.file), program.source.join("\n"));
  return folder;
}

/** Waits as any module does that has something to do before the application starts. */
const emptyModule = "data:text/javascript,await new Promise((resolve) => setImmediate(resolve))";

describe.each(testedNodes)("on Node.js $version", ({ path: node }) => {
  test.each(oddPrograms)("a program that $does is seen to do the same, byte for byte", async (program) => {
    const folder = planted(program);
    const [alone, watched] = await Promise.all([
      run(node, program, folder, program.showsLoader === true ? emptyModule : null),
      run(node, program, folder, registerUrl, everything),
    ]);
    expect(watched).toEqual(alone);
  });
});

test.each(oddPrograms.filter(({ showsLoader }) => showsLoader !== true))(
  "nor is a program that $does changed where nothing is asked for",
  async (program) => {
    const folder = planted(program);
    const [alone, started] = await Promise.all([
      run(process.execPath, program, folder, null),
      run(process.execPath, program, folder, registerUrl),
    ]);
    expect(started).toEqual(alone);
  },
);
