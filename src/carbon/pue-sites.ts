import type { CloudProvider } from "../intensity/cloud-regions.ts";

/**
 * Power usage effectiveness as the operators publish it: AWS regions 2024, Google regions 2024, Microsoft regions 2023 (Singapore
 * and India 2022). One row a region.
 */
type PueRow = readonly [provider: CloudProvider, region: string, year: number, pue: number];

const rows: readonly PueRow[] = [
  ["aws", "af-south-1", 2024, 1.24],
  ["aws", "ap-northeast-1", 2024, 1.27],
  ["aws", "ap-south-1", 2024, 1.42],
  ["aws", "ap-south-2", 2024, 1.46],
  ["aws", "ap-southeast-1", 2024, 1.32],
  ["aws", "ap-southeast-2", 2024, 1.16],
  ["aws", "ap-southeast-3", 2024, 1.4],
  ["aws", "ap-southeast-4", 2024, 1.07],
  ["aws", "ca-central-1", 2024, 1.19],
  ["aws", "ca-west-1", 2024, 1.17],
  ["aws", "cn-northwest-1", 2024, 1.25],
  ["aws", "eu-central-1", 2024, 1.35],
  ["aws", "eu-north-1", 2024, 1.1],
  ["aws", "eu-south-2", 2024, 1.09],
  ["aws", "eu-west-1", 2024, 1.11],
  ["aws", "me-central-1", 2024, 1.27],
  ["aws", "me-south-1", 2024, 1.33],
  ["aws", "sa-east-1", 2024, 1.17],
  ["aws", "us-east-1", 2024, 1.15],
  ["aws", "us-east-2", 2024, 1.13],
  ["aws", "us-west-1", 2024, 1.18],
  ["aws", "us-west-2", 2024, 1.12],
  ["azure", "centralindia", 2022, 1.43],
  ["azure", "centralus", 2023, 1.16],
  ["azure", "eastus", 2023, 1.14],
  ["azure", "eastus2", 2023, 1.14],
  ["azure", "northcentralus", 2023, 1.35],
  ["azure", "northeurope", 2023, 1.19],
  ["azure", "southcentralus", 2023, 1.28],
  ["azure", "southeastasia", 2022, 1.34],
  ["azure", "southindia", 2022, 1.43],
  ["azure", "swedencentral", 2023, 1.16],
  ["azure", "westcentralus", 2023, 1.11],
  ["azure", "westeurope", 2023, 1.14],
  ["azure", "westus", 2023, 1.15],
  ["azure", "westus3", 2023, 1.18],
  ["gcp", "asia-east1", 2024, 1.12],
  ["gcp", "asia-southeast1", 2024, 1.16],
  ["gcp", "europe-north1", 2024, 1.09],
  ["gcp", "europe-west1", 2024, 1.09],
  ["gcp", "europe-west4", 2024, 1.07],
  ["gcp", "southamerica-west1", 2024, 1.12],
  ["gcp", "us-central1", 2024, 1.1],
  ["gcp", "us-east1", 2024, 1.1],
  ["gcp", "us-east4", 2024, 1.09],
  ["gcp", "us-south1", 2024, 1.12],
  ["gcp", "us-west1", 2024, 1.07],
  ["gcp", "us-west4", 2024, 1.08],
];

export interface PublishedPue {
  readonly year: number;
  readonly pue: number;
}

const pueBySite: ReadonlyMap<string, PublishedPue> = new Map(
  rows.map(([provider, region, year, pue]) => [`${provider}:${region}`, { year, pue }]),
);

/** What the operator published for this site, e.g. "aws:eu-west-1". */
export function publishedPue(site: string): PublishedPue | undefined {
  return pueBySite.get(site);
}

export interface FleetSpread {
  readonly regionCount: number;
  /** Sample standard deviation over the operator's regions, to the two digits in which PUEs are published. */
  readonly standardDeviation: number;
}

/** How much the published regions of one operator differ. */
export function fleetSpread(operator: CloudProvider): FleetSpread {
  const pues = rows.filter(([provider]) => provider === operator).map(([, , , pue]) => pue);
  const mean = sum(pues) / pues.length;
  const variance = sum(pues.map((pue) => (pue - mean) ** 2)) / (pues.length - 1);
  return { regionCount: pues.length, standardDeviation: Math.round(100 * Math.sqrt(variance)) / 100 };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
