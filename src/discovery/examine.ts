import type { Clock } from "../clock.ts";
import { openModel } from "../energy/model/source.ts";
import type { EnergySource, SourceUncertainty } from "../energy/source.ts";
import { messageOf } from "../errors.ts";
import { readGpus } from "../host/gpu.ts";
import type { HostRoots } from "../host/roots.ts";
import { examinePowercap } from "./powercap-examination.ts";

export interface ExaminationRequest {
  readonly roots: HostRoots;
  readonly clock: Clock;
  readonly cpuTdpWatts?: number;
}

/** What `carbon-ops doctor` says about one source. */
export interface SourceExamination {
  readonly id: "governor" | "powercap" | "msr" | "model" | "nvml";
  readonly title: string;
  readonly usable: boolean;
  /** Why it can be used, or why not, in plain words. */
  readonly why: string;
  /** The command that mends it on this host, ready for a shell; null where nothing inside this machine can. */
  readonly mend: string | null;
  readonly uncertainty: SourceUncertainty | null;
}

/** Every source this program knows of, in the order in which it prefers them. Never throws. */
export function examineSources(request: ExaminationRequest): SourceExamination[] {
  return [
    notRead("governor", "carbon-ops governor", "The governor's socket is not read by this version of carbon-ops."),
    powercapEntry(request),
    notRead(
      "msr",
      "RAPL registers (MSR)",
      "Registers are not read by this version of carbon-ops; powercap shows the same counters.",
    ),
    modelEntry(request),
    notRead("nvml", "NVIDIA GPUs (NVML)", nvmlReason(request.roots)),
  ];
}

function notRead(id: SourceExamination["id"], title: string, why: string): SourceExamination {
  return { id, title, usable: false, why, mend: null, uncertainty: null };
}

function nvmlReason(roots: HostRoots): string {
  const names = readGpus(roots)
    .filter(({ vendor }) => vendor === "nvidia")
    .map(({ name }) => name);
  const present = names.length === 0 ? "no NVIDIA driver is loaded here" : `found here: ${names.join(", ")}`;
  return `NVML is not read by this version of carbon-ops, so the energy of NVIDIA GPUs is in no figure (${present}).`;
}

function powercapEntry(request: ExaminationRequest): SourceExamination {
  const powercap = examinePowercap(request);
  const { usable, why, mend } = powercap;
  return {
    id: "powercap",
    title: "RAPL through powercap",
    usable,
    why,
    mend,
    uncertainty: usable ? uncertaintyOf(() => powercap.open()) : null,
  };
}

function uncertaintyOf(open: () => EnergySource): SourceUncertainty | null {
  try {
    const source = open();
    source.close();
    return source.uncertainty;
  } catch {
    return null;
  }
}

function modelEntry(request: ExaminationRequest): SourceExamination {
  const title = "power model";
  try {
    const source = openModel(request);
    source.close();
    const boundary = source.boundary === "server_wall" ? "the whole server at its plug" : "CPU packages and memory";
    const why = `Estimates ${boundary} from CPU time (${source.label}). It is always there, and is no measurement.`;
    return { id: "model", title, usable: true, why, mend: null, uncertainty: source.uncertainty };
  } catch (error) {
    return notRead("model", title, messageOf(error));
  }
}
