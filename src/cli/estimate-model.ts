import { Option } from "commander";
import type { EmbodiedInput } from "../carbon/embodied.ts";
import type { CarbonEstimatorOptions } from "../carbon/estimator.ts";
import { parseFiniteNumber } from "../config/number.ts";
import { CarbonOpsError } from "../errors.ts";

/** Flags of `estimate` that say how grams are computed, beside the settings that other commands share. */
export interface ModelFlags {
  readonly method?: string;
  readonly trials?: string;
  readonly seed?: string;
  readonly missing?: string;
  readonly device?: string;
  readonly manufacturingKg?: string;
  readonly lifetimeYears?: string;
  readonly resourceShare?: string;
  readonly functionalUnit?: string;
  readonly functionalUnitCount?: string;
}

export const modelOptions: readonly (() => Option)[] = [
  () =>
    new Option(
      "--method <analytical|monte_carlo>",
      "how the interval is computed: by quadrature, or by JCGM 101's trials",
    ),
  () => new Option("--trials <n>", "trials of monte_carlo (default: as many as two stable digits take)"),
  () => new Option("--seed <n>", "seed of monte_carlo: the same one gives the same figures (default: 1)"),
  () => new Option("--missing <step|drop>", "energy of a time without an intensity: the value before it, or left out"),
  () => new Option("--device <class>", "hardware by its class: server, laptop, desktop, gpu, …"),
  () => new Option("--manufacturing-kg <kg>", "kilograms of CO2e to make the hardware, in place of --device"),
  () => new Option("--lifetime-years <years>", "years that the hardware is used (default: that of the class)"),
  () => new Option("--resource-share <part>", "reserved part of the hardware: 2 of 64 vCPU are 0.03125"),
  () => new Option("--functional-unit <name>", "what a Software Carbon Intensity is per: request, job, …"),
  () => new Option("--functional-unit-count <n>", "how many of them the energy served"),
];

/** Ranges are the estimator's to judge. Throws USAGE for what is no number, and for parts that need another one. */
export function modelOf(flags: ModelFlags): CarbonEstimatorOptions {
  const { missing, functionalUnit, functionalUnitCount } = flags;
  if (missing !== undefined && missing !== "step" && missing !== "drop") {
    throw new CarbonOpsError("USAGE", `--missing is "${missing}", but must be step or drop.`);
  }
  if (functionalUnitCount !== undefined && functionalUnit === undefined) {
    throw new CarbonOpsError("USAGE", "--functional-unit-count needs --functional-unit; say what was counted.");
  }
  const unit =
    functionalUnit === undefined
      ? undefined
      : { unit: functionalUnit, count: numberOf("--functional-unit-count", functionalUnitCount) };
  return {
    method: methodOf(flags),
    trials: numberOf("--trials", flags.trials),
    seed: numberOf("--seed", flags.seed),
    missingPolicy: missing,
    embodied: embodiedOf(flags),
    functionalUnit: unit,
  };
}

function methodOf({ method }: ModelFlags): CarbonEstimatorOptions["method"] {
  if (method === undefined || method === "monte_carlo" || method === "analytical_truncated") return method;
  if (method === "analytical") return "analytical_truncated";
  throw new CarbonOpsError("USAGE", `--method is "${method}", but must be analytical or monte_carlo.`);
}

function embodiedOf(flags: ModelFlags): EmbodiedInput | undefined {
  const { device } = flags;
  const manufacturingKg = numberOf("--manufacturing-kg", flags.manufacturingKg);
  const lifetimeYears = numberOf("--lifetime-years", flags.lifetimeYears);
  const resourceShare = numberOf("--resource-share", flags.resourceShare);
  if ([device, manufacturingKg, lifetimeYears, resourceShare].every((part) => part === undefined)) return undefined;
  if (device !== undefined && manufacturingKg !== undefined) {
    throw new CarbonOpsError("USAGE", "--device and --manufacturing-kg exclude each other; give one of them.");
  }
  const hasMass = device !== undefined || manufacturingKg !== undefined;
  const hasLifetime = device !== undefined || lifetimeYears !== undefined || !hasMass;
  const missing = [
    ...(hasMass ? [] : ["--device (or --manufacturing-kg and --lifetime-years)"]),
    ...(hasLifetime ? [] : ["--lifetime-years"]),
    ...(resourceShare === undefined ? ["--resource-share"] : []),
  ];
  if (missing.length > 0) {
    throw new CarbonOpsError(
      "USAGE",
      `Embodied carbon cannot be declared without ${missing.join(" and ")}; add what is missing, or leave the hardware out.`,
    );
  }
  return { device, manufacturingKg, lifetimeYears, resourceShare };
}

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = parseFiniteNumber(text);
  if (value !== null) return value;
  throw new CarbonOpsError("USAGE", `${flag} is "${text}", but must be a number.`);
}
