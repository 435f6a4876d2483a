import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { governorPlace, startGovernor } from "../support/governor.ts";
import { writeKernelFile } from "../support/kernel-tree.ts";
import { digits, environmentOf, keepMoving, movingHost } from "../support/moving-host.ts";
import { statFile, statLine } from "../support/planted-process.ts";
import {
  carbonOps,
  cleanEnvironment,
  endOf,
  programPath,
  startCarbonOps,
  temporaryDirectory,
} from "../support/program.ts";

const part = z.looseObject({ watts: z.number(), joules: z.number() });
const topView = z.looseObject({
  host_watts: z.number(),
  host_joules: z.number(),
  idle: part,
  exited: part,
  unattributed: part,
  consumers: z.array(
    part.extend({
      pid: z.number().nullable(),
      name: z.string(),
      busy_cpus: z.number(),
      standard_uncertainty_joules: z.number(),
      grams_per_hour: z.number().nullable(),
    }),
  ),
  domains: z.array(z.looseObject({ kind: z.string(), watts: z.number() })),
  energy_source: z.string(),
  consumer_kind: z.string(),
});

/** A real process of this machine that keeps one CPU busy until the test ends. */
function busyProcess(): number {
  const child = spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child.pid ?? 0;
}

test("scripts get one JSON value whose parts add up to the host, with the busiest process first", async () => {
  const pid = busyProcess();
  const { status, stdout } = await carbonOps(["top", "--once", "--json", "--interval", "2", "--region", "GB"]);
  const view = topView.parse(JSON.parse(stdout.toString()));
  expect(status).toBe(0);
  const parts = [...view.consumers, view.idle, view.exited, view.unattributed];
  expect(parts.reduce((sum, { watts }) => sum + watts, 0)).toBeCloseTo(view.host_watts, 6);
  expect(parts.reduce((sum, { joules }) => sum + joules, 0)).toBeCloseTo(view.host_joules, 6);
  const busy = view.consumers.find((consumer) => consumer.pid === pid);
  expect(busy?.busy_cpus).toBeGreaterThan(0);
  expect(busy?.joules).toBeGreaterThan(0);
  expect(busy?.standard_uncertainty_joules).toBeGreaterThan(0);
  expect(busy?.grams_per_hour).toBeGreaterThan(0);
  const watts = view.consumers.map((consumer) => consumer.watts);
  expect(watts).toEqual(watts.toSorted((left, right) => right - left));
});

test("the table keeps within 80 columns and shows counters, processes and what is nobody's", async () => {
  const roots = movingHost(40, 0.5);
  const name = "evil\u001b[31m";
  keepMoving(statFile(roots, 4242), (seconds) => statLine({ pid: 4242, name, own: digits(seconds * 100) }));
  const { status, stdout } = await carbonOps(
    ["top", "--once", "--interval", "3", "--region", "GB", "--idle-watts", "10"],
    { environment: environmentOf(roots) },
  );
  const text = stdout.toString();
  expect(status).toBe(0);
  for (const line of text.split("\n")) expect(Array.from(line).length).toBeLessThanOrEqual(80);
  expect(text).toContain("measured: RAPL package-0");
  expect(text).toMatch(/PID COMMAND +CPUs +WATTS +JOULES +g\/h/);
  expect(text).toMatch(/idle, nobody's +10\.00/);
  expect(text).toMatch(/4242 evil\?\[31m/);
  expect(text).not.toContain("\u001b");
});

test("--cgroups has one row a group, each without those below it", async () => {
  const roots = movingHost(40, 0.5);
  const mount = join(roots.sys, "fs", "cgroup");
  writeKernelFile(join(mount, "cgroup.controllers"), "cpu\n");
  const usage = (cpus: number) => (seconds: number) => `usage_usec ${digits(seconds * cpus * 1e6)}\n`;
  keepMoving(join(mount, "cpu.stat"), usage(1.6));
  keepMoving(join(mount, "web.slice", "cpu.stat"), usage(1));
  const { stdout } = await carbonOps(["top", "--cgroups", "--once", "--json", "--interval", "2", "--sort", "p"], {
    environment: environmentOf(roots),
  });
  const view = topView.parse(JSON.parse(stdout.toString()));
  expect(view.consumer_kind).toBe("cgroup");
  expect(view.energy_source).toBe("powercap");
  expect(view.consumers.map(({ name }) => name)).toEqual(["/", "/web.slice"]);
  const [root, web] = view.consumers;
  expect((web?.busy_cpus ?? 0) / (root?.busy_cpus ?? 1)).toBeCloseTo(1 / 0.6, 0);
});

test("without --once, --json is one line an interval, until the reader goes away", async () => {
  const child = startCarbonOps(["top", "--json", "--interval", "0.2"]);
  let text = "";
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split("\n").length > 3) resolve();
    });
  });
  child.stdout?.destroy();
  const { status, stderr } = await endOf(child);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  for (const line of text.split("\n").slice(0, 3)) topView.parse(JSON.parse(line));
});

test("while the governor is away, a line of --json says so instead of showing old figures again", async () => {
  const place = governorPlace();
  const governor = await startGovernor(place);
  const socket = ["--energy-source", "governor", "--governor-socket", place.socketPath];
  const child = startCarbonOps(["top", "--json", "--interval", "0.3", ...socket]);
  let text = "";
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      if (text === "") governor.child.kill("SIGKILL");
      text += chunk.toString();
      if (text.includes('"problem"')) resolve();
    });
  });
  child.stdout?.destroy();
  await endOf(child);
  const line = text.split("\n").find((candidate) => candidate.includes('"problem"')) ?? "";
  expect(JSON.parse(line)).toMatchObject({
    host_watts: null,
    consumers: null,
    problem: expect.stringContaining("has gone away or is silent"),
  });
});

/** `carbon-ops top` on a pseudo-terminal. When it shows its first table, keys are typed or its process gets a signal. */
function topOnTerminal(action: { readonly keys: string } | { readonly signal: NodeJS.Signals }) {
  const cwd = temporaryDirectory();
  const words = [process.execPath, programPath, "top", "--interval", "0.3"];
  const top = words.map((word) => `'${word}'`).join(" ");
  const script = `stty cols 80 rows 24; stty -g > before; ${top} < /dev/tty & echo $! > pid; wait $!; echo "status $?" > end; stty -g > after`;
  const terminal = spawn("script", ["-qec", script, "/dev/null"], {
    cwd,
    env: { ...cleanEnvironment(cwd), SHELL: "/bin/sh", TERM: "xterm" },
  });
  const file = (name: string): string => readFileSync(join(cwd, name), "utf8").trim();
  let text = "";
  let hasActed = false;
  terminal.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (hasActed || !text.includes("unattributed")) return;
    hasActed = true;
    if ("keys" in action) terminal.stdin.write(action.keys);
    else process.kill(Number(file("pid")), action.signal);
  });
  return new Promise<{ text: string; end: string; isRestored: boolean }>((resolve, reject) => {
    terminal.once("error", reject);
    terminal.once("close", () => {
      resolve({ text, end: file("end"), isRestored: file("before") === file("after") });
    });
  });
}

const showsCursorAtTheEnd = (text: string): boolean =>
  text.lastIndexOf("\u001b[?25h") > text.lastIndexOf("\u001b[?25l");

test.each([
  ["q", "status 0"],
  ["jq", "status 0"],
  ["\u0003", "status 130"],
])("on a terminal the key %j ends it with %s, and the terminal is as it was", async (keys, end) => {
  const session = await topOnTerminal({ keys });
  expect(session).toMatchObject({ end, isRestored: true });
  expect(showsCursorAtTheEnd(session.text)).toBe(true);
  // No alternate screen: the last table stays where it was.
  expect(session.text).not.toContain("\u001b[?1049h");
  expect(session.text).toContain("unattributed");
});

test("SIGTERM leaves the terminal as it was, too", async () => {
  const session = await topOnTerminal({ signal: "SIGTERM" });
  expect(session).toMatchObject({ end: "status 143", isRestored: true });
  expect(showsCursorAtTheEnd(session.text)).toBe(true);
});
