import type { JudgedPeriods, SourcePeriod } from "./period-source.ts";
import { judgedPeriods, remainder, type ValueError } from "./shared-errors.ts";
import { hourlyVariability } from "./variability.ts";

/** Of the publisher's method and emission factors (IPCC AR5 WG3 annex III), the same in every value. Judgement: 5 to 10 %. */
const publisherError = 0.05;
/** Operator data for the hour, all in all: 5 to 7 %. Judgement. */
const measuredTotal = 0.06;
const measuredOwn = remainder(measuredTotal, publisherError);

/**
 * Totals by the `estimationMethod` of Electricity Maps, the publisher's part inside (judgement; the service publishes none):
 * filled from a forecast 10-15 %; the typical profile of the hour and season: as much as days differ, at least 10 %; a zone's
 * own model or a reconstruction 15-20 %; the general model 20-30 %; a method that is not known 25 %.
 */
export function judgedElectricityMaps(zone: string, periods: readonly SourcePeriod[]): JudgedPeriods {
  return judgedPeriods(zone, periods, (period) => errorOf(zone, period), {
    source: {
      name: "source",
      sourceId: "intensity.source/provider=electricity-maps/live",
      relativeUncertainty: publisherError,
      scope: "everything estimated with this publisher's hourly figures",
      citation: "judgement: emission factors and flow tracing, 5 % (spread of factors: IPCC AR5 WG3, annex III)",
    },
    model: {
      name: "source",
      sourceId: `intensity.model/provider=electricity-maps/zone=${zone}`,
      scope: "the zone's modelled hours",
      citation: "judgement by estimationMethod: reconstruction 17.5 %, general or unknown model 25 % in all",
    },
  });
}

function errorOf(zone: string, { isEstimated, estimationMethod }: SourcePeriod): ValueError {
  const method = (estimationMethod ?? "").replace(/^ESTIMATED_/, "");
  if (!isEstimated) return { own: measuredOwn, model: 0 };
  if (method === "FORECASTS_HIERARCHY") return { own: remainder(0.125, publisherError), model: 0 };
  if (method === "TIME_SLICER_AVERAGE") {
    const { total, withinDay } = hourlyVariability(zone);
    return { own: remainder(Math.max(0.1, remainder(total, withinDay)), publisherError), model: 0 };
  }
  const total = /^(RE)?CONSTRUCT/.test(method) ? 0.175 : 0.25;
  return { own: measuredOwn, model: remainder(total, measuredTotal) };
}
