import type { HttpAnswer } from "./http/exchange.ts";
import { invalidAnswer, objectOf, type ServiceVoice } from "./http/service-answer.ts";
import type { IntensityKind } from "./intensity.ts";
import { instantIn, isTable, type JsonTable, numberIn, tablesIn, textIn } from "./json-values.ts";
import { dayMs, type JudgedPeriods, type SourcePeriod } from "./period-source.ts";
import { disjoint } from "./service.ts";
import { judgedPeriods, remainder } from "./shared-errors.ts";

/** Points are revised for some days. Judgement: the service names no time. */
export const wattTimeSettleMs = 7 * dayMs;

/** g/kWh of 1 lb/MWh: the pound is 453.59237 g (international yard and pound agreement, 1959), and 1 MWh is 1000 kWh. */
const gramsPerKwhOfPoundsPerMwh = 0.453_592_37;

interface AskedFor {
  readonly region: string;
  readonly signalType: string;
  readonly nowMs: number;
}

export interface WattTimePoints {
  readonly periods: SourcePeriod[];
  /** Date and type of the model, as the service names them. */
  readonly model: string;
}

/**
 * The points of `/v3/historical`. A rate of 0 is a value: surplus wind or sun answered the next kilowatt-hour. Throws
 * INTENSITY_ANSWER_INVALID for another region, signal or unit.
 */
export function wattTimeAnswer(answer: HttpAnswer, voice: ServiceVoice, asked: AskedFor): WattTimePoints {
  const body = objectOf(answer, voice);
  const rows = tablesIn(body["data"]);
  const { meta } = body;
  if (rows === null || !isTable(meta)) throw invalidAnswer(voice, "no list of points with their description");
  refuseOther(meta, "region", asked.region, voice);
  refuseOther(meta, "signal_type", asked.signalType, voice);
  refuseOther(meta, "units", "lbs_co2_per_mwh", voice);
  // The second spelling stands in a client of the service.
  const seconds = numberIn(meta, "data_point_period_seconds") ?? numberIn(meta, "data_point_periods_second");
  if (seconds === null || seconds < 60 || seconds > 3600) throw invalidAnswer(voice, "points of unknown length");
  const model = isTable(meta["model"]) ? meta["model"] : {};
  const type = textIn(model, "type") ?? "unknown type";
  const periods = rows.map((row) => periodOf(row, seconds * 1000, type, asked.nowMs, voice));
  return {
    periods: disjoint(periods.filter((period) => period !== null)),
    model: `${textIn(model, "date") ?? "of unknown date"} (${type})`,
  };
}

function refuseOther(meta: JsonTable, name: string, wanted: string, voice: ServiceVoice): void {
  const found = textIn(meta, name);
  if (found === wanted) return;
  const shown = found === null ? "none" : `"${found.slice(0, 40)}"`;
  throw invalidAnswer(voice, `${name} ${shown} instead of "${wanted}"`);
}

function periodOf(
  row: JsonTable,
  lengthMs: number,
  type: string,
  nowMs: number,
  voice: ServiceVoice,
): SourcePeriod | null {
  const startMs = instantIn(row, "point_time");
  if (Number.isNaN(startMs)) throw invalidAnswer(voice, "a point without a time");
  if (row["value"] === null) return null;
  const poundsPerMwh = numberIn(row, "value");
  if (poundsPerMwh === null || poundsPerMwh < 0) throw invalidAnswer(voice, "a value that is no rate");
  return {
    startMs,
    endMs: startMs + lengthMs,
    gramsPerKwh: poundsPerMwh * gramsPerKwhOfPoundsPerMwh,
    // A marginal rate is always modelled: nobody can observe which plant would have answered.
    isEstimated: true,
    estimationMethod: row["imputed_data_used"] === true ? `${type}${imputedMark}` : type,
    updatedAt: textIn(row, "last_updated"),
    isProvisional: startMs + lengthMs > nowMs - wattTimeSettleMs,
  };
}

const imputedMark = ", imputed";

/** In all, by the model's type (judgement): regression 12.5 %, annual average or unknown 25 %, a proxy of another region 35 %. */
const totalByType: Readonly<Record<string, number>> = {
  heatrate: 0.125,
  binned_regression: 0.125,
  average: 0.25,
  proxy: 0.35,
  synthetic_proxy: 0.35,
};
const totalOfUnknown = 0.25;
const moreWhenImputed = 0.1;

/** The model's error is the same in all of a region's points; what was imputed adds an error of its own. */
export function judgedWattTime(
  zone: string,
  kind: IntensityKind,
  region: string,
  periods: readonly SourcePeriod[],
): JudgedPeriods {
  return judgedPeriods(
    zone,
    periods,
    ({ estimationMethod }) => {
      const method = estimationMethod ?? "";
      const isImputed = method.endsWith(imputedMark);
      const model = totalByType[method.replace(imputedMark, "")] ?? totalOfUnknown;
      return { model, own: isImputed ? remainder(model + moreWhenImputed, model) : 0 };
    },
    {
      source: null,
      model: {
        name: "source",
        sourceId: `intensity.model/provider=watttime/kind=${kind}/region=${region}`,
        scope: "everything estimated with this region's rates",
        citation: "judgement by the model's type: regression 12.5 %, average 25 %, proxy 35 %; no ground truth exists",
      },
    },
  );
}
