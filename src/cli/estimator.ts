import { CarbonEstimator, type CarbonEstimatorOptions } from "../carbon/estimator.ts";
import type { FoundSettings } from "../config/load.ts";
import type { SettingName } from "../config/settings.ts";
import { CarbonOpsError } from "../errors.ts";
import { openIntensity } from "../intensity/open-intensity.ts";
import { resolveRegion } from "../intensity/regions.ts";
import type { CommandContext } from "./context.ts";

export interface EstimatorWanted {
  /** What the command's own flags say. */
  readonly options?: CarbonEstimatorOptions;
  /** Longest wait for intensities, in seconds, after which the packaged table answers; default: as long as the providers take. */
  readonly intensityWithinSeconds?: number;
}

/**
 * An estimator with a command's settings. Whether a region or a PUE profile exists is known only here, so the place that its
 * name was found in is put before the sentence. Throws REGION_UNKNOWN, INPUT_INVALID and CONFIG_INVALID.
 */
export function estimatorFor(
  { settings, originOf }: FoundSettings,
  { clock, environment }: CommandContext,
  { options = {}, intensityWithinSeconds }: EstimatorWanted = {},
): CarbonEstimator {
  const namingPlace = (name: SettingName, build: () => unknown): void => {
    try {
      build();
    } catch (error) {
      if (!(error instanceof CarbonOpsError)) throw error;
      throw new CarbonOpsError(error.code, `${originOf(name) ?? name}: ${error.message}`, { cause: error });
    }
  };
  const { region, pue } = settings;
  if (region !== undefined) namingPlace("region", () => resolveRegion(region));
  if (pue !== undefined) namingPlace("pue", () => new CarbonEstimator({ pue }));
  const intensity = openIntensity(settings, { environment, clock, withinSeconds: intensityWithinSeconds });
  return new CarbonEstimator({ ...settings, ...options, clock, intensity });
}
