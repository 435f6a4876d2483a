import type { Clock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import type { CpuInfo } from "../host/cpuinfo.ts";
import { type CounterDomain, energyReading, isCounted, missAll, newDomain, sweep } from "./counter-domain.ts";
import { holdBackMirrors } from "./mirrors.ts";
import { type MsrCounterRequest, openMsrCounters } from "./msr-counters.ts";
import { powercapUncertainty } from "./powercap-uncertainty.ts";
import type { EnergyReading, EnergySource, SourceUncertainty } from "./source.ts";

export interface MsrRequest extends MsrCounterRequest {
  readonly cpu: CpuInfo;
  readonly clock: Clock;
  readonly hostname: string | null;
}

/**
 * Opens the RAPL registers as an energy source and takes the baseline reading: one online CPU of each package, and another one of
 * it when that goes offline, without a break in the count. Throws ENERGY_READ_FAILED when no package can be read.
 */
export function openMsr(request: MsrRequest): EnergySource {
  const { clock, cpu, hostname } = request;
  const { counters, isFiltered } = openMsrCounters(request);
  const domains = counters.map((counter) => {
    const { id, kind, rule, counted } = counter;
    const raw = { read: () => counter.readRaw(), close: () => counter.close() };
    return newDomain({ id, kind, rule, countable: counted, counter: raw });
  });

  const readAll = (): EnergyReading => {
    const monotonicNs = clock.monotonicNs();
    const failed = sweep(domains, clock);
    missAll(failed);
    if (!domains.some((domain) => domain.countable && !failed.includes(domain))) throw noRegisterLeft(request.msrRoot);
    holdBackMirrors(domains, clock.monotonicNs() - monotonicNs);
    return energyReading(monotonicNs, domains);
  };
  const close = (): void => {
    for (const { counter } of domains) counter.close();
  };
  try {
    readAll();
  } catch (error) {
    close();
    throw error;
  }
  const withMemory = domains.some(({ kind }) => kind === "dram");
  return {
    id: "msr",
    provenance: cpu.isGuest ? "estimated" : "measured",
    boundary: "package_and_dram",
    get label() {
      return labelOf(domains, cpu, isFiltered);
    },
    uncertainty: widened(powercapUncertainty(cpu, withMemory, hostname), isFiltered),
    idleWatts: null,
    wattsPerBusyCpu: null,
    read: readAll,
    close,
  };
}

function labelOf(domains: readonly CounterDomain[], cpu: CpuInfo, isFiltered: boolean): string {
  const counted = domains.filter(isCounted);
  const packages = counted.filter(({ kind }) => kind === "package").map(({ id }) => id);
  const memory = counted.some(({ kind }) => kind === "dram") ? " + dram" : " (no memory counter)";
  const filtered = isFiltered ? "; energy filtering is on: short readings are noisy" : "";
  return `${cpu.isGuest ? "virtualised counter" : "RAPL"} ${packages.join(", ")}${memory} through MSR${filtered}`;
}

/**
 * Energy filtering adds noise to every update so that programs cannot be told apart by their power (Intel, "Running Average Power
 * Limit Energy Reporting", CVE-2020-8694). It gives no figure for the sum over seconds; 0.1 is a judgement.
 */
const filteringLnSigma = 0.1;

function widened(uncertainty: SourceUncertainty, isFiltered: boolean): SourceUncertainty {
  if (!isFiltered) return uncertainty;
  return {
    ...uncertainty,
    gainLnSigma: Math.hypot(uncertainty.gainLnSigma, filteringLnSigma),
    citation: `${uncertainty.citation}; energy filtering (IA32_MISC_PACKAGE_CTLS) is on, its width is a judgement`,
  };
}

function noRegisterLeft(msrRoot: string): CarbonOpsError {
  return new CarbonOpsError(
    "ENERGY_READ_FAILED",
    `No RAPL register can be read below ${msrRoot}; run \`carbon-ops doctor\` to see why and what mends it.`,
  );
}
