import { CarbonOpsError } from "../errors.ts";
import type { ResolvedRegion } from "../intensity/regions.ts";
import { nearest } from "../nearest.ts";
import type { Quantity } from "../uncertainty/product.ts";
import { fleetSpread, publishedPue } from "./pue-sites.ts";
import { type StatedValue, statedQuantity } from "./stated-value.ts";

/**
 * Power usage effectiveness: energy of the whole data centre over energy at the inlets of its IT equipment, per year. It is at
 * least 1, so PUE - 1 is taken as lognormal.
 */
export interface Pue extends Quantity {
  /** Profile or site that it came from. */
  readonly profile: string;
  readonly sourceId: string;
  readonly scope: string;
  readonly citation: string;
  /** Of the standard uncertainty, where it is a standard deviation over a number of sites. */
  readonly degreesOfFreedom?: number;
  /** Where it came from: what the user said, or what carbon-ops assumed. */
  readonly origin: "stated" | "profile" | "site" | "assumed";
}

interface PueProfile extends Quantity {
  readonly citation: string;
  readonly degreesOfFreedom?: number;
}

const desk: PueProfile = {
  mean: 1,
  standardUncertainty: 0,
  citation: "a desk, laptop or home computer has no data centre around it",
};

const uptimeSurvey: PueProfile = {
  mean: 1.55,
  standardUncertainty: 0.25,
  citation: "Uptime Institute Global Data Center Survey: mean 1.56 (2024), 1.54 (2025); spread judged",
};

/** A fleet's mean as its operator publishes it, with the spread of its regions in our table. */
function fleet(mean: number, name: string, operator: "aws" | "azure" | "gcp"): PueProfile {
  const { regionCount, standardDeviation } = fleetSpread(operator);
  return {
    mean,
    standardUncertainty: standardDeviation,
    degreesOfFreedom: regionCount - 1,
    citation: `${name}; standard deviation over ${regionCount} regions`,
  };
}

/** The Python original's names first. */
const profiles: Readonly<Record<string, PueProfile>> = {
  "cloud-hyperscale": {
    mean: 1.14,
    standardUncertainty: 0.09,
    citation:
      "mean of the fleets of AWS 1.15 (2024), Google 1.09 (2024), Microsoft 1.17 (FY25); root mean square of the standard deviations over their regions",
  },
  enterprise: uptimeSurvey,
  edge: {
    mean: 1.4,
    standardUncertainty: 0.3,
    citation: "the Python original's value; no survey exists, spread judged",
  },
  "on-premise": {
    mean: 1.8,
    standardUncertainty: 0.4,
    citation: "the Python original's value, plausible for small server rooms; spread judged",
  },
  colocation: uptimeSurvey,
  aws: fleet(1.15, "AWS fleet 2024", "aws"),
  gcp: fleet(1.09, "Google fleet 2024", "gcp"),
  azure: fleet(1.17, "Microsoft fleet FY25, regions 2022 and 2023", "azure"),
  ovh: { mean: 1.26, standardUncertainty: 0.1, citation: "OVHcloud fleet, as published; spread judged" },
  desk,
  laptop: desk,
  home: desk,
};

const otherProfileNames: ReadonlyMap<string, string> = new Map([["hyperscale", "cloud-hyperscale"]]);

/** Names that `pue` accepts. */
export const pueProfileNames: readonly string[] = [...Object.keys(profiles), ...otherProfileNames.keys()];

/**
 * Nothing is known of the place: half way between a desk (1.0) and a data centre (1.55). With PUE - 1 lognormal, 95 % lie
 * between 1.04 and 2.1, which holds both.
 */
const assumed: PueProfile = {
  mean: 1.3,
  standardUncertainty: 0.3,
  citation: "judgement: between a desk (1.0) and a server room (1.8), since the place is not known",
};

/** A region's published value: rounding and the year's course (judgement). */
const publishedUncertainty = 0.03;

/**
 * The PUE to use: what the user stated, else what the operator published for the cloud region, else its fleet, else a wide
 * assumption. Throws INPUT_INVALID for a number below 1 or an unknown profile.
 */
export function resolvePue(stated: StatedValue | string | undefined, cloud: ResolvedRegion["cloud"]): Pue {
  if (typeof stated === "string") return profilePue(stated);
  if (stated !== undefined) return statedPue(stated);
  if (cloud !== null) return cloudPue(cloud);
  return pueOf("unknown", assumed, "assumed");
}

function statedPue(stated: StatedValue): Pue {
  const quantity = statedQuantity("PUE", stated, 1);
  if (quantity.mean === 1 && quantity.standardUncertainty > 0) {
    throw new CarbonOpsError("INPUT_INVALID", "A PUE of exactly 1 has no uncertainty: give one of them another value.");
  }
  return pueOf("stated", { ...quantity, citation: "stated by the user" }, "stated");
}

function profilePue(name: string): Pue {
  const key = name.trim().toLowerCase().replaceAll(/[\s_]/g, "-");
  const profileName = otherProfileNames.get(key) ?? key;
  const profile = Object.hasOwn(profiles, profileName) ? profiles[profileName] : undefined;
  if (profile !== undefined) return pueOf(profileName, profile, "profile");
  const suggestion = nearest(key, pueProfileNames);
  const hint = suggestion === null ? `known ones are ${pueProfileNames.join(", ")}` : `did you mean ${suggestion}?`;
  throw new CarbonOpsError("INPUT_INVALID", `There is no PUE profile "${name}"; ${hint}`);
}

function cloudPue({ provider, region }: NonNullable<ResolvedRegion["cloud"]>): Pue {
  const site = `${provider}:${region}`;
  const published = publishedPue(site);
  if (published === undefined) return profilePue(provider);
  return {
    mean: published.pue,
    standardUncertainty: publishedUncertainty,
    profile: site,
    sourceId: `pue/site=${site}/year=${published.year}`,
    scope: "everything that ran at this site",
    citation: `published by the operator for ${published.year}; rounding and season judged`,
    origin: "site",
  };
}

function pueOf(name: string, { citation, ...value }: PueProfile, origin: Pue["origin"]): Pue {
  return {
    ...value,
    profile: name,
    sourceId: origin === "stated" ? "pue/stated" : `pue/profile=${name}`,
    scope: "everything that ran at the same site",
    citation,
    origin,
  };
}
