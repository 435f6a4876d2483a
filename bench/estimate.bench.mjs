import { CarbonEstimator } from "../dist/index.js";
import { compare } from "./harness.mjs";
import { monteCarloSpeed } from "./monte-carlo.mjs";

/** What an estimate costs. Each part is measured beside the same work without what is asked about. */

const estimatesPerRound = 500;
const hourMs = 3_600_000;
const startMs = Date.parse("2025-07-01T00:00:00Z");
const clock = { wallMs: () => startMs + 40 * 24 * hourMs };

const measured = {
  meanWh: 100,
  additiveWh: 8,
  idle: { standardUncertaintyWh: 3, sourceId: "idle/host=a/cal=1" },
  gainLnSigma: 0.05,
  gainSourceId: "rapl.gain/host=a",
  gainCitation: "a document",
  shareLnSigma: 0.1,
  boundary: "package_and_dram",
  provenance: "measured",
  host: "a",
};

const hour = { startTs: startMs, endTs: startMs + hourMs };
/** One kind of intensity alone, so that one model is solved. */
const averageOnly = { providers: [seriesProvider(startMs, 1, hourMs)] };
const embodied = { device: "server", resourceShare: 0.25 };

const plain = new CarbonEstimator({ region: "DE", pue: "enterprise", clock, intensity: averageOnly });
const withHardware = new CarbonEstimator({ region: "DE", pue: "enterprise", clock, intensity: averageOnly, embodied });

await compare({
  title: "analytical estimate of a measured task (aim: 0.1 ms; 1.3 ms with embodied carbon)",
  unit: "ms",
  rounds: 11,
  reference: { label: "without embodied carbon", measure: () => millisecondsEach(plain, hour, estimatesPerRound) },
  subject: {
    label: "with embodied carbon",
    measure: () => millisecondsEach(withHardware, hour, estimatesPerRound / 10),
  },
});

const days = 30;
const fiveMinutesMs = 300_000;
const bucketCount = (days * 24 * hourMs) / fiveMinutesMs;
const monthSpan = { startTs: startMs, endTs: startMs + days * 24 * hourMs };
const energyByTime = Array.from({ length: days * 24 * 60 }, (_, minute) => ({
  startMs: startMs + minute * 60_000,
  endMs: startMs + (minute + 1) * 60_000,
  energyWh: 1 + (minute % 7),
}));
const month = new CarbonEstimator({
  region: "DE",
  pue: "enterprise",
  clock,
  intensity: { providers: [seriesProvider(startMs, bucketCount, fiveMinutesMs)] },
});

await compare({
  title: `30-day span in 5-minute buckets (${bucketCount} buckets)`,
  unit: "ms",
  rounds: 11,
  reference: { label: "energy spread evenly", measure: () => millisecondsEach(month, monthSpan, 20) },
  subject: {
    label: `energy of each minute known (${energyByTime.length})`,
    measure: () => millisecondsEach(month, { ...monthSpan, energyByTime }, 20),
  },
});

await monteCarloSpeed();

async function millisecondsEach(estimator, span, count) {
  const begin = performance.now();
  for (let index = 0; index < count; index += 1) await estimator.estimateOverSpan({ ...span, energy: measured });
  return (performance.now() - begin) / count;
}

function seriesProvider(firstMs, count, lengthMs) {
  const periods = Array.from({ length: count }, (_, index) => ({
    startMs: firstMs + index * lengthMs,
    endMs: firstMs + (index + 1) * lengthMs,
    gramsPerKwh: 300 + 100 * ((index % 288) / 288),
    isEstimated: false,
    estimationMethod: null,
    relativeUncertainty: 0.04,
    updatedAt: null,
  }));
  const series = {
    kind: "average",
    scope: "lifecycle",
    basis: "consumption",
    source: "made up for a benchmark",
    providerId: "bench",
    providerVersion: "1",
    endpoint: null,
    licence: "none",
    zone: "DE",
    zoneName: "Germany",
    providerZone: "DE",
    isFallback: false,
    periodSeconds: lengthMs / 1000,
    year: null,
    retrievedAt: null,
    bodySha256: null,
    cache: "none",
    cacheAgeSeconds: null,
    isProvisional: false,
    periods,
    errors: [
      {
        name: "source",
        sourceId: "intensity.source/provider=bench",
        relativeUncertainty: 0.06,
        scope: "everything by this provider",
        citation: "made up",
      },
    ],
    autocorrelationPerHour: 0.9,
    hourSourceId: "intensity.hour/zone=DE/provider=bench",
  };
  return { id: "bench", kinds: ["average"], series: async () => series };
}
