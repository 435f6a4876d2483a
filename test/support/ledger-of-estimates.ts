import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CarbonEstimator, type CarbonEstimatorOptions, type SpanEnergy } from "../../src/carbon/estimator.ts";
import { Ledger, loadOrCreateSigningKey } from "../../src/ledger/index.ts";
import { buildCarbonEstimateRecord, type CarbonEstimateRecord } from "../../src/record/carbon-estimate-record.ts";
import { cleanEnvironment, temporaryDirectory } from "./program.ts";

/** The hour that the examples are of, long ago for every service. */
const hourOfTask = { startTs: "2026-03-08T10:00:00Z", endTs: "2026-03-08T11:00:00Z" };

export const hourOfTaskMs = Date.parse(hourOfTask.startTs);

export async function estimateRecord(
  options: CarbonEstimatorOptions = {},
  span: Partial<SpanEnergy> = {},
): Promise<CarbonEstimateRecord> {
  const estimator = new CarbonEstimator({ region: "DE", pue: 1, ...options });
  const estimate = await estimator.estimateOverSpan({ ...hourOfTask, energyWh: 1000, ...span });
  return buildCarbonEstimateRecord({ type: "span", name: "train", estimate });
}

/** A directory that is a user's home, with that user's key and a ledger of these records. */
export async function homeWithLedger(records: readonly CarbonEstimateRecord[]): Promise<{
  readonly home: string;
  readonly path: string;
}> {
  const home = temporaryDirectory();
  const path = join(home, "carbon.ndjson");
  const { signer } = await loadOrCreateSigningKey(join(home, ".config", "carbon-ops", "ledger.key"));
  await using ledger = await Ledger.create(path, { signer });
  for (const record of records) await ledger.append(record);
  return { home, path };
}

const recordOfAnyKind = z.looseObject({
  kind: z.string(),
  grams: z.number().optional(),
  restates: z.looseObject({ seq: z.number(), line_hash: z.string() }).optional(),
  replaces: z.looseObject({ seq: z.number(), line_hash: z.string() }).optional(),
  reason: z.string().optional(),
  difference_grams: z.number().optional(),
  record: z.looseObject({ grams: z.number(), status: z.string() }).optional(),
});

export function recordsIn(path: string) {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => recordOfAnyKind.parse(z.object({ record: z.unknown() }).parse(JSON.parse(line)).record));
}

/** Settings for a service on this machine in the place of Electricity Maps. */
export function electricityMapsAt(url: string): Record<string, string> {
  return { CARBON_OPS_ELECTRICITY_MAPS_TOKEN: "em-SECRET-0123456789", CARBON_OPS_ELECTRICITY_MAPS_URL: `${url}/v4` };
}

/** Proxies that lead nowhere: whatever goes over a network fails. */
export function withoutNetwork(home: string): Record<string, string> {
  const nowhere = "http://127.0.0.1:9";
  return {
    ...cleanEnvironment(home),
    HTTPS_PROXY: nowhere,
    HTTP_PROXY: nowhere,
    https_proxy: nowhere,
    http_proxy: nowhere,
    ALL_PROXY: nowhere,
  };
}
