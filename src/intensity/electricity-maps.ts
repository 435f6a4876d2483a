import { CarbonOpsError } from "../errors.ts";
import { electricityMapsPeriods, electricityMapsSettleMs } from "./electricity-maps-answer.ts";
import { judgedElectricityMaps } from "./electricity-maps-errors.ts";
import type { HttpAnswer } from "./http/exchange.ts";
import { jsonOf, type ServiceVoice, shownBody, statusError } from "./http/service-answer.ts";
import { isTable } from "./json-values.ts";
import { dayMs, type FetchedPeriods, type FetchRequest, hourMs, type PeriodSource } from "./period-source.ts";
import { electricityMapsZone } from "./provider-zones.ts";
import { endpointOf, type ServiceSettings, secondsIso } from "./service.ts";

export interface ElectricityMapsSettings extends ServiceSettings {
  readonly token: string;
  readonly emissionFactorType?: "lifecycle" | "direct";
}

export const electricityMapsUrl = "https://api.electricitymaps.com/v4";

/** Hourly averages with imports traced (version 4 of the service; a base URL ending in /v3 is asked and read as version 3). */
export function electricityMaps(settings: ElectricityMapsSettings): PeriodSource {
  const { emissionFactorType = "lifecycle", zones, baseUrl } = settings;
  return {
    id: "electricity-maps",
    kinds: ["average"],
    variant: `${baseUrl} ${emissionFactorType}`,
    // `past-range` takes 10 days of hours.
    longestFetchMs: 10 * dayMs,
    horizonMs: 0,
    settleMs: electricityMapsSettleMs,
    async providerZone(zone) {
      return electricityMapsZone(zone, zones);
    },
    fetch: (request) => fetchHours(request, { ...settings, emissionFactorType }),
    describe: () => ({
      scope: emissionFactorType,
      basis: "consumption",
      source: `Electricity Maps, hourly carbon intensity (${emissionFactorType})`,
      licence: "Electricity Maps terms of the key's plan",
    }),
    judge: (zone, _kind, _providerZone, periods) => judgedElectricityMaps(zone, periods),
  };
}

type Settings = ElectricityMapsSettings & Required<Pick<ElectricityMapsSettings, "emissionFactorType">>;

/** Every plan has the trailing 24 hours under `history`; older hours are under `past-range`, which is paid for. */
async function fetchHours(request: FetchRequest, settings: Settings): Promise<FetchedPeriods> {
  const trailingFromMs = Math.ceil(settings.clock.wallMs() / hourMs) * hourMs - 23 * hourMs;
  if (request.startMs >= trailingFromMs) return ask("history", request, settings);
  try {
    return await ask("past-range", request, settings);
  } catch (error) {
    const isPlan = error instanceof CarbonOpsError && error.code === "INTENSITY_PLAN";
    if (!isPlan || request.endMs <= trailingFromMs) throw error;
    return ask("history", request, settings);
  }
}

async function ask(
  temporality: "history" | "past-range",
  { providerZone, startMs, endMs, signal }: FetchRequest,
  { http, clock, counters, baseUrl, token, emissionFactorType }: Settings,
): Promise<FetchedPeriods> {
  const voice = { service: "Electricity Maps", secrets: [token] };
  const version = baseUrl.replace(/\/+$/, "").split("/").at(-1) ?? "";
  const url = new URL(`${baseUrl.replace(/\/+$/, "")}/carbon-intensity/${temporality}`);
  url.searchParams.set("zone", providerZone);
  if (temporality === "past-range") {
    url.searchParams.set("start", secondsIso(startMs));
    url.searchParams.set("end", secondsIso(endMs));
  }
  url.searchParams.set("emissionFactorType", emissionFactorType);
  url.searchParams.set("temporalGranularity", "hourly");
  // Without it, a zone that the service does not know is answered for the place of the caller's address.
  if (version === "v3") url.searchParams.set("shouldUseFallbackCallerLookup", "false");
  else url.searchParams.set("disableCallerLookup", "true");
  const answer = await http.get({ url, headers: { "auth-token": token }, signal, counters });
  const nowMs = clock.wallMs();
  const isAbsent = answer.status === 404 && isTable(jsonOf(answer.text));
  if (answer.status !== 200 && !isAbsent) throw refusal(answer, voice, providerZone);
  return {
    periods: isAbsent ? [] : electricityMapsPeriods(answer, voice, { zone: providerZone, emissionFactorType, nowMs }),
    retrievedAtMs: nowMs,
    serverDateMs: answer.serverDateMs,
    bodySha256: answer.sha256,
    endpoint: endpointOf(url),
    providerVersion: `Electricity Maps API ${version}`,
  };
}

/** A status of 401 has two meanings, and only the text tells them apart. */
function refusal(answer: HttpAnswer, voice: ServiceVoice, zone: string): CarbonOpsError {
  if (answer.status !== 401) return statusError(answer, voice);
  if (answer.text.includes("Request unauthorized")) {
    return new CarbonOpsError(
      "INTENSITY_PLAN",
      `The plan of the Electricity Maps key does not cover zone ${zone} at these hours (the key itself is good); another provider may answer.`,
    );
  }
  return new CarbonOpsError(
    "INTENSITY_CREDENTIALS",
    `Electricity Maps refuses the key (${shownBody(answer, voice)}); set a valid one in CARBON_OPS_ELECTRICITY_MAPS_TOKEN.`,
  );
}
