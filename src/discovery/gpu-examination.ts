import type { Clock } from "../clock.ts";
import type { GpuBoard, GpuEnergySource } from "../energy/gpu.ts";
import { findHwmonGpus, openHwmon } from "../energy/hwmon.ts";
import { type NvmlOpening, openNvml } from "../energy/nvml/source.ts";
import { mayHaveNvidiaDriver, readGpus } from "../host/gpu.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";
import type { SourceExamination } from "./examine.ts";

export interface GpuRequest {
  readonly roots: HostRoots;
  readonly clock: Clock;
  /** File or name of NVIDIA's library; default: as the driver installs it. */
  readonly nvmlLibrary?: string | undefined;
}

/**
 * Opens every GPU whose energy can be read here. Never rejects: where there is none, the list is empty. NVIDIA's library, and koffi which calls it, are
 * loaded only where the driver shows itself or the library is named: koffi writes standard streams at the end of a process, and hangs where an
 * application has closed them.
 */
export async function openGpuSources(request: GpuRequest): Promise<readonly GpuEnergySource[]> {
  const isWorthTrying = request.nvmlLibrary !== undefined || mayHaveNvidiaDriver(request.roots);
  const source = isWorthTrying ? (await nvmlOf(request)).source : null;
  const { boards } = findHwmonGpus(request.roots.sys, readHostname(request.roots));
  return [...(source === null ? [] : [source]), ...(boards.length === 0 ? [] : [openHwmon(boards, request.clock)])];
}

/** What `carbon-ops doctor` says about the energy of GPUs. Never rejects. */
export async function examineGpuSources(request: GpuRequest): Promise<SourceExamination[]> {
  return [await nvmlEntry(request), hwmonEntry(request)];
}

async function nvmlOf({ roots, clock, nvmlLibrary }: GpuRequest): Promise<NvmlOpening> {
  return openNvml({ clock, hostname: readHostname(roots), libraryPath: nvmlLibrary });
}

async function nvmlEntry(request: GpuRequest): Promise<SourceExamination> {
  const opening = await nvmlOf(request);
  const entry = { id: "nvml", title: "NVIDIA GPUs (NVML)" } as const;
  if (opening.source === null) {
    return { ...entry, usable: false, ...absence(opening, request.roots), uncertainty: null };
  }
  const { boards } = opening.source;
  await opening.source.close();
  const driver = opening.driver === null ? "" : `, driver ${opening.driver}`;
  const others = opening.withoutEnergy.map(({ name, why }) => ` ${name} is left out: ${why}.`).join("");
  return {
    ...entry,
    usable: true,
    why: `NVIDIA's library answers (${opening.libraryPath}${driver}). ${boards.map(boardSentence).join(" ")}${others}`,
    mend: null,
    uncertainty: boards[0]?.uncertainty ?? null,
  };
}

function absence(
  { problem, missing }: Extract<NvmlOpening, { readonly source: null }>,
  roots: HostRoots,
): Pick<SourceExamination, "why" | "mend"> {
  const names = readGpus(roots)
    .filter(({ vendor }) => vendor === "nvidia")
    .map(({ name }) => name);
  const sentence = `NVML cannot be used: ${problem}`;
  if (names.length === 0) return { why: `${sentence}; no NVIDIA driver shows a GPU on this host.`, mend: null };
  const lost = `so the energy of these is in no figure: ${names.join(", ")}`;
  if (missing === "koffi") return { why: `${sentence}, ${lost}.`, mend: "npm install koffi" };
  const hint =
    missing === "library"
      ? " It comes with the driver; a container needs it mounted (NVIDIA_DRIVER_CAPABILITIES=utility)," +
        " and another place is named in CARBON_OPS_NVML_LIBRARY."
      : "";
  return { why: `${sentence}, ${lost}.${hint}`, mend: null };
}

function hwmonEntry({ roots }: GpuRequest): SourceExamination {
  const { boards, leftOut } = findHwmonGpus(roots.sys, readHostname(roots));
  const others = leftOut.map(({ name, why }) => ` ${name} is left out: ${why}.`).join("");
  const found =
    boards.length === 0
      ? "No AMD or Intel GPU shows energy or power as a hardware monitor in /sys/class/hwmon."
      : boards.map(({ board }) => boardSentence(board)).join(" ");
  return {
    id: "hwmon",
    title: "AMD and Intel GPUs (hwmon)",
    usable: boards.length > 0,
    why: `${found}${others}`,
    mend: null,
    uncertainty: boards[0]?.board.uncertainty ?? null,
  };
}

function boardSentence({ name, method, note }: GpuBoard): string {
  const how =
    method === "energy_counter"
      ? "counts its joules"
      : "counts no joules: its watts are sampled ten times a second and summed up, an estimate";
  return `${name} ${how}${note === null ? "" : `; ${note}`}.`;
}
