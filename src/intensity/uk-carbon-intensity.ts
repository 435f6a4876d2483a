import { invalidAnswer, objectOf, type ServiceVoice, statusError } from "./http/service-answer.ts";
import { instantIn, isTable, type JsonTable, numberIn, tablesIn, textIn } from "./json-values.ts";
import {
  dayMs,
  type FetchedPeriods,
  type FetchRequest,
  hourMs,
  type PeriodSource,
  type SourcePeriod,
} from "./period-source.ts";
import { ukZone } from "./provider-zones.ts";
import { disjoint, endpointOf, type ServiceSettings } from "./service.ts";
import { judgedPeriods, remainder } from "./shared-errors.ts";

export const ukCarbonIntensityUrl = "https://api.carbonintensity.org.uk";

const voice: ServiceVoice = { service: "The UK Carbon Intensity API", secrets: [] };
/** An actual value may be changed for a day or more. */
const settleMs = dayMs;
/** A half-hour that has no actual value by then will not get one. */
const lastActualMs = 30 * dayMs;
const publisherError = 0.05;

/** Half-hourly averages of Great Britain or of one of its regions, combustion only; needs no key. */
export function ukCarbonIntensity(settings: ServiceSettings): PeriodSource {
  return {
    id: "uk-carbon-intensity",
    kinds: ["average"],
    variant: settings.baseUrl,
    // Two calls that share an end stay inside the 14 days of one call.
    longestFetchMs: 13 * dayMs,
    horizonMs: 2 * dayMs,
    settleMs,
    async providerZone(zone) {
      return ukZone(zone, settings.zones);
    },
    fetch: (request) => fetchHalfHours(request, settings),
    describe: (_kind, providerZone) => ({
      scope: "direct",
      basis: "consumption",
      source: `NESO Carbon Intensity API, ${providerZone === "national" ? "Great Britain" : `regional (${providerZone})`}`,
      licence: "CC BY 4.0",
    }),
    judge: (zone, _kind, _providerZone, periods) =>
      judgedPeriods(zone, periods, (period) => ({ own: remainder(totalError(period), publisherError), model: 0 }), {
        source: {
          name: "source",
          sourceId: "intensity.source/provider=uk-carbon-intensity",
          relativeUncertainty: publisherError,
          scope: "everything estimated with this publisher's figures",
          citation: "judgement: fuel factors and import factors of the method, 5 %",
        },
        model: null,
      }),
  };
}

/** The words for a value that is not an actual one; the reference to a forecast's age is in them. */
const lateForecast = "forecast";
const earlyForecast = "forecast, more than an hour ahead";
const regionalForecast = "regional forecast";

/**
 * Relative error in all (judgement, from the public tracking of the forecasts, nmpowell, 1.3 million forecasts: last forecast
 * 7 % or 14 g, up to 48 hours ahead 24 g mean absolute error): actual 7 %; forecast within the hour 8 % or 10 g, earlier 12 % or
 * 25 g, whichever is more; 5 % more where a region's forecast stands for its actual value, which is not published.
 */
function totalError({ estimationMethod, gramsPerKwh }: SourcePeriod): number {
  if (estimationMethod === null) return 0.07;
  const atLeast = (relative: number, grams: number): number =>
    Math.min(1, Math.max(relative, gramsPerKwh === 0 ? 1 : grams / gramsPerKwh));
  const total = estimationMethod.endsWith(earlyForecast) ? atLeast(0.12, 25) : atLeast(0.08, 10);
  return estimationMethod.startsWith("regional") ? total + 0.05 : total;
}

async function fetchHalfHours(
  { providerZone, startMs, endMs, signal }: FetchRequest,
  { http, clock, counters, baseUrl }: ServiceSettings,
): Promise<FetchedPeriods> {
  const range = `intensity/${minutesIso(startMs)}/${minutesIso(endMs)}`;
  const [form = "", id = ""] = providerZone.split(":");
  const path = providerZone === "national" ? range : `regional/${range}/${form}/${encodeURIComponent(id)}`;
  const url = new URL(`${baseUrl.replace(/\/+$/, "")}/${path}`);
  const answer = await http.get({ url, signal, counters });
  if (answer.status !== 200) throw statusError(answer, voice);
  const nowMs = clock.wallMs();
  const body = objectOf(answer, voice);
  const rows =
    providerZone === "national" ? nationalRows(body) : regionalRows(body, form === "regionid" ? Number(id) : null);
  return {
    periods: disjoint(
      rows.map((row) => periodOf(row, providerZone === "national", nowMs)).filter((period) => period !== null),
    ),
    retrievedAtMs: nowMs,
    serverDateMs: answer.serverDateMs,
    bodySha256: answer.sha256,
    endpoint: endpointOf(url),
    providerVersion: "Carbon Intensity API v2",
  };
}

/** "2026-03-10T12:30Z": the service takes no seconds. */
function minutesIso(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 16)}Z`;
}

/** `{}` and `{"data":[]}` are how it says that it has nothing. */
function nationalRows(body: JsonTable): JsonTable[] {
  return rowsIn(body["data"] ?? []);
}

/** The region is an object in some answers and a list of one in others. */
function regionalRows(body: JsonTable, regionId: number | null): JsonTable[] {
  const data = body["data"] ?? [];
  const regions = isTable(data) ? [data] : rowsIn(data);
  const other = regions.find((region) => regionId !== null && numberIn(region, "regionid") !== regionId);
  if (other !== undefined) throw invalidAnswer(voice, `values of another region than ${regionId}`);
  return regions.flatMap((region) => rowsIn(region["data"] ?? []));
}

function rowsIn(data: unknown): JsonTable[] {
  const rows = tablesIn(data);
  if (rows === null) throw invalidAnswer(voice, "no list of half-hours");
  return rows;
}

function periodOf(row: JsonTable, isNational: boolean, nowMs: number): SourcePeriod | null {
  const startMs = instantIn(row, "from");
  const endMs = instantIn(row, "to");
  const { intensity } = row;
  if (!(endMs > startMs && endMs - startMs <= hourMs) || !isTable(intensity)) {
    throw invalidAnswer(voice, "a row that is no half-hour");
  }
  refuseOtherUnit(textIn(row, "unit") ?? textIn(intensity, "unit"));
  const actual = amountIn(intensity, "actual");
  const gramsPerKwh = actual ?? amountIn(intensity, "forecast");
  if (gramsPerKwh === null) return null;
  const isRecent = endMs > nowMs - settleMs;
  const mayGetActual = isNational && actual === null && endMs > nowMs - lastActualMs;
  return {
    startMs,
    endMs,
    gramsPerKwh,
    isEstimated: actual === null,
    estimationMethod: actual === null ? forecastWord(isNational, startMs - nowMs) : null,
    updatedAt: null,
    isProvisional: isRecent || mayGetActual,
  };
}

function forecastWord(isNational: boolean, aheadMs: number): string {
  if (aheadMs > hourMs) return isNational ? earlyForecast : `regional ${earlyForecast}`;
  return isNational ? lateForecast : regionalForecast;
}

function amountIn(intensity: JsonTable, name: string): number | null {
  if (intensity[name] === null || intensity[name] === undefined) return null;
  const amount = numberIn(intensity, name);
  if (amount === null || amount < 0) throw invalidAnswer(voice, "a value that is no intensity");
  return amount;
}

function refuseOtherUnit(unit: string | null): void {
  if (unit !== null && !/^gCO2(e|eq)?\/kWh$/i.test(unit))
    throw invalidAnswer(voice, `values in "${unit.slice(0, 40)}"`);
}
