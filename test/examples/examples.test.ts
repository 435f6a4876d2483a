import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { movingHost } from "../support/moving-host.ts";
import { cleanEnvironment, endOf, type ProgramEnd, temporaryDirectory } from "../support/program.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs an example with the counters of a host that draws 50 W; CPU time is that of the machine it runs on. */
async function runExample(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ProgramEnd> {
  const [program = "", ...argv] = command;
  const child = spawn(program, argv, {
    cwd: root,
    env: { ...cleanEnvironment(temporaryDirectory()), CARBON_OPS_SYS_ROOT: movingHost(50, 0.5).sys, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return endOf(child);
}

const joulesOf = (line: string | undefined): number => Number(/([\d.]+) J$/u.exec(line ?? "")?.[1]);

test("a queue worker says what each kind of job took, and its parts add up to the process", async () => {
  const { stdout, stderr, status } = await runExample([process.execPath, "examples/queue-worker.mjs", "90"]);
  expect([stderr, status]).toEqual(["", 0]);
  const lines = stdout.toString().trimEnd().split("\n");
  expect(lines.map((line) => line.slice(0, 14).trimEnd())).toEqual([
    "resize",
    "send mail",
    "index",
    "outside tasks",
    "other threads",
    "process",
  ]);
  const cpuSeconds = lines.map((line) => Number(/([\d.]+) s CPU/u.exec(line)?.[1]));
  const whole = cpuSeconds.pop() ?? Number.NaN;
  expect(cpuSeconds.reduce((sum, seconds) => sum + seconds, 0)).toBeCloseTo(whole, 2);
  expect(cpuSeconds[0]).toBeGreaterThan(cpuSeconds[1] ?? Number.NaN);
  expect(joulesOf(lines[0])).toBeGreaterThan(joulesOf(lines[1]));
});

test("a batch job charges each of its parts with its own worker thread", async () => {
  const { stdout, stderr, status } = await runExample([process.execPath, "examples/batch-with-workers.mjs", "3"]);
  expect([stderr, status]).toEqual(["", 0]);
  const lines = stdout.toString().trimEnd().split("\n");
  expect(lines.map((line) => line.split(",")[0])).toEqual([
    "primes below 300000    25997 found",
    "primes below 600000    49098 found",
    "primes below 900000    71274 found",
  ]);
  expect(joulesOf(lines[2])).toBeGreaterThan(joulesOf(lines[0]));
});

test("a training loop says after each epoch what it took, in joules and in grams with their interval", async () => {
  const { stdout, stderr, status } = await runExample([process.execPath, "examples/training-loop.mjs", "2"]);
  expect([stderr, status]).toEqual(["", 0]);
  const lines = stdout.toString().trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  for (const line of lines)
    expect(line).toMatch(
      /^epoch [12]: y = [\d.]+ x \+ [\d.]+, [\d.]+ s, [\d.]+ J, [\d.e-]+ mg CO2e \(95 %: [\d.e-]+ to [\d.e-]+\)$/u,
    );
});

test("the HTTP service is watched without a change to it", async () => {
  const { stdout, stderr, status } = await runExample(
    [process.execPath, "--import", "./dist/register.js", "examples/http-service.mjs", "1.5"],
    { CARBON_OPS_SUMMARY: "stderr", CARBON_OPS_ROUTES: "/health,/search,/report" },
  );
  expect(status).toBe(0);
  expect(stdout.toString()).toMatch(/^\/health +\d+ answers\n\/search +\d+ answers\n\/report +\d+ answers\n$/u);
  expect(stderr.match(/GET \S+/gu)?.sort()).toEqual(["GET /health", "GET /report", "GET /search"]);
});

test("a job in CI passes within its budget, and fails with status 3 above it", async () => {
  const work = [process.execPath, "examples/cpu-bound.mjs", "300000"];
  const within = await runExample(["examples/ci-budget.sh", "100", ...work]);
  expect(within.status).toBe(0);
  const above = await runExample(["examples/ci-budget.sh", "0.000000001", ...work]);
  expect(above.status).toBe(3);
  expect(above.stdout.toString()).toBe(within.stdout.toString());
});
