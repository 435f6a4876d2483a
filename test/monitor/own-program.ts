import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, temporaryDirectory } from "../support/program.ts";

export const builtEntry = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

export interface OwnProgram {
  readonly child: ChildProcess;
  /** Its home and working directory. */
  readonly home: string;
  /** Where it records to. */
  readonly ledger: string;
}

/** Starts an application of these lines that uses the built package, and records. */
export function startProgram(lines: readonly string[], home = temporaryDirectory()): OwnProgram {
  const path = join(home, "program.mjs");
  const ledger = join(home, "carbon.ndjson");
  writeFileSync(path, [`import { EnergyLogger } from ${JSON.stringify(builtEntry)};`, ...lines].join("\n"));
  const child = spawn(process.execPath, [path], {
    cwd: home,
    env: { ...cleanEnvironment(home), CARBON_OPS_LEDGER: ledger, CARBON_OPS_ENERGY_SOURCE: "model" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
  });
  return { child, home, ledger };
}

/** Keeps a thread busy, in such a program, by the process's CPU time, which a busy machine does not take away. */
export const spinLine =
  "const spin = (ms) => { const start = process.cpuUsage(); for (let used = 0; used < ms * 1000; ) { const { user, system } = process.cpuUsage(start); used = user + system; } };";
