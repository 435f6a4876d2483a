import { join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { dayStore } from "./cache/day-store.ts";
import { intensityChain } from "./chain.ts";
import { type IntensityCounters, noCounts, type ProviderCounters } from "./counters.ts";
import { type CredentialName, credential } from "./credentials.ts";
import { openCustomFile } from "./custom-file.ts";
import { electricityMaps, electricityMapsUrl } from "./electricity-maps.ts";
import { type HttpSettings, httpClient } from "./http/client.ts";
import type { Environment } from "./http/proxy.ts";
import type { IntensityKind, IntensityLookup, IntensityProvider } from "./intensity.ts";
import { liveProvider } from "./live-provider.ts";
import type { PeriodSource } from "./period-source.ts";
import { refuseWrongZones, type ZoneOverrides } from "./provider-zones.ts";
import type { ServiceSettings } from "./service.ts";
import { electricityMapsToken, wattTimePassword, wattTimeUsername } from "./service-credentials.ts";
import { staticIntensity } from "./static-provider.ts";
import { ukCarbonIntensity, ukCarbonIntensityUrl } from "./uk-carbon-intensity.ts";
import { wattTime, wattTimeUrl } from "./watttime.ts";

/** The settings that say where intensities come from; docs/configuration.md has them. */
export interface IntensitySettings {
  /** Provider ids in the order they are asked, separated by commas. */
  readonly intensityProviders?: string | undefined;
  readonly intensityOffline?: "yes" | "no" | undefined;
  readonly intensityFile?: string | undefined;
  readonly intensityZones?: ZoneOverrides | undefined;
  readonly intensityTimeoutSeconds?: number | undefined;
  readonly cacheDirectory?: string | undefined;
  readonly credentialsDirectory?: string | undefined;
}

export interface IntensitySurroundings {
  /** Where credentials, proxies, mirrors and the user's cache directory are looked for: `process.env`. */
  readonly environment: Environment;
  readonly clock?: Clock | undefined;
  /** A user's own providers; their ids may stand in `intensityProviders`. Without that setting they are asked first. */
  readonly providers?: readonly IntensityProvider[] | undefined;
  /**
   * Longest time that one lookup may take, in seconds: providers that have not answered by then count as failed, and the packaged table
   * answers, whether or not it is named. Default: as long as the providers take.
   */
  readonly withinSeconds?: number | undefined;
  /** For tests: how waits and chance go. */
  readonly http?: Pick<HttpSettings, "pause" | "random" | "retries"> | undefined;
}

export interface OpenedIntensity extends IntensityLookup {
  readonly counters: IntensityCounters;
}

/**
 * The providers that the settings name, each behind its cache. Without `intensityProviders`: a user's own, the file of
 * `intensityFile`, the services that there are credentials for, and the packaged table. Opens no connection, and no file but
 * `intensityFile` and those of credentials. Throws CONFIG_INVALID for a name, zone, address or `intensityFile` that cannot be.
 */
export function openIntensity(settings: IntensitySettings, surroundings: IntensitySurroundings): OpenedIntensity {
  refuseWrongZones(settings.intensityZones ?? {});
  const builders = buildersOf(settings, surroundings);
  const counters: Record<string, ProviderCounters> = {};
  const { withinSeconds } = surroundings;
  const named = namesOf(settings, surroundings, builders);
  const names = withinSeconds === undefined || named.includes("static") ? named : [...named, "static"];
  const providers = names.map((name) => {
    const build = builders.get(name);
    if (build === undefined) throw unknownProvider(name, [...builders.keys()]);
    const counts = noCounts();
    counters[name] = counts;
    return build(counts);
  });
  return { ...intensityChain(providers, { withinSeconds }), counters };
}

type Builder = (counters: ProviderCounters) => IntensityProvider;

function buildersOf(settings: IntensitySettings, surroundings: IntensitySurroundings): ReadonlyMap<string, Builder> {
  const { environment, clock = systemClock, providers = [] } = surroundings;
  const http = httpClient({
    clock,
    environment,
    timeoutMs: (settings.intensityTimeoutSeconds ?? 10) * 1000,
    ...surroundings.http,
  });
  const service = (counters: ProviderCounters, baseUrl: string): ServiceSettings => {
    return { http, clock, counters, baseUrl, zones: settings.intensityZones ?? {} };
  };
  const live = (counters: ProviderCounters, source: PeriodSource): IntensityProvider => {
    const directory = cacheDirectory(settings, environment);
    const store = dayStore(directory === null ? null : join(directory, "intensity"), counters);
    return liveProvider(source, { clock, store, counters, isOffline: settings.intensityOffline === "yes" });
  };
  const builders: [string, Builder][] = [
    [
      "electricity-maps",
      (counters) => {
        const baseUrl = baseUrlOf("CARBON_OPS_ELECTRICITY_MAPS_URL", electricityMapsUrl, environment, true);
        return withSecrets("electricity-maps", ["average"], () => {
          const token = secret("electricity-maps", electricityMapsToken, settings, environment);
          return live(counters, electricityMaps({ ...service(counters, baseUrl), token }));
        });
      },
    ],
    [
      "watttime",
      (counters) => {
        const baseUrl = baseUrlOf("CARBON_OPS_WATTTIME_URL", wattTimeUrl, environment, true);
        return withSecrets("watttime", ["marginal"], () => {
          const username = secret("watttime", wattTimeUsername, settings, environment);
          const password = secret("watttime", wattTimePassword, settings, environment);
          return live(counters, wattTime({ ...service(counters, baseUrl), username, password }));
        });
      },
    ],
    [
      "uk-carbon-intensity",
      (counters) => {
        const baseUrl = baseUrlOf("CARBON_OPS_UK_CARBON_INTENSITY_URL", ukCarbonIntensityUrl, environment, false);
        return live(counters, ukCarbonIntensity(service(counters, baseUrl)));
      },
    ],
    ["custom-file", () => openCustomFile(intensityFile(settings), clock)],
    ["static", () => staticIntensity(clock)],
    ...providers.map((provider): [string, Builder] => [provider.id, () => provider]),
  ];
  return new Map(builders);
}

function namesOf(
  settings: IntensitySettings,
  { environment, providers = [] }: IntensitySurroundings,
  builders: ReadonlyMap<string, Builder>,
): readonly string[] {
  const { intensityProviders: named } = settings;
  if (named !== undefined) {
    const names = named.split(",").map((name) => shortNames.get(name.trim()) ?? name.trim());
    return [...new Set(names.filter((name) => name !== ""))];
  }
  const isWanted = (names: readonly CredentialName[]): boolean =>
    names.every((name) => isNamed(name, settings, environment));
  return [
    ...providers.map(({ id }) => id),
    ...(settings.intensityFile === undefined ? [] : ["custom-file"]),
    ...(isWanted([electricityMapsToken]) ? ["electricity-maps"] : []),
    ...(isWanted([wattTimeUsername, wattTimePassword]) ? ["watttime"] : []),
    "static",
  ].filter((name, index, names) => builders.has(name) && names.indexOf(name) === index);
}

const shortNames: ReadonlyMap<string, string> = new Map([["uk", "uk-carbon-intensity"]]);

/** A credential that cannot be used is wanted all the same: the provider then says what is wrong with it. */
function isNamed(name: CredentialName, settings: IntensitySettings, environment: Environment): boolean {
  try {
    return credential(name, environment, settings.credentialsDirectory) !== null;
  } catch {
    return true;
  }
}

function secret(provider: string, name: CredentialName, settings: IntensitySettings, environment: Environment): string {
  const found = credential(name, environment, settings.credentialsDirectory);
  if (found !== null) return found;
  throw new CarbonOpsError(
    "INTENSITY_CREDENTIALS",
    `The provider ${provider} needs ${name.variable}, which is not set; set it, or put a file ${name.fileName} into the directory of credentials.`,
  );
}

/** The provider, or one that says at every question why it cannot be: others in the chain still answer. */
function withSecrets(id: string, kinds: readonly IntensityKind[], build: () => IntensityProvider): IntensityProvider {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof CarbonOpsError) || error.code !== "INTENSITY_CREDENTIALS") throw error;
    return { id, kinds, series: async () => Promise.reject(error) };
  }
}

/**
 * A mirror's address, from the environment alone: a configuration file may be somebody else's, and the address is where
 * credentials go. They go over https, or to this machine.
 */
function baseUrlOf(variable: string, usual: string, environment: Environment, hasCredentials: boolean): string {
  const address = environment[variable] ?? "";
  if (address === "") return usual;
  const url = URL.canParse(address) ? new URL(address) : null;
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isWeb || url.username !== "" || url.search !== "") {
    const words = `${variable} must be an http:// or https:// address without a name, password or query; correct or clear it.`;
    throw new CarbonOpsError("CONFIG_INVALID", words);
  }
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (hasCredentials && url.protocol === "http:" && !isLocal) {
    const words = `${variable} is ${url.origin}, but credentials are sent over https only, or to this machine; use https.`;
    throw new CarbonOpsError("CONFIG_INVALID", words);
  }
  return address;
}

function intensityFile({ intensityFile: path }: IntensitySettings): string {
  if (path !== undefined) return path;
  throw new CarbonOpsError(
    "CONFIG_INVALID",
    "The provider custom-file needs the setting intensityFile; name the file there.",
  );
}

/** The setting, else the user's cache of the XDG Base Directory Specification; null, so memory alone, without a home. */
function cacheDirectory({ cacheDirectory: set }: IntensitySettings, environment: Environment): string | null {
  if (set !== undefined) return set;
  const cache = environment["XDG_CACHE_HOME"];
  const home = environment["HOME"];
  if (cache?.startsWith("/") === true) return join(cache, "carbon-ops");
  return home?.startsWith("/") === true ? join(home, ".cache", "carbon-ops") : null;
}

function unknownProvider(name: string, known: readonly string[]): CarbonOpsError {
  const suggestion = nearest(name, known);
  const hint = suggestion === null ? `known ones are ${known.join(", ")}` : `did you mean ${suggestion}?`;
  return new CarbonOpsError("CONFIG_INVALID", `intensityProviders names "${name}", which is no provider; ${hint}.`);
}
