import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { examineSources } from "../../discovery/examine.ts";
import { examineGovernor } from "../../discovery/governor-examination.ts";
import { examineGpuSources } from "../../discovery/gpu-examination.ts";
import { defaultGovernorSocket, type OpenRequest, openSource } from "../../discovery/open-source.ts";
import { CarbonOpsError } from "../../errors.ts";
import { type CpuInfo, readCpuInfo } from "../../host/cpuinfo.ts";
import { readGpus } from "../../host/gpu.ts";
import { readMemory } from "../../host/memory.ts";
import type { HostRoots } from "../../host/roots.ts";
import { type DoctorFindings, doctorPage, type PartExamination } from "../../report/terminal/doctor.ts";
import { formatBytes } from "../../units.ts";
import type { CommandContext } from "../context.ts";
import { examineIntensity } from "../intensity-examination.ts";
import { intensitySettingNames } from "../intensity-settings.ts";
import { jsonText, outputStyle, outputWidth } from "../output.ts";
import { addSettingFlags, rootsOf, settingsOf } from "../setting-flags.ts";

export function build(context: CommandContext): Command {
  const command = new Command("doctor")
    .description(
      "Says which energy sources, providers of carbon intensities and optional parts this host has, why not the others, and what mends them.",
    )
    .option("--online", "ask the providers of carbon intensities too, over the network")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", "\nExample: carbon-ops doctor");
  addSettingFlags(command, ["energySource", "cpuTdpWatts", "msrRoot", "governorSocket", ...intensitySettingNames]);
  return command.action(async (options: { readonly json?: boolean; readonly online?: boolean }) => {
    const settings = await settingsOf(command, context);
    const request = {
      roots: rootsOf(settings, context),
      clock: context.clock,
      ...(settings.cpuTdpWatts === undefined ? {} : { cpuTdpWatts: settings.cpuTdpWatts }),
    };
    const governor = await examineGovernor({
      ...request,
      socketPath: settings.governorSocket ?? defaultGovernorSocket,
    });
    const findings: DoctorFindings = {
      machine: machineRows(request.roots),
      sources: [
        ...examineSources({ ...request, governor }),
        ...(await examineGpuSources({ ...request, nvmlLibrary: settings.nvmlLibrary })),
      ],
      inUse: await sourceInUse({
        ...request,
        wanted: settings.energySource ?? "auto",
        governorSocket: settings.governorSocket,
      }),
      intensity: await examineIntensity(settings, context, options.online === true),
      parts: [flockPart(context.environment["PATH"] ?? "")],
    };
    if (options.json === true) {
      context.stdout.write(jsonText({ ...findings, machine: new Map(findings.machine) }));
    } else {
      context.stdout.write(doctorPage(findings, outputWidth(context.stdout), outputStyle(context.stdout, context)));
    }
    if (findings.inUse === null) context.setExitCode(1);
  });
}

async function sourceInUse(request: OpenRequest): Promise<DoctorFindings["inUse"]> {
  try {
    const { source } = await openSource(request);
    source.close();
    return { id: source.id, label: source.label, uncertainty: source.uncertainty };
  } catch (error) {
    if (error instanceof CarbonOpsError) return null;
    throw error;
  }
}

function machineRows(roots: HostRoots): readonly (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [];
  const cpu = valueOrNull(() => readCpuInfo(roots));
  if (cpu !== null) {
    rows.push(["kind", kindOf(cpu)]);
    rows.push([
      "processor",
      `${cpu.modelName} (family ${cpu.family}, model ${cpu.model}), ${cpu.logicalCpuCount} logical CPUs`,
    ]);
  }
  const memory = valueOrNull(() => readMemory(roots));
  if (memory !== null) rows.push(["memory", formatBytes(memory.totalBytes)]);
  const gpus = readGpus(roots);
  rows.push([
    "GPUs",
    gpus.length === 0
      ? "none found"
      : gpus.map(({ name, note }) => (note === null ? name : `${name} (${note})`)).join("; "),
  ]);
  return rows;
}

function kindOf(cpu: CpuInfo): string {
  if (!cpu.isGuest) return "a physical machine (no hypervisor announces itself)";
  return (
    "a virtual machine: it sees its own CPU time and what the hypervisor took from it (steal), but neither the host's " +
    "energy counters, nor other guests, nor whether its CPUs share physical cores"
  );
}

/** Ledger writers exclude each other through koffi, and without it through this program of util-linux. */
function flockPart(searchPath: string): PartExamination {
  const found = searchPath.split(":").find((directory) => directory !== "" && isExecutable(join(directory, "flock")));
  if (found !== undefined) {
    return {
      name: "flock",
      usable: true,
      why: `${join(found, "flock")} locks ledgers while they are written, where koffi cannot.`,
      mend: null,
    };
  }
  return {
    name: "flock",
    usable: false,
    why: "The flock program is not on the PATH; without it ledgers can be written only where koffi is installed.",
    mend: "sudo apt-get install util-linux",
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function valueOrNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}
