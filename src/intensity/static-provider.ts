import type { Clock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import { ageError, marginalModelError, placeError, sourceError, timeError } from "./annual-errors.ts";
import type { IntensityError, IntensityProvider, IntensityValue, TimeInterval } from "./intensity.ts";
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

/** The packaged table of annual values. The clock says how old a value is when the interval is not known. */
export function staticIntensity(clock: Pick<Clock, "wallMs">): IntensityProvider {
  return {
    id: "static",
    async intensityFor(interval, zoneKey) {
      const zone = findZone(zoneKey);
      if (zone === undefined) {
        throw new CarbonOpsError(
          "REGION_UNKNOWN",
          `The packaged table has no grid zone "${zoneKey}"; \`carbon-ops regions\` lists those it has.`,
        );
      }
      const moment: Moment = { interval, year: yearOf(interval, clock) };
      return { average: averageOf(zone, moment), marginal: marginalOf(zone, moment) };
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

function averageOf(zone: Zone, { interval, year }: Moment): IntensityValue {
  const { dataset } = zone;
  return {
    gramsPerKwh: zone.gramsPerKwh,
    kind: "average",
    scope: "lifecycle",
    basis: dataset.basis,
    year: dataset.year,
    period: String(dataset.year),
    source: dataset.source,
    providerVersion: staticTableVersion,
    licence: dataset.licence,
    // An annual average is never an observation of the interval.
    isEstimated: true,
    isFallback: zone.isWorld,
    retrievedAt: null,
    zone: zone.key,
    zoneName: zone.name,
    errors: present([
      sourceError(dataset.provider),
      zone.isWorld ? null : timeError("average", zone.key, interval),
      ageError(dataset.provider, zone.key, year - dataset.year),
      placeError(zone),
    ]),
  };
}

function marginalOf(zone: Zone, { interval, year }: Moment): IntensityValue | null {
  const gramsPerKwh = marginalRateOf(zone.key);
  if (gramsPerKwh === null) return null;
  return {
    gramsPerKwh,
    kind: "marginal",
    scope: "direct",
    basis: "production",
    year: marginalRateYear,
    period: marginalRatePeriod,
    source: marginalRateSource,
    providerVersion: staticTableVersion,
    licence: marginalRateLicence,
    isEstimated: true,
    isFallback: false,
    retrievedAt: null,
    zone: zone.key,
    zoneName: zone.name,
    errors: present([
      marginalModelError(zone.key),
      timeError("marginal", zone.key, interval),
      ageError("watttime", zone.key, year - marginalRateYear),
      placeError(zone),
    ]),
  };
}

function present(errors: readonly (IntensityError | null)[]): IntensityError[] {
  return errors.filter((error) => error !== null);
}
