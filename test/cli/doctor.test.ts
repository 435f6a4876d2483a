import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { intensityService } from "../support/intensity-service.ts";
import { energyFile, kernelTree, packageZone, writePowercap, writeProc } from "../support/kernel-tree.ts";
import { electricityMapsAt } from "../support/ledger-of-estimates.ts";
import { carbonOps, cleanEnvironment, programPath, temporaryDirectory } from "../support/program.ts";

const findings = z.looseObject({
  in_use: z.looseObject({ id: z.string(), uncertainty: z.looseObject({ gain_ln_sigma: z.number() }) }).nullable(),
  sources: z.array(
    z.looseObject({ id: z.string(), usable: z.boolean(), why: z.string(), mend: z.string().nullable() }),
  ),
  parts: z.array(z.looseObject({ name: z.string(), usable: z.boolean() })),
});

test("says for each source whether it can be used and why, and which one is in use now", async () => {
  const { status, stdout, stderr } = await carbonOps(["doctor"]);
  const text = stdout.toString();
  expect(status).toBe(0);
  expect(stderr).toBe("");
  for (const word of ["governor", "powercap", "MSR", "power model", "NVML", "In use now", "95 % probability"]) {
    expect(text).toContain(word);
  }
});

test("says the same as JSON", async () => {
  const { stdout } = await carbonOps(["doctor", "--json"]);
  const { sources, in_use, parts } = findings.parse(JSON.parse(stdout.toString()));
  expect(sources.map(({ id }) => id)).toEqual(["governor", "powercap", "msr", "model", "nvml", "hwmon"]);
  expect(sources.find(({ id }) => id === in_use?.id)?.usable).toBe(true);
  expect(parts.map(({ name }) => name)).toContain("flock");
});

const intensityFindings = z.looseObject({
  intensity: z.looseObject({
    providers: z.array(
      z.looseObject({
        id: z.string(),
        is_asked: z.boolean(),
        credentials: z.string(),
        is_reachable: z.boolean().nullable(),
      }),
    ),
    counters: z.record(z.string(), z.looseObject({ requests: z.number() })),
  }),
});

async function doctorOnIntensities(flags: readonly string[], environment: Record<string, string>) {
  const { stdout, stderr } = await carbonOps(["doctor", "--json", ...flags], { environment });
  expect(stdout.toString() + stderr).not.toContain("SECRET");
  return intensityFindings.parse(JSON.parse(stdout.toString())).intensity;
}

test("says which providers of intensities are asked and whether there are credentials, never which, and asks nobody", async () => {
  const service = await intensityService(() => ({ status: 401, body: {} }));
  const { providers } = await doctorOnIntensities([], electricityMapsAt(service.url));
  expect(providers).toMatchObject([
    { id: "electricity-maps", is_asked: true, credentials: "found", is_reachable: null },
    { id: "static", is_asked: true, credentials: "not_needed", is_reachable: null },
    { id: "watttime", is_asked: false, credentials: "missing" },
    { id: "uk-carbon-intensity", is_asked: false, credentials: "not_needed" },
  ]);
  expect(service.asked).toEqual([]);
});

test("--online asks them, and says what a service refuses", async () => {
  const service = await intensityService(() => ({ status: 401, body: { message: "em-SECRET-0123456789" } }));
  const { providers, counters } = await doctorOnIntensities(["--online"], electricityMapsAt(service.url));
  expect(providers[0]).toMatchObject({ id: "electricity-maps", is_reachable: false });
  expect(counters["electricity-maps"]?.requests).toBeGreaterThan(0);
});

test("where readable counters are, they are in use", async () => {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0)]);
  const { stdout } = await carbonOps(["doctor", "--json"], { environment: { CARBON_OPS_SYS_ROOT: roots.sys } });
  expect(findings.parse(JSON.parse(stdout.toString())).in_use?.id).toBe("powercap");
});

test("where nothing can be used, it says so and ends with status 1", async () => {
  const roots = kernelTree();
  const environment = { CARBON_OPS_SYS_ROOT: roots.sys, CARBON_OPS_PROC_ROOT: roots.proc };
  const { status, stdout } = await carbonOps(["doctor"], { environment });
  expect(status).toBe(1);
  expect(stdout.toString()).toContain("No energy source can be used");
});

// Only root can give a file to another user's group and drop to that user: continuous integration runs as root.
const nobody = 65_534;
const asRoot = process.getuid?.() === 0 ? [nobody] : [];

test.each(asRoot)("an unprivileged user who follows the advice can measure (uid %i)", (uid) => {
  const roots = kernelTree();
  writeProc(roots);
  writePowercap(roots, [packageZone(0), packageZone(1)]);
  for (const zone of ["intel-rapl:0", "intel-rapl:1"]) chmodSync(energyFile(roots, zone), 0o400);
  const before = doctorAs(uid, roots.sys, roots.proc);
  const powercap = before.sources.find(({ id }) => id === "powercap");
  expect(before.in_use?.id).toBe("model");
  expect(powercap?.usable).toBe(false);
  expect(powercap?.mend).toContain('sudo chgrp "$(id -g)"');
  // What sudo would do, done by root with the user's group.
  const command = (powercap?.mend ?? "false").replaceAll("sudo ", "").replaceAll('"$(id -g)"', String(uid));
  expect(spawnSync("sh", ["-c", command]).status).toBe(0);
  expect(doctorAs(uid, roots.sys, roots.proc).in_use?.id).toBe("powercap");
});

function doctorAs(uid: number, sys: string, proc: string) {
  const home = temporaryDirectory();
  const { stdout } = spawnSync(process.execPath, [programPath, "doctor", "--json"], {
    uid,
    gid: uid,
    cwd: "/",
    env: { ...cleanEnvironment(home), CARBON_OPS_SYS_ROOT: sys, CARBON_OPS_PROC_ROOT: proc },
    encoding: "utf8",
  });
  return findings.parse(JSON.parse(stdout));
}
