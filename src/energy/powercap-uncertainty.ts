import type { CpuInfo } from "../host/cpuinfo.ts";
import type { SourceUncertainty } from "./source.ts";

/**
 * How far RAPL may be from the truth, as log standard deviations. Percent bands are read as rectangular (JCGM 100, 4.3.7).
 *
 * - Intel since Haswell counts what its voltage regulator measured: +-5 % (Khan et al., "RAPL in Action", ACM TOMPECS 2018).
 *   Its memory follows the trend with an offset, 9 % (Desrochers et al., MEMSYS 2016); with memory at up to 30 % of the sum
 *   and both errors independent, sqrt((0.7 * 0.03)^2 + (0.3 * 0.09)^2) = 0.034.
 * - Intel before Haswell, and AMD, count what a model of events says (Hackenberg et al., IPDPSW 2015; Schöne et al., CLUSTER 2021).
 * - Any other processor: as if it were a model.
 * - In a guest: the hypervisor deals out the host's counter by CPU time, once a second (QEMU docs/specs/rapl-msr.rst). The share alone is
 *   good to 0.12 (METRION, arXiv 2512.06806); its idle share and overhead are unseen. 0.25 is a judgement.
 */
const measuredLnSigma = 0.03;
const measuredWithMemoryLnSigma = 0.035;
const modelledLnSigma = 0.07;
const virtualisedLnSigma = 0.25;

/** Sandy Bridge and Ivy Bridge, client and server (kernel arch/x86/include/asm/intel-family.h). */
const intelModelsBeforeHaswell: readonly number[] = [42, 45, 58, 62];

/** @param cpu null where /proc/cpuinfo cannot be read: then the larger figure holds. */
export function powercapUncertainty(
  cpu: CpuInfo | null,
  withMemory: boolean,
  hostname: string | null,
): SourceUncertainty {
  const host = hostname ?? "unknown";
  if (cpu?.isGuest === true) {
    return {
      gainLnSigma: virtualisedLnSigma,
      sourceId: `rapl.virtual/host=${host}`,
      citation: "QEMU docs/specs/rapl-msr.rst and METRION, arXiv 2512.06806; the width is a judgement",
    };
  }
  const isMeasured = cpu?.vendor === "intel" && !intelModelsBeforeHaswell.includes(cpu.model ?? 0);
  if (!isMeasured) {
    return {
      gainLnSigma: modelledLnSigma,
      sourceId: `rapl.gain/host=${host}`,
      citation: "Schöne et al., CLUSTER 2021: the processor computes this counter from a model of its own",
    };
  }
  return {
    gainLnSigma: withMemory ? measuredWithMemoryLnSigma : measuredLnSigma,
    sourceId: `rapl.gain/host=${host}`,
    citation: withMemory
      ? "Khan et al., ACM TOMPECS 2018 (package); Desrochers et al., MEMSYS 2016 (memory)"
      : "Khan et al., ACM TOMPECS 2018",
  };
}
