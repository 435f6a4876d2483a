import { aggregate } from "../dist/index.js";

/**
 * Totals over 10^6 estimate records with named error sources, as a ledger would stream them: a year of tasks on 40 hosts in 5 zones. Prints
 * seconds, records per second and the growth of memory; exits 1 when memory grows with the records or the total's uncertainty is not
 * that of the named sources. AGGREGATE_RECORDS sets another number.
 */
const recordCount = Number(process.env.AGGREGATE_RECORDS ?? 1_000_000);
const hosts = 40;
const zones = ["DE", "FR", "GB", "PL", "SE"];
const startMs = Date.parse("2026-01-01T00:00:00Z");
const yearMs = 365 * 86_400_000;

/** One record at a time is alive. */
function* records(count) {
  for (let index = 0; index < count; index += 1) yield recordAt(startMs + Math.floor((index / count) * yearMs), index);
}

function recordAt(atMs, index) {
  const host = `host-${index % hosts}`;
  const zone = zones[index % zones.length];
  const startTs = new Date(atMs).toISOString();
  const grams = 10 + (index % 7);
  return {
    kind: "carbon_estimate",
    status: index % 3 === 0 ? "provisional" : "settled",
    region: zone,
    source: "bench",
    host,
    labels: { team: `team-${index % 4}` },
    start_ts: startTs,
    energy_wh: grams * 3,
    energy_wh_stated: grams * 3,
    coverage_pct: 100,
    quality_flag: "measured",
    grams,
    operational_grams: grams,
    intensity: { kind: "average", scope: "lifecycle", autocorrelation_per_hour: 0.9 },
    components: {
      [`rapl.gain/host=${host}`]: 0.02 * grams,
      [`idle/host=${host}/cal=1`]: 0.05 * grams,
      "wall_factor/default": 0.1 * grams,
      "pue/profile=cloud-hyperscale": 0.05 * grams,
      [`intensity.source/zone=${zone}`]: 0.08 * grams,
      [`intensity.hour/zone=${zone}/provider=bench/t=${startTs.slice(0, 13)}Z`]: 0.05 * grams,
    },
    private_uncertainty_grams: 0.1 * grams,
    marginal: null,
  };
}

let failed = false;
const bare = seconds(() => {
  for (const record of records(recordCount)) if (record.grams < 0) throw new Error("unreachable");
});
console.log(`${recordCount} records in a generator, without any sum: ${bare.toFixed(2)} s`);
const ungrouped = [];
for (const by of [[], ["host"], ["region", "day"]]) await measure(by);
checkUncertainty();
process.exitCode = failed ? 1 : 0;

async function measure(by) {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  let count = 0;
  const watched = (function* () {
    for (const record of records(recordCount)) {
      count += 1;
      if (count % 50_000 === 0) peak = Math.max(peak, process.memoryUsage().rss);
      yield record;
    }
  })();
  const started = performance.now();
  const { groups, total } = await aggregate(watched, { by });
  const took = (performance.now() - started) / 1000;
  if (by.length === 0) ungrouped.push(total);
  const grown = (peak - before) / 2 ** 20;
  console.log(
    `by ${by.join(" and ") || "nothing"}: ${took.toFixed(2)} s, ${Math.round(recordCount / took)} records/s (${(took / bare).toFixed(1)}x the generator), ` +
      `${groups.length} groups, RSS at most ${Math.round(peak / 2 ** 20)} MiB (+${Math.round(grown)} MiB), ` +
      `u ${total.average.uncertaintyPct.toFixed(3)} %, ${total.average.components.size} sources`,
  );
  if (grown > 512) fail("memory grew by more than 512 MiB: it must not grow with the records");
}

/** By hand: shared parts are linear within a host or zone, and the hours of a year average out to less than a percent. */
function checkUncertainty() {
  const expected =
    100 * Math.hypot(0.02 / Math.sqrt(hosts), 0.05 / Math.sqrt(hosts), 0.1, 0.05, 0.08 / Math.sqrt(zones.length));
  const [total] = ungrouped;
  const { uncertaintyPct } = total.average;
  console.log(
    `uncertainty of the year: ${uncertaintyPct.toFixed(3)} %, by hand without hours and private parts ${expected.toFixed(3)} %`,
  );
  if (!(uncertaintyPct >= expected * 0.999 && uncertaintyPct < expected * 1.01))
    fail("the named sources are not in the total");
}

function fail(reason) {
  failed = true;
  console.log(`  FAILED: ${reason}`);
}

function seconds(work) {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}
