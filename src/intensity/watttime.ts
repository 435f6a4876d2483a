import { CarbonOpsError } from "../errors.ts";
import type { HttpAnswer } from "./http/exchange.ts";
import { invalidAnswer, objectOf, type ServiceVoice, shownBody, statusError } from "./http/service-answer.ts";
import type { IntensityKind } from "./intensity.ts";
import { textIn } from "./json-values.ts";
import { dayMs, type FetchedPeriods, type FetchRequest, type PeriodSource } from "./period-source.ts";
import { type WattTimeZone, wattTimeZone } from "./provider-zones.ts";
import { endpointOf, type ServiceSettings, secondsIso } from "./service.ts";
import { judgedWattTime, wattTimeAnswer, wattTimeSettleMs } from "./watttime-answer.ts";
import { type WattTimeLogin, type WattTimeSession, wattTimeSession } from "./watttime-session.ts";

export const wattTimeUrl = "https://api.watttime.org";

export interface WattTimeSettings extends ServiceSettings, WattTimeLogin {
  /** "marginal" alone unless said otherwise: the average rates (co2_aoer) are direct emissions of production. */
  readonly kinds?: readonly IntensityKind[];
}

const signals: Readonly<Record<IntensityKind, string>> = { average: "co2_aoer", marginal: "co2_moer" };

/** Marginal (and on request average) rates of WattTime, version 3: direct CO2, in steps of five minutes or an hour. */
export function wattTime(settings: WattTimeSettings): PeriodSource {
  const session = wattTimeSession(settings);
  const regionByPlace = new Map<string, Promise<string>>();
  return {
    id: "watttime",
    kinds: settings.kinds ?? ["marginal"],
    variant: settings.baseUrl,
    // 32 days a call with both ends counted: 31 leave room for the last step.
    longestFetchMs: 31 * dayMs,
    horizonMs: 0,
    settleMs: wattTimeSettleMs,
    async providerZone(zone, kind) {
      const known = wattTimeZone(zone, kind, settings.zones);
      if ("region" in known) return known.region;
      const key = `${signals[kind]} ${known.latitude}/${known.longitude}`;
      const region = regionByPlace.get(key) ?? regionOf(known, signals[kind], session, settings);
      regionByPlace.set(key, region);
      return region.catch((error: unknown) => {
        regionByPlace.delete(key);
        throw error;
      });
    },
    fetch: (request) => fetchPoints(request, session, settings),
    describe: (kind) => ({
      scope: "direct",
      basis: "production",
      source: `WattTime, ${signals[kind]}`,
      licence: "WattTime terms of the account's plan",
    }),
    judge: (zone, kind, providerZone, periods) => judgedWattTime(zone, kind, providerZone, periods),
  };
}

/** A token that the service no longer takes is renewed once a question. */
async function authorisedGet(
  url: URL,
  signal: AbortSignal | undefined,
  session: WattTimeSession,
  { http, counters }: WattTimeSettings,
): Promise<HttpAnswer> {
  const ask = async (token: string): Promise<HttpAnswer> =>
    http.get({ url, headers: { authorization: `Bearer ${token}` }, signal, counters });
  const token = await session.token();
  const answer = await ask(token);
  if (answer.status !== 401) return checked(answer, session.voice());
  return checked(await ask(await session.renewed(token)), session.voice());
}

function checked(answer: HttpAnswer, voice: ServiceVoice): HttpAnswer {
  if (answer.status === 200) return answer;
  const said = shownBody(answer, voice);
  if (answer.status === 401) {
    throw new CarbonOpsError(
      "INTENSITY_CREDENTIALS",
      `WattTime refuses a token that it has just issued (${said}); check the account.`,
    );
  }
  if (answer.status === 403 && /scope|access/i.test(answer.text) && !/^\s*</.test(answer.text)) {
    throw new CarbonOpsError(
      "INTENSITY_PLAN",
      `The WattTime account's plan does not cover this region or signal (${said}); another provider may answer.`,
    );
  }
  throw statusError(answer, voice);
}

async function regionOf(
  place: Exclude<WattTimeZone, { readonly region: string }>,
  signalType: string,
  session: WattTimeSession,
  settings: WattTimeSettings,
): Promise<string> {
  const url = urlOf(settings, "region-from-loc", {
    signal_type: signalType,
    latitude: String(place.latitude),
    longitude: String(place.longitude),
  });
  const answer = await authorisedGet(url, undefined, session, settings);
  const voice = session.voice();
  const region = textIn(objectOf(answer, voice), "region");
  if (region === null || region === "") throw invalidAnswer(voice, "no region for the place");
  return region;
}

async function fetchPoints(
  { kind, providerZone, startMs, endMs, signal }: FetchRequest,
  session: WattTimeSession,
  settings: WattTimeSettings,
): Promise<FetchedPeriods> {
  const signalType = signals[kind];
  const url = urlOf(settings, "historical", {
    region: providerZone,
    signal_type: signalType,
    start: secondsIso(startMs),
    // Both ends count, and the next stretch begins at this one's end.
    end: secondsIso(endMs - 1000),
    include_imputed_marker: "true",
  });
  const answer = await authorisedGet(url, signal, session, settings);
  const nowMs = settings.clock.wallMs();
  const { periods, model } = wattTimeAnswer(answer, session.voice(), {
    region: providerZone,
    signalType,
    nowMs,
  });
  return {
    periods,
    retrievedAtMs: nowMs,
    serverDateMs: answer.serverDateMs,
    bodySha256: answer.sha256,
    endpoint: endpointOf(url),
    providerVersion: `WattTime API v3, model ${model}`,
  };
}

function urlOf({ baseUrl }: WattTimeSettings, path: string, query: Readonly<Record<string, string>>): URL {
  return new URL(`${baseUrl.replace(/\/+$/, "")}/v3/${path}?${new URLSearchParams(query).toString()}`);
}
