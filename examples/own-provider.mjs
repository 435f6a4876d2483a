/**
 * A provider of carbon intensities of your own: here a site with solar panels, whose meter knows what it drew from the roof.
 * Needs a build (`npm run build`); in your own program the import is "carbon-ops".
 * Usage: node examples/own-provider.mjs
 */
import { CarbonEstimator, openIntensity } from "../dist/index.js";

const hourMs = 3_600_000;

/** Grams per kilowatt-hour by hour of the day in UTC; a real one would ask a meter or a service. */
const gramsByHour = Array.from({ length: 24 }, (_, hour) => (hour >= 9 && hour < 16 ? 40 : 340));

const roof = {
  id: "our-roof",
  kinds: ["average"],
  async series({ kind, interval, zone }) {
    if (zone !== "DE") throw new Error(`The roof is in DE, not in ${zone}.`);
    if (interval === null) throw new Error("The roof's values are hourly, and the time is not known.");
    const periods = [];
    for (let startMs = Math.floor(interval.startMs / hourMs) * hourMs; startMs < interval.endMs; startMs += hourMs) {
      periods.push({
        startMs,
        endMs: startMs + hourMs,
        gramsPerKwh: gramsByHour[new Date(startMs).getUTCHours()],
        isEstimated: false,
        estimationMethod: null,
        relativeUncertainty: 0.03,
        updatedAt: null,
      });
    }
    return {
      kind,
      scope: "lifecycle",
      basis: "consumption",
      source: "Site meter and supplier's mix",
      providerId: "our-roof",
      providerVersion: "1",
      endpoint: null,
      licence: "internal",
      zone,
      zoneName: "Our site",
      providerZone: "roof",
      isFallback: false,
      periodSeconds: 3600,
      year: null,
      retrievedAt: new Date().toISOString(),
      bodySha256: null,
      cache: "none",
      cacheAgeSeconds: null,
      isProvisional: false,
      periods,
      errors: [
        {
          name: "source",
          sourceId: "intensity.source/provider=our-roof",
          relativeUncertainty: 0.05,
          scope: "everything estimated with our meter",
          citation: "data sheet of the meter, class 1, and the supplier's statement",
        },
      ],
      autocorrelationPerHour: 0.9,
      hourSourceId: `intensity.hour/kind=${kind}/zone=${zone}/provider=our-roof`,
    };
  },
};

// Asked first; the packaged table stands behind it, for other places and for the marginal rate.
const intensity = openIntensity({}, { environment: process.env, providers: [roof] });
const span = { startTs: "2026-06-01T08:30:00Z", endTs: "2026-06-01T09:30:00Z" };

const { average, marginal } = await intensity.lookup(
  { startMs: Date.parse(span.startTs), endMs: Date.parse(span.endTs) },
  "DE",
);
for (const { providerId, kind, outcome, reason } of [...average.attempts, ...marginal.attempts]) {
  console.log(`${kind}: ${providerId} ${outcome}${reason === null ? "" : ` (${reason})`}`);
}
const estimator = new CarbonEstimator({ region: "DE", intensity, pue: 1, wallFactor: 1 });
const estimate = await estimator.estimateOverSpan({ energyWh: 1000, ...span });
console.log(`1 kWh from 08:30 to 09:30: ${estimate.grams.toFixed(0)} g, half at 340 and half at 40 g/kWh`);
