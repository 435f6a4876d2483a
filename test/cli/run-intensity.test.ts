import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { halfHour, intensityService } from "../support/intensity-service.ts";
import { withoutNetwork } from "../support/ledger-of-estimates.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";

const result = z.looseObject({
  status: z.string(),
  intensity: z.looseObject({ provider_id: z.string() }),
  attempts: z.array(
    z.looseObject({ provider_id: z.string(), kind: z.string(), outcome: z.string(), reason: z.string().nullable() }),
  ),
});

async function run(flags: readonly string[], environment: (cwd: string) => Record<string, string>) {
  const cwd = temporaryDirectory();
  const argv = ["run", "--region", "GB", "--ledger", "l.ndjson", "--json", "r.json", ...flags, "--", "true"];
  const { status, stderr } = await carbonOps(argv, { cwd, environment: environment(cwd) });
  return {
    status,
    stderr: stderr.replace(/\s+/g, " "),
    record: result.parse(JSON.parse(readFileSync(join(cwd, "r.json"), "utf8"))),
  };
}

test("without a network and a key a run works from the packaged table, and says so", async () => {
  const { status, stderr, record } = await run([], withoutNetwork);
  expect(status).toBe(0);
  expect(record.intensity.provider_id).toBe("static");
  expect(record.status).toBe("provisional");
  expect(stderr).toContain("2024 (Ember, Yearly Electricity Data)");
});

test("--intensity uk asks the service for the hours of the run", async () => {
  const service = await intensityService(() => {
    const halfMs = 1_800_000;
    const nowMs = Math.floor(Date.now() / halfMs) * halfMs;
    return { body: { data: [-1, 0, 1].map((step) => halfHour(nowMs + step * halfMs, 150)) } };
  });
  const { record } = await run(["--intensity", "uk"], () => ({ CARBON_OPS_UK_CARBON_INTENSITY_URL: service.url }));
  expect(record.intensity.provider_id).toBe("uk-carbon-intensity");
  expect(record.status).toBe("provisional");
});

test("a service that never answers is not waited for long: the packaged table answers, with the reason on record", async () => {
  const service = await intensityService(() => "silence");
  const { status, stderr, record } = await run(["--intensity", "uk"], () => ({
    CARBON_OPS_UK_CARBON_INTENSITY_URL: service.url,
    CARBON_OPS_INTENSITY_TIMEOUT_SECONDS: "300",
  }));
  expect(status).toBe(0);
  expect(record.intensity.provider_id).toBe("static");
  const [uk] = record.attempts.filter(({ kind }) => kind === "average");
  expect(uk).toMatchObject({ provider_id: "uk-carbon-intensity", outcome: "failed" });
  expect(uk?.reason).toContain("was not waited for longer than 5 s");
  expect(stderr).toContain("no answer uk-carbon-intensity (average)");
});

test("without a network a named service costs nothing but its answer", async () => {
  const { status, record } = await run(["--intensity", "uk"], withoutNetwork);
  expect([status, record.intensity.provider_id]).toEqual([0, "static"]);
});

test("offline, no request is made, and the reason is on record", async () => {
  const service = await intensityService(() => "silence");
  const { record } = await run(["--intensity", "uk", "--offline"], () => ({
    CARBON_OPS_UK_CARBON_INTENSITY_URL: service.url,
  }));
  expect(service.asked).toEqual([]);
  expect(record.attempts[0]?.reason).toContain("Offline mode is on");
});
