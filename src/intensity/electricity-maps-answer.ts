import type { HttpAnswer } from "./http/exchange.ts";
import { invalidAnswer, objectOf, type ServiceVoice } from "./http/service-answer.ts";
import { instantIn, isTable, type JsonTable, numberIn, tablesIn, textIn } from "./json-values.ts";
import { dayMs, hourMs, type SourcePeriod } from "./period-source.ts";
import { disjoint } from "./service.ts";

export interface AskedFor {
  readonly zone: string;
  readonly emissionFactorType: "lifecycle" | "direct";
  readonly nowMs: number;
}

/** Values are replaced by the operators' for two days; what is still estimated then may be replaced later. */
export const electricityMapsSettleMs = 2 * dayMs;

const granularityMs: Readonly<Record<string, number>> = {
  "5_minutes": hourMs / 12,
  "15_minutes": hourMs / 4,
  hourly: hourMs,
};

/**
 * The values in an answer of version 3 or 4: rows under `data`, `history` or `forecast`, or the answer itself. A null value and
 * an empty list are gaps. Throws INTENSITY_ANSWER_INVALID for another zone, sandbox data, other factors, another unit or grain.
 */
export function electricityMapsPeriods(answer: HttpAnswer, voice: ServiceVoice, asked: AskedFor): SourcePeriod[] {
  const body = objectOf(answer, voice);
  if (textIn(body, "error") !== null) return [];
  refuseSandbox(body, voice);
  const rows = rowsOf(body);
  if (rows === null) throw invalidAnswer(voice, "no list of values");
  const periods = rows.map((row) => periodOf({ ...inherited(body), ...row }, voice, asked));
  return disjoint(periods.filter((period) => period !== null));
}

function rowsOf(body: JsonTable): JsonTable[] | null {
  const list = body["data"] ?? body["history"] ?? body["forecast"];
  if (list === undefined) return "carbonIntensity" in body ? [body] : null;
  return tablesIn(list);
}

/** What the answer says once for all of its rows. */
function inherited({ zone, temporalGranularity, emissionFactorType, unit, units }: JsonTable): JsonTable {
  const shared = { zone, temporalGranularity, emissionFactorType, unit, units };
  return Object.fromEntries(Object.entries(shared).filter(([, value]) => value !== undefined));
}

function periodOf(row: JsonTable, voice: ServiceVoice, asked: AskedFor): SourcePeriod | null {
  refuseSandbox(row, voice);
  const zone = textIn(row, "zone");
  if (zone !== asked.zone) throw invalidAnswer(voice, `values of zone ${shown(zone)} instead of ${asked.zone}`);
  const factors = textIn(row, "emissionFactorType") ?? asked.emissionFactorType;
  if (factors !== asked.emissionFactorType) {
    throw invalidAnswer(voice, `${shown(factors)} emission factors instead of ${asked.emissionFactorType} ones`);
  }
  refuseOtherUnit(row["unit"] ?? row["units"], voice);
  const grain = textIn(row, "temporalGranularity") ?? "hourly";
  const lengthMs = granularityMs[grain];
  if (lengthMs === undefined) throw invalidAnswer(voice, `${shown(grain)} values instead of hourly ones`);
  const startMs = instantIn(row, "datetime");
  if (Number.isNaN(startMs)) throw invalidAnswer(voice, "a value without a time");
  if (row["carbonIntensity"] === null) return null;
  const gramsPerKwh = numberIn(row, "carbonIntensity");
  if (gramsPerKwh === null || gramsPerKwh < 0) throw invalidAnswer(voice, "a value that is no intensity");
  const method = textIn(row, "estimationMethod");
  const isEstimated = row["isEstimated"] !== false || (method !== null && method !== "MEASURED");
  return {
    startMs,
    endMs: startMs + lengthMs,
    gramsPerKwh,
    isEstimated,
    estimationMethod: isEstimated ? (method ?? "not stated") : null,
    updatedAt: textIn(row, "updatedAt"),
    isProvisional: isEstimated || startMs + lengthMs > asked.nowMs - electricityMapsSettleMs,
  };
}

function refuseSandbox(row: JsonTable, voice: ServiceVoice): void {
  const marks = `${textIn(row, "_disclaimer") ?? ""} ${textIn(row, "estimationMethod") ?? ""}`;
  if (/sandbox/i.test(marks)) {
    throw invalidAnswer(voice, "made-up values of a sandbox key; use a key of a production plan");
  }
}

function refuseOtherUnit(unit: unknown, voice: ServiceVoice): void {
  const text = isTable(unit) ? unit["carbonIntensity"] : unit;
  if (text === undefined || text === null) return;
  if (typeof text === "string" && /^g ?CO2 ?eq?\/kWh$/i.test(text)) return;
  throw invalidAnswer(voice, `values in ${shown(text)} instead of gCO2eq/kWh`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? `"${value.slice(0, 40)}"` : "an unnamed one";
}
