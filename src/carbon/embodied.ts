import { nearest } from "../nearest.ts";
import { lnSigmaFromRelative, lognormalMean, relativeFromLnSigma } from "../uncertainty/lognormal.ts";
import { productOfFactors, type Quantity } from "../uncertainty/product.ts";
import { checkedNumber, invalidInput, shown } from "./checked-number.ts";
import { deviceClasses } from "./embodied-devices.ts";
import { type StatedValue, statedQuantity } from "./stated-value.ts";

/**
 * What is known of the hardware's making. All three of mass, lifetime and share are needed (ISO/IEC 21031:2024, M = TE x TS x RS);
 * a class of device stands for mass and lifetime, and the share is always the user's to say.
 */
export interface EmbodiedInput {
  /** Kilograms of CO2e to make (and end) the hardware, above 0 and at most 1e6. */
  readonly manufacturingKg?: StatedValue | undefined;
  /** A class of device in place of the mass: "server", "laptop", "desktop", "monitor", "smartphone", "tablet", "iot", "gpu", "raspberry-pi". */
  readonly device?: string | undefined;
  /** Years from first to last use, above 0; default: that of the class. */
  readonly lifetimeYears?: StatedValue | undefined;
  /** Reserved part of the hardware, above 0 and at most 1: 2 of 64 vCPU are 0.03125. */
  readonly resourceShare?: number | undefined;
  /** What the hardware is, for the error that all of its tasks share; default: the class, or "stated". */
  readonly hardware?: string | undefined;
  /** Document that the mass comes from. */
  readonly citation?: string | undefined;
}

/** The hardware's part of an estimate. Null grams: not declared, which is not 0. */
export interface EmbodiedFigures {
  readonly status: "declared" | "not_declared";
  readonly grams: number | null;
  readonly standardUncertaintyGrams: number | null;
  readonly manufacturingKg: number | null;
  readonly lifetimeYears: number | null;
  readonly resourceShare: number | null;
  /** Time for which the hardware was reserved. */
  readonly reservedSeconds: number | null;
  readonly device: string | null;
  readonly citation: string | null;
  /** What is missing; null where everything was declared. */
  readonly missing: string | null;
}

/** One input of the embodied part with its error. */
export interface EmbodiedFactor {
  readonly quantity: string;
  readonly sourceId: string;
  readonly value: Quantity;
  readonly unit: string;
  readonly scope: string;
  readonly citation: string;
}

export interface EmbodiedCarbon {
  readonly figures: EmbodiedFigures;
  /** Mass and lifetime; empty where not declared. */
  readonly factors: readonly EmbodiedFactor[];
  /** Grams; null where not declared. */
  readonly grams: Quantity | null;
}

/** Checked once; the time follows with each estimate. */
export interface EmbodiedDeclaration {
  readonly device: string | null;
  readonly mass: EmbodiedFactor | null;
  readonly lifetime: EmbodiedFactor | null;
  readonly resourceShare: number | null;
}

/** Servers are kept for 3 to 6 years: read as the range of 90 % of them, a standard deviation of the logarithm of 0.2. */
const lifetimeLnSigma = 0.2;

const secondsPerYear = 31_557_600;

/** Throws INPUT_INVALID for a value outside its range, an unknown class, or a mass beside a class. */
export function checkedEmbodied(input: EmbodiedInput | undefined): EmbodiedDeclaration | null {
  if (input === undefined) return null;
  if (typeof input !== "object" || input === null) {
    throw invalidInput(`The embodied input is ${shown(input)}, but must be an object.`);
  }
  const { manufacturingKg, device, resourceShare } = input;
  if (manufacturingKg !== undefined && device !== undefined) {
    throw invalidInput("The embodied input has both manufacturingKg and device; give one of them.");
  }
  const deviceName = device === undefined ? null : deviceNameOf(device);
  return {
    device: deviceName,
    mass: massOf(input, deviceName),
    lifetime: lifetimeOf(input, deviceName),
    resourceShare: resourceShare === undefined ? null : checkedShare(resourceShare),
  };
}

/** @param reservedSeconds null when it is not known how long the hardware was reserved */
export function embodiedCarbon(
  declaration: EmbodiedDeclaration | null,
  reservedSeconds: number | null,
): EmbodiedCarbon {
  const missing = missingOf(declaration, reservedSeconds);
  const { mass = null, lifetime = null, resourceShare = null, device = null } = declaration ?? {};
  const known = {
    manufacturingKg: mass?.value.mean ?? null,
    lifetimeYears: lifetime?.value.mean ?? null,
    resourceShare,
    reservedSeconds,
    device,
    citation: mass?.citation ?? null,
  };
  if (missing !== null || mass === null || lifetime === null || resourceShare === null || reservedSeconds === null) {
    const figures = { status: "not_declared", grams: null, standardUncertaintyGrams: null, missing } as const;
    return { figures: { ...figures, ...known }, factors: [], grams: null };
  }
  const exactGrams = (1000 * resourceShare * reservedSeconds) / secondsPerYear;
  const grams = productOfFactors([{ mean: exactGrams, standardUncertainty: 0 }, mass.value, inverseOf(lifetime.value)]);
  return {
    figures: {
      status: "declared",
      grams: grams.mean,
      standardUncertaintyGrams: grams.standardUncertainty,
      missing: null,
      ...known,
    },
    factors: [mass, lifetime],
    grams,
  };
}

/** 1/x of a lognormal x is lognormal with the same relative standard deviation; its mean is (1 + r^2) over the mean. */
export function inverseOf({ mean, standardUncertainty }: Quantity): Quantity {
  const relative = standardUncertainty / mean;
  const inverseMean = (1 + relative * relative) / mean;
  return { mean: inverseMean, standardUncertainty: relative * inverseMean };
}

function missingOf(declaration: EmbodiedDeclaration | null, reservedSeconds: number | null): string | null {
  if (declaration === null) return "manufacturing mass, lifetime and share of the hardware";
  const parts = [
    declaration.mass === null ? "the mass of its making (manufacturingKg or device)" : null,
    declaration.lifetime === null ? "its lifetime" : null,
    declaration.resourceShare === null ? "the reserved share of it" : null,
    reservedSeconds === null ? "the time for which it was reserved" : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

function massOf({ manufacturingKg, hardware, citation }: EmbodiedInput, device: string | null): EmbodiedFactor | null {
  const deviceClass = device === null ? undefined : deviceClasses.get(device);
  const sourceName = hardware ?? (device === null ? "stated" : `class=${device}`);
  const common = {
    quantity: "embodied carbon, making of the hardware",
    sourceId: `embodied/hardware=${sourceName}`,
    unit: "kg",
    scope: "everything that ran on this kind of hardware",
  };
  if (deviceClass !== undefined) {
    const { medianKg, lnSigma } = deviceClass;
    const mean = lognormalMean({ lnMedian: Math.log(medianKg), lnSigma });
    return {
      ...common,
      value: { mean, standardUncertainty: mean * relativeFromLnSigma(lnSigma) },
      citation: deviceClass.citation,
    };
  }
  if (manufacturingKg === undefined) return null;
  const value = positiveQuantity("embodied manufacturingKg", manufacturingKg);
  return { ...common, value, citation: citation ?? "stated by the user" };
}

function lifetimeOf({ lifetimeYears, hardware }: EmbodiedInput, device: string | null): EmbodiedFactor | null {
  const common = {
    quantity: "embodied carbon, lifetime of the hardware",
    unit: "year",
    scope: "everything with this assumption on lifetimes",
  };
  if (lifetimeYears !== undefined) {
    const value = positiveQuantity("embodied lifetimeYears", lifetimeYears);
    const sourceId = `embodied.lifetime/hardware=${hardware ?? device ?? "stated"}`;
    return { ...common, sourceId, value, citation: "stated by the user" };
  }
  const deviceClass = device === null ? undefined : deviceClasses.get(device);
  if (deviceClass === undefined) return null;
  const mean = deviceClass.lifetimeYears;
  return {
    ...common,
    sourceId: `embodied.lifetime/class=${device}`,
    value: { mean, standardUncertainty: mean * relativeFromLnSigma(lifetimeLnSigma) },
    citation: `judgement: ${mean} years is usual for the class, and 3 to 6 years for servers`,
  };
}

function positiveQuantity(name: string, stated: StatedValue): Quantity {
  const quantity = statedQuantity(name, stated, 0);
  if (quantity.mean > 0) return quantity;
  throw invalidInput(`The ${name} is 0, but must be above 0; leave it out if it is not known.`);
}

function checkedShare(share: number): number {
  const checked = checkedNumber("The embodied resourceShare", share, {
    minimum: 0,
    maximum: 1,
    allowed: "a number above 0 and at most 1",
  });
  if (checked > 0) return checked;
  throw invalidInput("The embodied resourceShare is 0, but must be a number above 0 and at most 1.");
}

function deviceNameOf(device: unknown): string {
  if (typeof device !== "string") throw invalidInput(`The embodied device is ${shown(device)}, but must be a name.`);
  const name = device.trim().toLowerCase().replaceAll(/[\s_]/g, "-");
  if (deviceClasses.has(name)) return name;
  const names = [...deviceClasses.keys()];
  const suggestion = nearest(name, names);
  const hint = suggestion === null ? `known ones are ${names.join(", ")}.` : `did you mean ${suggestion}?`;
  throw invalidInput(`There is no device class "${device}"; ${hint}`);
}

/** Row of the budget: the error of a lifetime acts through its inverse, with the same relative size. */
export function lnSigmaOfFactor({ value }: EmbodiedFactor): number {
  return lnSigmaFromRelative(value.standardUncertainty / value.mean);
}
