import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { carbonOps, endOf, startCarbonOps, temporaryDirectory } from "../support/program.ts";
import { parseRunResult } from "../support/run-result.ts";

const truth = z.looseObject({
  elapsed_ns: z.string(),
  host_microjoules: z.string(),
  physical_microjoules: z.string(),
  wraps: z.number(),
  domains: z.array(z.looseObject({ id: z.string(), counts: z.string(), raw: z.string(), counted: z.boolean() })),
});

test("for its duration it keeps counters moving, and prints the truth: power times time", async () => {
  const directory = join(temporaryDirectory(), "host");
  const argv = ["simulate", "powercap", "--dir", directory, "--watts", "200", "--with", "dram", "--duration", "0.5"];
  const { status, stdout, stderr } = await carbonOps(argv);
  const found = truth.parse(JSON.parse(stdout.toString()));
  expect(status).toBe(0);
  expect(stderr).toContain(`CARBON_OPS_SYS_ROOT=${directory}/sys`);
  expect(found).toMatchObject({ elapsed_ns: "500000000", physical_microjoules: "100000000" });
  const counted = found.domains.filter((domain) => domain.counted);
  expect(Number(found.host_microjoules)).toBeGreaterThan(100e6 - 61.1 * counted.length - 300);
});

test("asked by SIGUSR1 it prints the truth on one line, and ended by SIGINT once more; status 0", async () => {
  const directory = join(temporaryDirectory(), "host");
  const child = startCarbonOps(["simulate", "msr", "--dir", directory, "--watts", "50,100", "--step-seconds", "0.1"]);
  const ended = endOf(child);
  if (child.stderr !== null) await once(child.stderr, "data");
  child.kill("SIGUSR1");
  if (child.stdout !== null) await once(child.stdout, "data");
  child.kill("SIGINT");
  const { status, stdout } = await ended;
  const [line = "", ...rest] = stdout.toString().split("\n");
  const [asked, last] = [truth.parse(JSON.parse(line)), truth.parse(JSON.parse(rest.join("\n")))];
  expect(status).toBe(0);
  expect(BigInt(last.host_microjoules)).toBeGreaterThanOrEqual(BigInt(asked.host_microjoules));
  const file = readFileSync(join(directory, "dev", "cpu", "0", "msr"));
  expect(file.readUInt32LE(0x611)).toBe(Number(last.domains[0]?.raw));
});

test("a command that is run beside it is charged with the simulated host's energy", async () => {
  const cwd = temporaryDirectory();
  const directory = join(cwd, "host");
  const options = ["--watts", "90", "--with", "dram,core,psys,mmio", "--below-wrap", "30"];
  const child = startCarbonOps(["simulate", "powercap", "--dir", directory, ...options]);
  const ended = endOf(child);
  if (child.stderr !== null) await once(child.stderr, "data");
  await carbonOps(["run", "--json", "r.json", "--quiet", "--energy-source", "powercap", "--", "sleep", "1.5"], {
    cwd,
    environment: { CARBON_OPS_SYS_ROOT: join(directory, "sys") },
  });
  child.kill("SIGTERM");
  expect((await ended).status).toBe(0);
  const { energy } = parseRunResult(readFileSync(join(cwd, "r.json"), "utf8"));
  const joules = energy.energy_wh_total * 3600;
  expect(energy.gaps).toBe(0);
  expect(joules).toBeGreaterThan(90 * 1.4);
  expect(joules).toBeLessThan(90 * 2.6);
});

test("a recording is played", async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "power.csv"), "0,10\n0.1,30\n");
  const argv = ["simulate", "powercap", "--dir", "host", "--recorded", "power.csv", "--duration", "0.4"];
  const { stdout } = await carbonOps(argv, { cwd });
  expect(truth.parse(JSON.parse(stdout.toString())).physical_microjoules).toBe("8000000");
});

test.each([
  [["--packages", "9"], "--packages"],
  [["--with", "dram,flux"], "--with"],
  [["--quirks", "odd"], "--quirks"],
  [["--watts", "much"], "--watts"],
  [["--mode", "999"], "--mode"],
  [["--fault", "melt@3"], "melt@3"],
  [["--fault", "eio@0=intel-rapl:7"], "here, eio can befall intel-rapl:0"],
  [["--fault", "reset@1=cpu0"], "here, reset can befall intel-rapl:0"],
  [["--seed", "x"], "--seed"],
  [["--step-seconds", "x"], "--step-seconds"],
  [["--vendor", "amd", "--with", "dram"], "--with"],
  [["--recorded", "not-there.csv"], "not-there.csv"],
])("%s is refused in one sentence, with status 2", async (options, word) => {
  const { status, stderr } = await carbonOps([
    "simulate",
    "powercap",
    "--dir",
    "host",
    "--duration",
    "0.1",
    ...options,
  ]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(stderr).toContain(word);
});

test("registers that would lie upon each other in a plain file are refused: AMD's core upon the package", async () => {
  const argv = ["simulate", "msr", "--dir", "host", "--duration", "0.1", "--vendor", "amd", "--with", "core"];
  const { status, stderr } = await carbonOps(argv);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^carbon-ops: --with is "core", and must be left out with AMD's registers[^\n]+\n$/);
});

test("a host with another vendor's dies than this machine's says what makes its readers count them", async () => {
  const directory = join(temporaryDirectory(), "host");
  const heard = await Promise.all(
    ["intel", "amd"].map(async (vendor) => {
      const options = ["--vendor", vendor, "--with", "dies", "--duration", "0.1"];
      return (await carbonOps(["simulate", "powercap", "--dir", join(directory, vendor), ...options])).stderr;
    }),
  );
  const warned = heard.filter((stderr) =>
    stderr.includes("readers of the real /proc, as run and top are, count it wrongly"),
  );
  // One of the two is this machine's own, except on a machine of a third vendor.
  expect(warned.length).toBeGreaterThan(0);
  expect(warned.every((stderr) => stderr.includes(`CARBON_OPS_PROC_ROOT=${directory}`))).toBe(true);
});
