import type { EnergyBoundary } from "../energy/source.ts";
import { relativeFromLnSigma } from "../uncertainty/lognormal.ts";
import type { Quantity } from "../uncertainty/product.ts";
import { type StatedValue, statedQuantity } from "./stated-value.ts";

/** Joules at the server's plug for one joule within the energy source's boundary. */
export interface WallFactor extends Quantity {
  readonly sourceId: string;
  readonly scope: string;
  readonly citation: string;
  /** "plug": nothing to convert. "unnecessary": the user stated one, but the energy is already counted at the plug. */
  readonly origin: "plug" | "unnecessary" | "unknown_boundary" | "stated" | "assumed";
}

/**
 * CPU package and DRAM as RAPL counts them leave out voltage regulators (85-92 % efficient) and the power supply (90-95 %): 1.20
 * for both. Fans, disks, network and boards differ from server to server, hence a log standard deviation of 0.1. A judgement.
 */
const defaultMean = 1.2;
const defaultLnSigma = 0.1;

const exactOne = { mean: 1, standardUncertainty: 0, scope: "nothing: it is exact" } as const;

/**
 * A GPU's sensors see what enters its board: voltage regulators are inside, and the power supply (90-95 % efficient) is not. A judgement,
 * as for the CPU.
 */
const gpuMean = 1.08;
const gpuLnSigma = 0.03;

/** Where the energy was counted: what an assumed factor is wrong by differs from host to host. */
export interface CountedAt {
  readonly boundary: EnergyBoundary | null;
  readonly host?: string | undefined;
}

/** The factor of GPU energy, which is never counted at the plug. Throws INPUT_INVALID when a stated factor is below 1. */
export function resolveGpuWallFactor(stated: StatedValue | undefined, host: string | undefined): WallFactor {
  if (stated !== undefined) return statedFactor(statedQuantity("wall factor", stated, 1), host);
  return {
    mean: gpuMean,
    standardUncertainty: gpuMean * relativeFromLnSigma(gpuLnSigma),
    sourceId: `wall_factor/gpu${ofHost(host)}`,
    scope:
      host === undefined ? "everything counted by GPU sensors without a stated wall factor" : "every GPU of this host",
    citation: "judgement: power supply 90-95 % efficient",
    origin: "assumed",
  };
}

function ofHost(host: string | undefined): string {
  return host === undefined ? "" : `/host=${host}`;
}

function statedFactor(quantity: Quantity, host: string | undefined): WallFactor {
  const sourceId = `wall_factor/stated${ofHost(host)}`;
  return { ...quantity, sourceId, scope: "everything on this host", citation: "stated by the user", origin: "stated" };
}

/** Throws INPUT_INVALID when a stated factor is below 1. */
export function resolveWallFactor(stated: StatedValue | undefined, { boundary, host }: CountedAt): WallFactor {
  const quantity = stated === undefined ? null : statedQuantity("wall factor", stated, 1);
  if (boundary === "server_wall") {
    const origin = quantity === null ? "plug" : "unnecessary";
    return { ...exactOne, sourceId: "wall_factor/plug", citation: "the energy is counted at the plug", origin };
  }
  if (quantity !== null) return statedFactor(quantity, host);
  if (boundary === null) {
    const citation = "the energy is taken as counted at the plug";
    return { ...exactOne, sourceId: "wall_factor/plug", citation, origin: "unknown_boundary" };
  }
  return {
    mean: defaultMean,
    standardUncertainty: defaultMean * relativeFromLnSigma(defaultLnSigma),
    sourceId: `wall_factor/default${ofHost(host)}`,
    scope:
      host === undefined
        ? "everything counted by CPU counters without a stated wall factor"
        : "everything counted by CPU counters on this host",
    citation: "judgement: voltage regulators 85-92 % and power supply 90-95 % efficient",
    origin: "assumed",
  };
}
