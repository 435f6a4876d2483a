import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { temporaryDirectory } from "./program.ts";

/** Board and driver values by name, as nvml-stand-in.c reads them: "0.energy" is the first board's millijoules. */
export type StandInState = Readonly<Record<string, string | number | bigint>>;

export interface StandIn {
  readonly path: string;
  /** Replaces everything that the library answers. */
  set(state: StandInState): void;
}

/** A board that answers everything: an energy counter at 1 kJ, 300 W at most, nobody on it. */
export const oneBoard: StandInState = {
  driver: "550.54.15",
  count: 1,
  "0.name": "NVIDIA H100 80GB HBM3",
  "0.uuid": "GPU-11111111-2222-3333-4444-555555555555",
  "0.pci": "00000000:0A:00.0",
  "0.energy": 1_000_000,
  "0.power": 70_000,
  "0.limit": 300_000,
  "0.busy": 0,
  "0.mig": 0,
  "0.memory.total": 85_899_345_920n,
  "0.memory.used": 1_073_741_824,
  "0.running": " ",
  "0.samples": " ",
};

const sourcePath = fileURLToPath(new URL("nvml-stand-in.c", import.meta.url));

/** Why no stand-in can be built or called here; null where it can. */
function obstacle(): string | null {
  if (spawnSync("cc", ["--version"], { timeout: 10_000 }).status !== 0) return "there is no C compiler (cc)";
  try {
    createRequire(import.meta.url)("koffi");
    return null;
  } catch {
    return "the optional package koffi is not installed";
  }
}

/**
 * Calls `register` where a C compiler and koffi are there, with a function that builds the stand-in; elsewhere says in one line that
 * these tests are not run.
 */
export function withNvmlStandIn(
  what: string,
  register: (standIn: (options?: StandInOptions) => StandIn) => void,
): void {
  const problem = obstacle();
  if (problem !== null) {
    process.stderr.write(`Not tested: ${what}, because ${problem}.\n`);
    return;
  }
  const builds = mkdtempSync(join(tmpdir(), "carbon-ops nvml "));
  afterAll(() => rmSync(builds, { recursive: true, force: true }));
  const built = new Map<string, string>();
  register(({ isOldDriver = false, state = oneBoard } = {}) => {
    const flags = isOldDriver ? ["-DOLD_DRIVER"] : [];
    const key = flags.join(" ");
    const library = built.get(key) ?? compile(join(builds, `build-${built.size}`), flags);
    built.set(key, library);
    // A copy of its own: the library reads the state beside its own file.
    const directory = temporaryDirectory();
    const path = join(directory, "libnvidia-ml.so.1");
    copyFileSync(library, path);
    const standIn = { path, set: (next: StandInState) => writeState(directory, next) };
    standIn.set(state);
    return standIn;
  });
}

export interface StandInOptions {
  /** Only the first version of each function, as before 2021. */
  readonly isOldDriver?: boolean;
  readonly state?: StandInState;
}

function compile(directory: string, flags: readonly string[]): string {
  mkdirSync(directory);
  const library = join(directory, "stand-in.so");
  const { status, stderr } = spawnSync("cc", ["-shared", "-fPIC", "-O1", ...flags, "-o", library, sourcePath, "-ldl"], {
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`The stand-in for NVML does not compile: ${stderr}`);
  return library;
}

/** At once: a reader never sees half of it. */
function writeState(directory: string, state: StandInState): void {
  const lines = Object.entries(state).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(join(directory, "state.new"), lines.join(""));
  renameSync(join(directory, "state.new"), join(directory, "state"));
}
