import { CarbonOpsError } from "../errors.ts";
import { type CredentialName, credential } from "./credentials.ts";
import type { Environment } from "./http/proxy.ts";

export const electricityMapsToken: CredentialName = {
  variable: "CARBON_OPS_ELECTRICITY_MAPS_TOKEN",
  fileName: "electricity-maps-token",
};
export const wattTimeUsername: CredentialName = {
  variable: "CARBON_OPS_WATTTIME_USERNAME",
  fileName: "watttime-username",
};
export const wattTimePassword: CredentialName = {
  variable: "CARBON_OPS_WATTTIME_PASSWORD",
  fileName: "watttime-password",
};

const neededBy: ReadonlyMap<string, readonly CredentialName[]> = new Map([
  ["electricity-maps", [electricityMapsToken]],
  ["watttime", [wattTimeUsername, wattTimePassword]],
]);

/** Providers that ship with carbon-ops and answer over the network. */
export const serviceNames: readonly string[] = [...neededBy.keys(), "uk-carbon-intensity"];

/** Whether there is what a provider needs; never the thing itself. */
export interface CredentialState {
  readonly state: "not_needed" | "found" | "missing" | "unusable";
  /** What is missing or wrong, in words; null otherwise. */
  readonly reason: string | null;
}

export function credentialState(
  providerId: string,
  environment: Environment,
  directory: string | undefined,
): CredentialState {
  const names = neededBy.get(providerId);
  if (names === undefined) return { state: "not_needed", reason: null };
  try {
    const missing = names.filter((name) => credential(name, environment, directory) === null);
    if (missing.length === 0) return { state: "found", reason: null };
    return { state: "missing", reason: `${missing.map(({ variable }) => variable).join(" and ")} not set` };
  } catch (error) {
    if (!(error instanceof CarbonOpsError)) throw error;
    return { state: "unusable", reason: error.message };
  }
}
