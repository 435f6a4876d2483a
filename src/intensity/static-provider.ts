import { type Clock, systemClock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import { ageError, marginalModelError, placeError, sourceError, timeError } from "./annual-errors.ts";
import type {
  IntensityError,
  IntensityPeriod,
  IntensityProvider,
  IntensityRequest,
  IntensitySeries,
  TimeInterval,
} from "./intensity.ts";
import {
  marginalRateLicence,
  marginalRateOf,
  marginalRatePeriod,
  marginalRateSource,
  marginalRateYear,
} from "./marginal-rates.ts";
import { findZone, type Zone } from "./zones.ts";

/** Changes whenever a value of the packaged table does. */
const staticTableVersion = "static-2026.1";

/**
 * The packaged table of annual values; it needs no network and no key. The clock says how old a value is when the interval is
 * not known. Rejects with REGION_UNKNOWN for a zone that it does not have, INTENSITY_NO_DATA where no marginal rate is known.
 */
export function staticIntensity(clock: Pick<Clock, "wallMs"> = systemClock): IntensityProvider {
  return {
    id: "static",
    kinds: ["average", "marginal"],
    async series({ kind, interval, zone: zoneKey }: IntensityRequest): Promise<IntensitySeries> {
      const zone = findZone(zoneKey);
      if (zone === undefined) {
        throw new CarbonOpsError(
          "REGION_UNKNOWN",
          `The packaged table has no grid zone "${zoneKey}"; \`carbon-ops regions\` lists those it has.`,
        );
      }
      const moment: Moment = { interval, year: yearOf(interval, clock) };
      return kind === "average" ? averageOf(zone, moment) : marginalOf(zone, moment);
    },
  };
}

interface Moment {
  readonly interval: TimeInterval | null;
  /** Calendar year of the interval's middle, or of now. */
  readonly year: number;
}

function yearOf(interval: TimeInterval | null, clock: Pick<Clock, "wallMs">): number {
  const middleMs = interval === null ? clock.wallMs() : (interval.startMs + interval.endMs) / 2;
  return new Date(middleMs).getUTCFullYear();
}

function averageOf(zone: Zone, { interval, year }: Moment): IntensitySeries {
  const { dataset } = zone;
  return {
    ...annualSeries(zone, "average"),
    scope: "lifecycle",
    basis: dataset.basis,
    source: dataset.source,
    licence: dataset.licence,
    isFallback: zone.isWorld,
    year: dataset.year,
    periods: [annualPeriod(zone.gramsPerKwh, dataset.year, String(dataset.year), interval)],
    errors: present([
      sourceError(dataset.provider),
      zone.isWorld ? null : timeError("average", zone.key, interval),
      ageError(dataset.provider, zone.key, year - dataset.year),
      placeError(zone),
    ]),
  };
}

function marginalOf(zone: Zone, { interval, year }: Moment): IntensitySeries {
  const gramsPerKwh = marginalRateOf(zone.key);
  if (gramsPerKwh === null) {
    throw new CarbonOpsError(
      "INTENSITY_NO_DATA",
      `The packaged table has no marginal rate for ${zone.name} (${zone.key}); a provider such as watttime may have one.`,
    );
  }
  return {
    ...annualSeries(zone, "marginal"),
    scope: "direct",
    basis: "production",
    source: marginalRateSource,
    licence: marginalRateLicence,
    isFallback: false,
    year: marginalRateYear,
    period: marginalRatePeriod,
    periods: [annualPeriod(gramsPerKwh, marginalRateYear, marginalRatePeriod, interval)],
    errors: present([
      marginalModelError(zone.key),
      timeError("marginal", zone.key, interval),
      ageError("watttime", zone.key, year - marginalRateYear),
      placeError(zone),
    ]),
  };
}

/** What all values of the table have in common. */
function annualSeries<Kind extends IntensitySeries["kind"]>({ key, name }: Zone, kind: Kind) {
  return {
    kind,
    providerId: "static",
    providerVersion: staticTableVersion,
    endpoint: null,
    zone: key,
    zoneName: name,
    providerZone: key,
    periodSeconds: null,
    retrievedAt: null,
    bodySha256: null,
    cache: "none" as const,
    cacheAgeSeconds: null,
    isProvisional: false,
    autocorrelationPerHour: 1,
    hourSourceId: `intensity.hour/kind=${kind}/zone=${key}/provider=static`,
  };
}

/** An annual value is never an observation of the interval; its errors are those of the series, it has none of its own. */
function annualPeriod(
  gramsPerKwh: number,
  year: number,
  years: string,
  interval: TimeInterval | null,
): IntensityPeriod {
  const { startMs, endMs } = interval ?? { startMs: Date.UTC(year, 0, 1), endMs: Date.UTC(year + 1, 0, 1) };
  return {
    startMs,
    endMs,
    gramsPerKwh,
    isEstimated: true,
    estimationMethod: `annual value of ${years}`,
    relativeUncertainty: 0,
    updatedAt: null,
  };
}

function present(errors: readonly (IntensityError | null)[]): IntensityError[] {
  return errors.filter((error) => error !== null);
}
