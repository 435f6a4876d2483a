import { z } from "zod";
import { count, nonNegative, ratio, words } from "./fields.ts";

/** Energy, CPU time, memory and GPUs as the monitor reports them. Null is "not known", never 0. */

const uncertaintyFields = z.strictObject({
  gain_ln_sigma: nonNegative,
  gain_source_id: words,
  gain_citation: words,
  share_ln_sigma: nonNegative,
  additive_wh: nonNegative.meta({
    description:
      "What does not scale and is this task's alone; with the idle baseline's error where idle_wh is absent.",
  }),
  idle_wh: nonNegative.exactOptional().meta({ description: "The error of the idle baseline, shared by its tasks." }),
  idle_source_id: words.exactOptional(),
});

const gpuBoardFields = z.strictObject({
  id: words.meta({ description: "NVIDIA's UUID, else the PCI address." }),
  name: words,
  source: z.enum(["nvml", "hwmon"]),
  method: z.enum(["energy_counter", "integrated_power"]),
  energy_wh_total: nonNegative,
  energy_wh_task: z.number().nullable().meta({ description: "Null where nobody knows whose work it was; signed." }),
  idle_watts: nonNegative.nullable().meta({ description: "Power while nobody holds the board." }),
  gaps: count,
  note: words.nullable(),
});

const gpuEnergyFields = z
  .strictObject({
    energy_wh_total: nonNegative,
    energy_wh_task: z.number().nullable(),
    uncertainty: uncertaintyFields.nullable(),
    boards: z.array(gpuBoardFields),
  })
  .meta({ description: "GPUs stand beside the host: their energy is in none of the members beside this one." });

export const energyFields = z.strictObject({
  energy_wh_total: nonNegative.nullable().meta({ description: "The host's energy within the source's boundary." }),
  energy_wh_active: z.number().nullable().meta({ description: "Above the idle baseline; signed." }),
  energy_wh_task: z.number().nullable().meta({ description: "The task's share of the active energy; signed." }),
  allocation_ratio: ratio.nullable().meta({ description: "Task over active." }),
  attribution_mode: z.enum(["governor_cpu_time", "governor_energy", "monitor_only"]),
  energy_source: z.enum(["governor", "powercap", "msr", "model", "none"]),
  energy_source_label: words,
  energy_provenance: z.enum(["measured", "estimated"]).nullable(),
  energy_boundary: z.enum(["package_and_dram", "server_wall"]).nullable(),
  measured_seconds: nonNegative
    .nullable()
    .meta({ description: "Time over which the energy was read: the span and the moments around it." }),
  idle_baseline_watts: nonNegative.nullable(),
  idle_baseline_origin: z.enum(["model", "configured", "calibrated", "none"]),
  uncertainty: uncertaintyFields.nullable(),
  gaps: count.meta({
    description: "Readings that failed or added nothing: above 0, energy may be missing or be of another time.",
  }),
  gpu: gpuEnergyFields.exactOptional(),
});

export const cpuFields = z.strictObject({
  task_cpu_seconds: nonNegative.nullable(),
  host_busy_cpu_seconds: nonNegative.nullable(),
  logical_cpu_count: count.nullable(),
});

export const memoryFields = z.strictObject({
  peak_resident_bytes: count.nullable(),
  host_total_bytes: count.nullable(),
});

export const gpuFields = z.strictObject({
  id: words.meta({ description: "PCI address, or the name of its device." }),
  name: words,
  vendor: z.enum(["amd", "nvidia", "intel"]),
  busy_percent: z.number().min(0).max(100).nullable(),
  memory_used_bytes: count.nullable(),
  memory_total_bytes: count.nullable(),
  note: z.string().nullable(),
});
