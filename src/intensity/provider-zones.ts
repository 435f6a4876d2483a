import { CarbonOpsError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { wideAreaRows } from "./wide-areas.ts";

/**
 * Which of a provider's zones stands for one of ours. The tables are data that a user overrides: `electricity-maps/NO=NO-NO2`,
 * `watttime/DE=DE` or `watttime/KE=-1.29/36.82` (a place), `uk-carbon-intensity/GB=regionid:13` or `=postcode:EC1`. What was
 * used stands in every estimate.
 */
export type ZoneOverrides = Readonly<Record<string, string>>;

const providersWithZones: readonly string[] = ["electricity-maps", "watttime", "uk-carbon-intensity"];

/** Throws CONFIG_INVALID for a key that is no provider/zone, and for a zone that the provider cannot have: it would have no effect. */
export function refuseWrongZones(overrides: ZoneOverrides): void {
  for (const key of Object.keys(overrides)) {
    const [, provider = "", zone = ""] = /^([^/]*)\/(.+)$/.exec(key) ?? [];
    if (zone === "") {
      throw wrongZone(
        `holds "${key}", but must hold pairs of the form provider/zone=its-zone, such as watttime/GB=UK.`,
      );
    }
    if (!providersWithZones.includes(provider)) {
      const suggestion = nearest(provider, providersWithZones);
      const hint = suggestion === null ? `those are ${providersWithZones.join(", ")}.` : `did you mean ${suggestion}?`;
      throw wrongZone(`names "${provider}", which is no provider with zones of its own; ${hint}`);
    }
    if (provider === "uk-carbon-intensity") ukZone(zone, overrides);
  }
}

function wrongZone(what: string): CarbonOpsError {
  return new CarbonOpsError("CONFIG_INVALID", `The setting intensityZones ${what}`);
}

function overridden(provider: string, zone: string, overrides: ZoneOverrides): string | null {
  const key = `${provider}/${zone}`;
  return Object.hasOwn(overrides, key) ? (overrides[key] ?? null) : null;
}

const wideAreas: readonly string[] = wideAreaRows.map(([name]) => name);

/** Our keys are its keys, except for areas that are no grid. */
export function electricityMapsZone(zone: string, overrides: ZoneOverrides): string {
  const named = overridden("electricity-maps", zone, overrides);
  if (named !== null) return named;
  if (wideAreas.includes(zone)) throw noZone("electricity-maps", zone, `electricity-maps/${zone}=DE`);
  return zone;
}

/** "national", "regionid:13" or "postcode:EC1". */
export function ukZone(zone: string, overrides: ZoneOverrides): string {
  const named = overridden("uk-carbon-intensity", zone, overrides);
  if (named === null && zone === "GB") return "national";
  if (named === null) throw noZone("uk-carbon-intensity", zone, "uk-carbon-intensity/GB=regionid:13");
  if (/^(national|regionid:([1-9]|1[0-7])|postcode:[A-Za-z]{1,2}\d[A-Za-z\d]?)$/.test(named)) return named;
  throw new CarbonOpsError(
    "CONFIG_INVALID",
    `The zone uk-carbon-intensity/${zone} is "${named}", but must be national, regionid:1 to regionid:17, or postcode: with an outward code such as EC1.`,
  );
}

/** A region of WattTime by its name, or a place that it is asked for. */
export type WattTimeZone = { readonly region: string } | { readonly latitude: number; readonly longitude: number };

export function wattTimeZone(zone: string, kind: "average" | "marginal", overrides: ZoneOverrides): WattTimeZone {
  const named = overridden("watttime", zone, overrides);
  if (named !== null) return placeIn(named) ?? { region: named };
  const region = marginalRegions.get(zone);
  // Regions of the average signal are others: only a place can be asked for.
  if (region !== undefined && kind === "marginal") return { region };
  const place = places.get(zone);
  if (place !== undefined) return { latitude: place[0], longitude: place[1] };
  throw noZone("watttime", zone, `watttime/${zone}=51.5/-0.1`);
}

/** "51.05/-114.07": degrees north and east. */
function placeIn(text: string): WattTimeZone | null {
  const [, latitude, longitude] = /^(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (latitude === undefined || longitude === undefined) return null;
  return { latitude: Number(latitude), longitude: Number(longitude) };
}

function noZone(provider: string, zone: string, example: string): CarbonOpsError {
  return new CarbonOpsError(
    "INTENSITY_NO_DATA",
    `The provider ${provider} has no zone for ${zone}; name one in the setting intensityZones, such as ${example}.`,
  );
}

/**
 * WattTime's regions of co2_moer where our zones lie, after the Green Software Foundation's Real Time Cloud metadata. Where a
 * zone has several, the one with the largest cloud region.
 */
const marginalRegions: ReadonlyMap<string, string> = new Map([
  ["AE", "ARE"],
  ["AT", "AT"],
  ["AU-NSW", "NEM_NSW"],
  ["AU-VIC", "NEM_VIC"],
  ["BE", "BE"],
  ["BH", "BHR"],
  ["BR-CS", "BRA"],
  ["CA-ON", "IESO_NORTH"],
  ["CA-QC", "HQ"],
  ["CH", "CH"],
  ["CL-SEN", "CHL"],
  ["CN", "CHN"],
  ["DE", "DE"],
  ["DK-DK2", "DK"],
  ["ES", "ES"],
  ["FI", "FI"],
  ["FR", "FR"],
  ["GB", "UK"],
  ["GR", "GR"],
  ["HK", "HKG"],
  ["ID", "IDN"],
  ["IE", "IE"],
  ["IL", "ISR"],
  ["IN-NO", "IND"],
  ["IN-SO", "IND"],
  ["IN-WE", "IND"],
  ["IT-NO", "IT"],
  ["JP-KN", "JP_KN"],
  ["JP-TK", "JP_TK"],
  ["KR", "KOR"],
  ["MX", "MX_SIN"],
  ["NL", "NL"],
  ["NZ", "NZL"],
  ["PL", "PL"],
  ["QA", "QAT"],
  ["SA", "SAU"],
  ["SE-SE3", "SE"],
  ["SG", "SGP"],
  ["TW", "TWN"],
  ["US-CAL-CISO", "CAISO_NORTH"],
  ["US-CAL-LDWP", "LDWP"],
  ["US-CAR-SCEG", "SC"],
  ["US-MIDA-PJM", "PJM_DC"],
  ["US-MIDW-MISO", "MISO_MASON_CITY"],
  ["US-NW-BPAT", "BPA"],
  ["US-NW-NEVP", "NEVP"],
  ["US-NW-PACE", "PACE"],
  ["US-SE-SOCO", "SOCO"],
  ["US-SW-AZPS", "AZPS"],
  ["US-TEX-ERCO", "ERCOT_NORTHCENTRAL"],
  ["ZA", "ZAF"],
]);

/** Cities that stand for zones whose region is asked for: degrees north and east. */
const places: ReadonlyMap<string, readonly [latitude: number, longitude: number]> = new Map([
  ["CA-AB", [51.05, -114.07]],
  ["MY-WM", [3.14, 101.69]],
  ["NO-NO1", [59.91, 10.75]],
  ["NO-NO2", [58.97, 5.73]],
  ["TH", [13.75, 100.5]],
  ["US-CAL-CISO", [37.34, -121.89]],
  ["US-CENT-SWPP", [35.47, -97.52]],
  ["US-MIDA-PJM", [39.04, -77.49]],
  ["US-NW-PACW", [45.52, -122.68]],
  ["US-TEX-ERCO", [32.78, -96.8]],
]);
