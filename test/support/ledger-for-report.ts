import { join } from "node:path";
import { Ledger, loadOrCreateSigningKey } from "../../src/ledger/index.ts";
import { buildCarbonEstimateRecord, type CarbonEstimateRecord } from "../../src/record/carbon-estimate-record.ts";
import { shellIn } from "../cli/shell.ts";
import { exampleRun } from "../record/example.ts";
import { temporaryDirectory } from "./program.ts";

/** The record room's example, 0.6 kg or so of CO2e, with some members of another record. */
export async function exampleRecord(members: Partial<CarbonEstimateRecord> = {}): Promise<CarbonEstimateRecord> {
  return { ...buildCarbonEstimateRecord(await exampleRun()), ...members };
}

/** The example at that hour of 2026-03-08, or at another day of it. */
export function beginning(startTs: string): Partial<CarbonEstimateRecord> {
  return { start_ts: startTs, end_ts: new Date(Date.parse(startTs) + 60_000).toISOString() };
}

/** A shell in whose folder lies the ledger a.ndjson, signed by its user's own key. */
export async function shellWithLedger(fill: (ledger: Ledger) => Promise<void>, directory = temporaryDirectory()) {
  const { signer } = await loadOrCreateSigningKey(join(directory, "home/.config/carbon-ops/ledger.key"));
  await using ledger = await Ledger.create(join(directory, "a.ndjson"), { signer });
  await fill(ledger);
  return shellIn(directory);
}

export async function shellWithRecords(...records: readonly Partial<CarbonEstimateRecord>[]) {
  return await shellWithLedger(async (ledger) => {
    for (const members of records) await ledger.append(await exampleRecord(members));
  });
}

/** Names as nobody should choose them. */
export const hostileNames = [
  "</style><script>alert(1)</script>",
  "<img src=https://example.org/x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "&lt;b&gt; &amp; ' \" `",
  "\u202egnp.exe \u0007\u001b[31mred",
  "שלום עולם, مرحبا بالعالم",
  "👩‍👩‍👧‍👦 🚀 e\u0301 日本語のとても長い名前",
  "x".repeat(5000),
] as const;
