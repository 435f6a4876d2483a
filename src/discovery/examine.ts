import type { Clock } from "../clock.ts";
import { openModel } from "../energy/model/source.ts";
import type { EnergySource, SourceUncertainty } from "../energy/source.ts";
import { messageOf } from "../errors.ts";
import type { HostRoots } from "../host/roots.ts";
import type { Finding } from "./finding.ts";
import { examineMsr } from "./msr-examination.ts";
import { examinePowercap } from "./powercap-examination.ts";

export interface ExaminationRequest {
  /** What asking the governor's socket gave (`examineGovernor`), which takes time; without it, nobody asked. */
  readonly governor?: SourceExamination;
  readonly roots: HostRoots;
  readonly clock: Clock;
  readonly cpuTdpWatts?: number;
}

/** What `carbon-ops doctor` says about one source. */
export interface SourceExamination {
  readonly id: "governor" | "powercap" | "msr" | "model" | "nvml" | "hwmon";
  readonly title: string;
  readonly usable: boolean;
  /** Why it can be used, or why not, in plain words. */
  readonly why: string;
  /** The command that mends it on this host, ready for a shell; null where nothing inside this machine can. */
  readonly mend: string | null;
  readonly uncertainty: SourceUncertainty | null;
}

/** Every source of host energy that this program knows of (GPUs stand beside them), in the order in which it prefers them. Never throws. */
export function examineSources(request: ExaminationRequest): SourceExamination[] {
  return [
    request.governor ?? notRead("governor", "carbon-ops governor", "Nobody asked whether a governor is running."),
    counterEntry("powercap", "RAPL through powercap", examinePowercap(request)),
    counterEntry("msr", "RAPL registers (MSR)", examineMsr(request)),
    modelEntry(request),
  ];
}

function notRead(id: SourceExamination["id"], title: string, why: string): SourceExamination {
  return { id, title, usable: false, why, mend: null, uncertainty: null };
}

function counterEntry(
  id: SourceExamination["id"],
  title: string,
  finding: Finding & { open(): EnergySource },
): SourceExamination {
  const { usable, why, mend } = finding;
  return { id, title, usable, why, mend, uncertainty: usable ? uncertaintyOf(() => finding.open()) : null };
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
