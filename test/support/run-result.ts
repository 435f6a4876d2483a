import { z } from "zod";

/** The members of `run --json` that tests look at; more may be there. */
const runResult = z.looseObject({
  name: z.string().nullable(),
  grams: z.number().nullable(),
  region: z.string(),
  pue_used: z.number(),
  labels: z.record(z.string(), z.string()),
  interval: z.looseObject({ lower_grams: z.number(), upper_grams: z.number(), level: z.number() }),
  energy: z.looseObject({
    energy_wh_total: z.number(),
    energy_wh_active: z.number().nullable(),
    energy_wh_task: z.number(),
    energy_source: z.string(),
    energy_provenance: z.string(),
    gaps: z.number(),
  }),
  cpu: z.looseObject({ task_cpu_seconds: z.number(), host_busy_cpu_seconds: z.number() }),
  memory: z.looseObject({ peak_resident_bytes: z.number().nullable() }),
  command: z.looseObject({
    exit_status: z.number(),
    signal: z.string().nullable(),
    processes_left_running: z.number(),
  }),
  exit_status: z.number(),
  ledger: z.looseObject({ path: z.string(), seq: z.number() }).nullable(),
});

export type RunResult = z.infer<typeof runResult>;

export function parseRunResult(json: string): RunResult {
  return runResult.parse(JSON.parse(json));
}
