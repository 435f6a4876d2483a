import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { HostRoots } from "../../src/host/roots.ts";
import {
  energyFile,
  kernelTree,
  packageZone,
  writeKernelFile,
  writePowercap,
  writeProc,
  type Zone,
} from "./kernel-tree.ts";
import { cleanEnvironment, temporaryDirectory } from "./program.ts";

/** The built daemon, as the systemd unit starts it. */
export const daemonPath = fileURLToPath(new URL("../../dist/governor/daemon/main.js", import.meta.url));

export interface GovernorPlace {
  readonly roots: HostRoots;
  readonly socketPath: string;
  readonly stateFile: string;
}

/** A host of files, by default with one package, and places for socket and state. */
export function governorPlace(zones: readonly Zone[] = [packageZone(0)]): GovernorPlace {
  const roots = kernelTree();
  writeProc(roots);
  setBootId(roots, "0f0e0d0c-0000-4000-8000-000000000001");
  if (zones.length > 0) writePowercap(roots, zones);
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "state"));
  return { roots, socketPath: join(directory, "s.sock"), stateFile: join(directory, "state", "governor.json") };
}

export function setBootId(roots: HostRoots, bootId: string): void {
  writeKernelFile(join(roots.proc, "sys/kernel/random/boot_id"), `${bootId}\n`);
}

/**
 * Sets a counter under the eyes of a governor: in place and in constant width, so that it never finds the file empty, as it never
 * does in sysfs.
 */
export function showMicrojoules(roots: HostRoots, zoneName: string, microjoules: bigint): void {
  const descriptor = openSync(energyFile(roots, zoneName), "r+");
  writeSync(descriptor, `${microjoules.toString().padStart(13, "0")}\n`, 0);
  closeSync(descriptor);
}

export interface RunningGovernor {
  readonly child: ChildProcess;
  /** What it logged so far. */
  log(): string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<{ readonly status: number | null; readonly log: string }>;
}

export function governorArguments(place: GovernorPlace, more: readonly string[] = []): string[] {
  return [
    `--powercap-root=${join(place.roots.sys, "class/powercap")}`,
    `--proc-root=${place.roots.proc}`,
    `--socket-path=${place.socketPath}`,
    `--socket-group=${process.getegid?.() ?? 0}`,
    `--state-file=${place.stateFile}`,
    ...more,
  ];
}

/** Starts the daemon without waiting; it is killed when the test ends. */
export function spawnGovernor(place: GovernorPlace, more: readonly string[] = []): RunningGovernor {
  const child = spawn(process.execPath, [daemonPath, ...governorArguments(place, more)], {
    env: cleanEnvironment("/"),
    stdio: ["ignore", "ignore", "pipe"],
  });
  return followGovernor(child);
}

function followGovernor(child: ChildProcess): RunningGovernor {
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    child,
    log: () => log,
    end: async (signal) => {
      child.kill(signal);
      return { status: await ended, log };
    },
  };
}

/** Starts the daemon and waits until it serves. */
export async function startGovernor(place: GovernorPlace, more: readonly string[] = []): Promise<RunningGovernor> {
  const governor = spawnGovernor(place, more);
  await until(() => {
    if (governor.child.exitCode !== null) throw new Error(`the governor ended: ${governor.log()}`);
    return governor.log().includes('"event":"started"');
  });
  return governor;
}

/** A governor that is expected to end at once: its status, and what it says. */
export async function refusedStart(
  place: GovernorPlace,
  more: readonly string[] = [],
): Promise<{ status: number | null; sentence: string }> {
  const governor = spawnGovernor(place, more);
  await until(() => governor.child.exitCode !== null);
  const { status, log } = await governor.end("SIGTERM");
  return { status, sentence: log.split("\n").findLast((line) => line.startsWith("carbon-ops governor:")) ?? log };
}

/** Waits until a condition holds, asking often. The test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

export interface RawClient {
  readonly socket: Socket;
  send(bytes: string | Uint8Array): void;
  /** The next line, as text; null when the governor has closed the connection. */
  line(): Promise<string | null>;
  /** The next line's members. */
  json(): Promise<Record<string, unknown>>;
}

/** A client that sends bytes as it likes. */
export async function rawClient(socketPath: string): Promise<RawClient> {
  const socket = connect(socketPath);
  onTestFinished(() => {
    socket.destroy();
  });
  const lines: string[] = [];
  const waiting: ((line: string | null) => void)[] = [];
  let rest = "";
  let isClosed = false;
  socket.on("data", (chunk) => {
    const pieces = `${rest}${chunk.toString("utf8")}`.split("\n");
    rest = pieces.pop() ?? "";
    for (const line of pieces) {
      const next = waiting.shift();
      if (next === undefined) lines.push(line);
      else next(line);
    }
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
    for (const next of waiting.splice(0)) next(null);
  });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const line = (): Promise<string | null> => {
    const first = lines.shift();
    if (first !== undefined) return Promise.resolve(first);
    return isClosed ? Promise.resolve(null) : new Promise((resolve) => waiting.push(resolve));
  };
  return {
    socket,
    send: (bytes) => socket.write(bytes),
    line,
    json: async () => {
      const value: unknown = JSON.parse((await line()) ?? "null");
      if (typeof value !== "object" || value === null) throw new Error("no answer");
      return { ...value };
    },
  };
}

/** One request and its answer on a connection of its own. */
export async function ask(socketPath: string, request: string): Promise<Record<string, unknown>> {
  const client = await rawClient(socketPath);
  client.send(`${request}\n`);
  const answer = await client.json();
  client.socket.destroy();
  return answer;
}

/** The newest totals, by domain; waits until the governor has read its counters. */
export async function totalsOf(socketPath: string): Promise<Record<string, number>> {
  const answer = await ask(socketPath, "{}");
  const totals: unknown = answer["totals_uj"];
  if (typeof totals !== "object" || totals === null) throw new Error(`no totals: ${JSON.stringify(answer)}`);
  return Object.fromEntries(Object.entries(totals).map(([id, value]) => [id, Number(value)]));
}
