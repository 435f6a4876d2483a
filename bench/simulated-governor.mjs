import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectGovernor } from "../dist/governor/client.js";
import { simulatedHost } from "../dist/simulate/host.js";
import { failingFiles } from "../dist/simulate/live-file.js";
import { powercapTree } from "../dist/simulate/powercap-tree.js";
import { noisyPower, steppedPower } from "../dist/simulate/profile.js";
import { truthOf } from "../dist/simulate/truth.js";

/** A simulated host whose energy is known to the count, moving in real time in this process, and the real daemon reading its files. */

const daemon = fileURLToPath(new URL("../dist/governor/daemon/main.js", import.meta.url));

/** The daemon is started as its unit starts it: with the same flags of Node.js, and its Nice= where that is allowed. */
const unit = readFileSync(new URL("../packaging/systemd/carbon-ops-governor.service", import.meta.url), "utf8");
const nodeFlags = (/^ExecStart=\S+ (.*?)\S*\/carbon-ops\//m.exec(unit)?.[1] ?? "").split(" ").filter(Boolean);
const nice = Number(/^Nice=(-?\d+)$/m.exec(unit)?.[1] ?? 0);

/** Two packages with their memory and cores: six domains, four of them counted; 120 to 450 W with noise. */
const shape = {
  vendor: "intel",
  packages: 2,
  parts: ["dram", "core"],
  quirks: [],
  esu: 14,
  startBelowWrapJoules: 500,
  profile: noisyPower(steppedPower([120, 450, 300], 1.5), 0.2, 7),
};

/** @param onShow called with the host whenever its counters were shown, and the time of it on CLOCK_MONOTONIC. */
export function simulatedPlace(onShow = () => undefined) {
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops-bench-"));
  const host = simulatedHost(shape);
  const request = {
    directory: join(directory, "host"),
    host,
    faults: [],
    failing: failingFiles({ proc: "/proc", sys: "/sys" }),
    mode: 0o444,
  };
  mkdirSync(request.directory);
  const tree = powercapTree(request);
  mkdirSync(join(directory, "state"));
  const startNs = process.hrtime.bigint();
  let shown = 0n;
  let timer = null;
  const show = () => {
    const atNs = process.hrtime.bigint() - startNs;
    host.advanceTo(atNs);
    tree.show(shown, atNs);
    shown = atNs;
    onShow(host, startNs + atNs);
  };
  const place = {
    directory,
    host,
    socketPath: join(directory, "s.sock"),
    stateFile: join(directory, "state", "governor.json"),
    /** Lets the counters run from now on. */
    run: () => {
      timer ??= setInterval(show, 10);
    },
    /** Stops the counters where they are; only so can a reader be compared to the count. */
    halt: () => {
      clearInterval(timer);
      timer = null;
      show();
    },
    truth: () => truthOf(host, tree),
    setBootId: (bootId) => {
      const kernel = join(request.directory, "proc", "sys", "kernel", "random");
      mkdirSync(kernel, { recursive: true });
      writeFileSync(join(kernel, "boot_id"), `${bootId}\n`);
    },
    close: () => {
      clearInterval(timer);
      tree.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  place.setBootId("0f0e0d0c-0000-4000-8000-000000000001");
  return place;
}

/** Starts the daemon; `ready` resolves when it serves, `ended` when it is gone. */
export function startDaemon(place, more = []) {
  const host = join(place.directory, "host");
  const startedMs = Date.now();
  const child = spawn(
    process.execPath,
    [
      ...nodeFlags,
      daemon,
      `--powercap-root=${join(host, "sys/class/powercap")}`,
      `--proc-root=${join(host, "proc")}`,
      `--socket-path=${place.socketPath}`,
      `--socket-group=${process.getegid()}`,
      `--state-file=${place.stateFile}`,
      ...more,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  try {
    setPriority(child.pid, nice);
  } catch {
    // Only root may raise a priority.
  }
  let log = "";
  const ended = once(child, "close");
  const ready = new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text) => {
      log += text;
      if (log.includes('"event":"started"')) resolve();
    });
    child.once("close", () => reject(new Error(`the governor ended: ${log}`)));
  });
  // A daemon that is killed early is not waited for.
  ready.catch(() => undefined);
  return {
    child,
    startedMs,
    ready,
    ended,
    log: () => log,
    end: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

export async function snapshotOf(place, timeoutMs = 5000) {
  const client = await connectGovernor({ socketPath: place.socketPath, timeoutMs });
  try {
    return await client.snapshot();
  } finally {
    client.close();
  }
}

/** Resident memory of a process in megabytes of 2^20 bytes. */
export function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1024;
}

export async function until(condition, withinMs = 30_000) {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("what the bench waits for did not happen");
    await sleep(10);
  }
}

export function median(values) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** xorshift32 (Marsaglia, 2003): the same numbers in every run of one seed; `below(n)` is a whole number from 0 to n - 1. */
export function seededRandom(seed) {
  let bits = seed >>> 0 || 1;
  return {
    below: (limit) => {
      bits ^= bits << 13;
      bits ^= bits >>> 17;
      bits ^= bits << 5;
      bits >>>= 0;
      return Math.floor((bits / 2 ** 32) * limit);
    },
  };
}
