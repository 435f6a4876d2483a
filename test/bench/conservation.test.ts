import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

const result = z.looseObject({
  hostJoules: z.number(),
  processesJoules: z.number(),
  trueCpuSeconds: z.number(),
  attributedCpuSeconds: z.number(),
  largestResidueJoules: z.number(),
  shares: z.array(z.object({ trueCpuSeconds: z.number(), attributedCpuSeconds: z.number() })),
});

const bench = fileURLToPath(new URL("../../bench/conservation.bench.mjs", import.meta.url));

test("processes that fork and die for ten seconds: the parts add up to the host, and each has the CPU time it had", () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    // So short a run leaves each process a tenth of a CPU second, in steps of 10 ms: its own bound is below.
    [bench, "--seconds", "10", "--load", "0.3", "--share-error", "100", "--json"],
    {
      encoding: "utf8",
      timeout: 55_000,
    },
  );
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  const found = result.parse(JSON.parse(stdout));
  expect(found.largestResidueJoules).toBeLessThan(1e-9 * found.hostJoules);
  expect(found.processesJoules).toBeLessThanOrEqual(found.hostJoules);
  // The kernel shows four figures a process, each cut to 10 ms: that, and 2 %, is what a share may be off.
  for (const { trueCpuSeconds, attributedCpuSeconds } of found.shares) {
    expect(attributedCpuSeconds).toBeGreaterThan(trueCpuSeconds * 0.98 - 0.04);
    expect(attributedCpuSeconds).toBeLessThan(trueCpuSeconds * 1.02 + 0.02);
  }
});

test("a share that is further off than promised ends it with status 1, and says how far", () => {
  const { stderr, status } = spawnSync(
    process.execPath,
    [bench, "--seconds", "2", "--processes", "3", "--load", "0.2", "--share-error", "0"],
    { encoding: "utf8", timeout: 55_000 },
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/^\d of 3 shares are more than 0 % off, the worst \d+\.\d\d %\.$/m);
});
