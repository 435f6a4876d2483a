import { openModel } from "../energy/model/source.ts";
import type { EnergySource } from "../energy/source.ts";
import { CarbonOpsError, messageOf } from "../errors.ts";
import type { ExaminationRequest } from "./examine.ts";
import type { Finding } from "./finding.ts";
import { examineMsr } from "./msr-examination.ts";
import { examinePowercap } from "./powercap-examination.ts";

export interface SourceRequest extends ExaminationRequest {
  /** "auto": powercap where its counters can be read and move, else the registers behind them, else the model. */
  readonly wanted: "auto" | "powercap" | "msr" | "model";
}

/** Opens the best source that this process can use, or the one wanted. Throws ENERGY_SOURCE_UNAVAILABLE with why and what to do. */
export function openEnergySource(request: SourceRequest): { readonly source: EnergySource } {
  if (request.wanted === "model") return { source: openModelOrExplain(request) };
  if (request.wanted !== "msr") {
    const powercap = examinePowercap(request);
    if (powercap.usable) return { source: openOrExplain(() => powercap.open()) };
    if (request.wanted === "powercap") throw unavailable("powercap", powercap);
  }
  const msr = examineMsr(request);
  if (msr.usable) return { source: openOrExplain(() => msr.open()) };
  if (request.wanted === "msr") throw unavailable("msr", msr);
  return { source: openModelOrExplain(request) };
}

function openModelOrExplain(request: SourceRequest): EnergySource {
  return openOrExplain(() => openModel(request));
}

function openOrExplain(open: () => EnergySource): EnergySource {
  try {
    return open();
  } catch (error) {
    throw new CarbonOpsError("ENERGY_SOURCE_UNAVAILABLE", messageOf(error), { cause: error });
  }
}

function unavailable(wanted: string, { reason, mend }: Finding): CarbonOpsError {
  const remedy = mend === null ? "choose the model (--energy-source model) for an estimate" : `this mends it: ${mend}`;
  return new CarbonOpsError("ENERGY_SOURCE_UNAVAILABLE", `${wanted} cannot be used because ${reason}; ${remedy}`);
}
