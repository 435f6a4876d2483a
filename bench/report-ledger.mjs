import { CarbonEstimator } from "../dist/index.js";
import { Ledger, loadOrCreateSigningKey } from "../dist/ledger/index.js";
import { buildCarbonEstimateRecord } from "../dist/record/carbon-estimate-record.js";

/**
 * A signed ledger as a fleet of services leaves it: a year of intervals of `names` routes on 40 hosts in 5 grids, with the
 * error sources that such records have. The estimator makes one record a grid; the others are that one at another size.
 */
const grids = ["DE", "FR", "GB", "PL", "SE"];
const hosts = 40;
const yearMs = 365 * 86_400_000;
const startMs = Date.parse("2025-01-01T00:00:00Z");
const batch = 2000;

/** Returns the verifier key. */
export async function writeReportLedger(path, keyPath, { records, names }) {
  const { signer, verifierKey } = await loadOrCreateSigningKey(keyPath);
  const ledger = await Ledger.create(path, { signer, durability: "os" });
  const models = [];
  for (const region of grids) models.push(await modelOf(region));
  for (let first = 0; first < records; first += batch) {
    const appends = [];
    for (let index = first; index < Math.min(records, first + batch); index += 1) {
      appends.push(ledger.append(recordAt(models[index % models.length], index, index / records, names)));
    }
    await Promise.all(appends);
  }
  await ledger.close();
  return verifierKey;
}

async function modelOf(region) {
  const estimator = new CarbonEstimator({ region });
  const estimate = await estimator.estimateOverSpan({
    startTs: new Date(startMs).toISOString(),
    endTs: new Date(startMs + 60_000).toISOString(),
    energy: {
      meanWh: 6,
      additiveWh: 0.2,
      gainLnSigma: 0.03,
      gainSourceId: "rapl.gain/host=HOST",
      gainCitation: "Khan et al. 2018",
      shareLnSigma: 0.03,
      boundary: "package_and_dram",
      provenance: "measured",
    },
  });
  return buildCarbonEstimateRecord({ type: "span", name: "GET /", estimate, labels: {} });
}

function recordAt(model, index, share, names) {
  const factor = 0.2 + ((index * 7919) % 100) / 50;
  const at = startMs + Math.floor(share * yearMs);
  const host = `host-${index % hosts}`;
  const scaled = (components) =>
    Object.fromEntries(Object.entries(components).map(([id, value]) => [sourceAt(id, host, at), value * factor]));
  return {
    ...model,
    name: `GET /route/${(index * 31) % names}`,
    host,
    labels: { team: `team-${index % 7}`, version: `1.${Math.floor(share * 30)}` },
    start_ts: new Date(at).toISOString(),
    end_ts: new Date(at + 60_000).toISOString(),
    energy_wh: model.energy_wh * factor,
    energy_kwh: model.energy_kwh * factor,
    energy_wh_stated: model.energy_wh_stated * factor,
    grams: model.grams * factor,
    operational_grams: model.operational_grams * factor,
    standard_uncertainty_grams: model.standard_uncertainty_grams * factor,
    components: scaled(model.components),
    private_uncertainty_grams: model.private_uncertainty_grams * factor,
  };
}

/** The model's sources are of its host and day. */
function sourceAt(id, host, at) {
  return id.replace("HOST", host).replace(/day=[-0-9]+$/, `day=${new Date(at).toISOString().slice(0, 10)}`);
}
