import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { environmentOf, movingHost } from "../support/moving-host.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";

const calibrationResult = z.looseObject({
  path: z.string(),
  was_idle: z.boolean(),
  baseline: z.looseObject({ host: z.string(), watts: z.number(), energy_source: z.string() }),
});

test("the idle power is measured, stored, and used by the next command on this host", async () => {
  const roots = movingHost(25, 0.01);
  const cwd = temporaryDirectory();
  const environment = environmentOf(roots);
  const { status, stdout } = await carbonOps(["calibrate", "--duration", "2s", "--json"], { cwd, environment });
  const result = calibrationResult.parse(JSON.parse(stdout.toString()));
  expect(status).toBe(0);
  expect(result.path).toBe(join(cwd, ".local", "state", "carbon-ops", "baseline.json"));
  expect(result.baseline).toMatchObject({ host: "quiet", energy_source: "powercap" });
  expect(result.baseline.watts).toBeGreaterThan(20);
  expect(result.baseline.watts).toBeLessThan(30);
  const top = await carbonOps(["top", "--once", "--json", "--interval", "0.3"], { cwd, environment });
  expect(JSON.parse(top.stdout.toString())).toMatchObject({
    idle_baseline_origin: "calibrated",
    idle_baseline_watts: result.baseline.watts,
    notes: [],
  });
});

test("a busy host is not stored: it says how busy, and what to do; --force stores it", async () => {
  const roots = movingHost(90, 0.5);
  const cwd = temporaryDirectory();
  const environment = environmentOf(roots);
  const refused = await carbonOps(["calibrate", "--duration", "1s"], { cwd, environment });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/busy for \d\d\.\d % of the time.*--force/);
  const forced = await carbonOps(["calibrate", "--duration", "1s", "--force"], { cwd, environment });
  expect(forced.status).toBe(0);
  expect(forced.stdout.toString()).toContain("not idle");
  expect(readFileSync(join(cwd, ".local", "state", "carbon-ops", "baseline.json"), "utf8")).toContain(
    '"host": "quiet"',
  );
});

test("`run` says that a stored baseline is of another source", async () => {
  const roots = movingHost(25, 0.01);
  const cwd = temporaryDirectory();
  const calibrated = await carbonOps(["calibrate", "--duration", "1s", "--energy-source", "model"], {
    cwd,
    environment: environmentOf(roots),
  });
  expect(calibrated.status).toBe(0);
  // `run` reads this machine's own /proc, so the file is made to speak of this machine.
  const ofThisMachine = readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
  const path = join(cwd, ".local", "state", "carbon-ops", "baseline.json");
  const text = readFileSync(path, "utf8").replace('"quiet"', JSON.stringify(ofThisMachine));
  writeFileSync(path, text);
  const { stderr } = await carbonOps(["run", "--", "sleep", "0.2"], {
    cwd,
    environment: { CARBON_OPS_SYS_ROOT: roots.sys },
  });
  expect(stderr.replace(/\s+/g, " ")).toContain("idle power The stored idle baseline is of another source");
});

test.each(["0", "25h", "soon"])("--duration %s is refused before anything is measured", async (text) => {
  const { status, stderr } = await carbonOps(["calibrate", "--duration", text]);
  expect(status).toBe(2);
  expect(stderr).toContain(`--duration is "${text}", but must be a time from 1s to 24h`);
});
