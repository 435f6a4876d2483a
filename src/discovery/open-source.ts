import { lstatSync } from "node:fs";
import type { EnergySource } from "../energy/source.ts";
import { CarbonOpsError, messageOf } from "../errors.ts";
import { defaultSocketPath } from "../governor/protocol.ts";
import { openEnergySource, type SourceRequest } from "./discover.ts";

export interface OpenRequest extends Omit<SourceRequest, "wanted"> {
  /** "auto": the governor where one answers, else the best that this process can read itself. */
  readonly wanted: SourceRequest["wanted"] | "governor";
  /** Default /var/run/carbon-ops.sock. */
  readonly governorSocket?: string | undefined;
}

export { defaultSocketPath as defaultGovernorSocket } from "../governor/protocol.ts";

/** Opens the best source, or the one wanted. Throws ENERGY_SOURCE_UNAVAILABLE. Waits a bounded time for a governor. */
export async function openSource(request: OpenRequest): Promise<{ readonly source: EnergySource }> {
  const { wanted, governorSocket: socketPath = defaultSocketPath } = request;
  if (wanted !== "auto" && wanted !== "governor") return openEnergySource({ ...request, wanted });
  if (wanted === "auto" && !isThere(socketPath)) return openEnergySource({ ...request, wanted });
  try {
    const { openGovernorSource } = await import("./governor-source.ts");
    return { source: await openGovernorSource({ ...request, socketPath }) };
  } catch (error) {
    if (wanted === "auto") return openEnergySource({ ...request, wanted });
    throw new CarbonOpsError("ENERGY_SOURCE_UNAVAILABLE", messageOf(error), { cause: error });
  }
}

/** The usual case is a host without a governor: it costs one look. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
