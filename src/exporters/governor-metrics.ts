import type { GovernorDomain, GovernorInfo, GovernorSnapshot, Twins } from "../governor/client.ts";
import { joulesText, type MetricFamily, type Sample } from "./prometheus.ts";

/** What one visit to the governor brought. */
export interface GovernorReading {
  readonly info: GovernorInfo;
  /** Null while the governor has not read its counters yet. */
  readonly snapshot: GovernorSnapshot | null;
}

/** Domains that show another one's counter again stand beside the host, as nested ones do. */
export function withoutTwins({ info, snapshot }: GovernorReading, twins: Twins): GovernorReading {
  const domains = info.domains.map((domain) => (twins.has(domain.id) ? { ...domain, counted: false } : domain));
  if (snapshot === null) return { info: { ...info, domains }, snapshot };
  const [counted, copies] = [false, true].map((isCopy) =>
    [...snapshot.countersMicrojoules].filter(([id]) => twins.has(id) === isCopy),
  );
  return {
    info: { ...info, domains },
    snapshot: {
      ...snapshot,
      countersMicrojoules: new Map(counted),
      nestedMicrojoules: new Map([...snapshot.nestedMicrojoules, ...(copies ?? [])]),
    },
  };
}

/**
 * Counters carry the governor's id: totals that start anew are series of their own. Prometheus takes a counter for reset only where it
 * decreases; new totals that have passed the old ones before it looks again would be taken for what was used meanwhile.
 *
 * The families of a reading, or of a governor that cannot be used (null): then only that is known. Energy that nobody reads is left
 * out, never 0 and never the last value: a domain while its counter fails, the host while each of its counters does.
 */
export function governorFamilies(reading: GovernorReading | null): MetricFamily[] {
  const up: MetricFamily = {
    name: "carbon_ops_governor_up",
    type: "gauge",
    help: "1 when the governor answers, 0 when it cannot be used.",
    samples: [{ value: reading === null ? "0" : "1" }],
  };
  if (reading === null) return [up];
  const { info, snapshot } = reading;
  const withEnergies = snapshot === null ? [] : [...hostFamilies(info, snapshot), ...tickFamilies(snapshot)];
  return [up, ...serviceFamilies(info), ...withEnergies, ...domainFamilies(info, snapshot)];
}

function serviceFamilies(info: GovernorInfo): MetricFamily[] {
  return [
    {
      name: "carbon_ops_governor_info",
      type: "gauge",
      help: "Always 1. governor_id changes whenever energy totals start anew at 0; mode is how counters are read.",
      samples: [{ labels: { governor_id: info.governorId, version: info.version, mode: info.mode }, value: "1" }],
    },
    {
      name: "carbon_ops_governor_uptime_seconds",
      type: "gauge",
      help: "Time since the governor's process started; totals may be older, since a restart continues them.",
      samples: [{ value: String(info.uptimeSeconds) }],
    },
    {
      name: "carbon_ops_governor_poll_interval_seconds",
      type: "gauge",
      help: "Time between two readings of the counters.",
      samples: [{ value: String(info.pollIntervalSeconds) }],
    },
  ];
}

function tickFamilies({ timestamp }: GovernorSnapshot): MetricFamily[] {
  return [
    {
      name: "carbon_ops_governor_last_tick_timestamp_seconds",
      type: "gauge",
      help: "When the counters on this page were read, in seconds since 1970.",
      samples: [{ value: String(timestamp) }],
    },
  ];
}

function hostFamilies({ domains, governorId }: GovernorInfo, snapshot: GovernorSnapshot): MetricFamily[] {
  const isRead = domains.some(({ counted, problem }) => counted && problem === null);
  const labels = { governor_id: governorId };
  const microjoules = [...snapshot.countersMicrojoules.values()].reduce((sum, part) => sum + part, 0n);
  return [
    {
      name: "carbon_ops_host_energy_joules_total",
      type: "counter",
      help: "Energy of the host: the sum of its counted domains. A lower bound over a time in which gaps grew.",
      samples: isRead ? [{ labels, value: joulesText(microjoules) }] : [],
    },
    {
      name: "carbon_ops_host_energy_gaps_total",
      type: "counter",
      help: "Readings of counted domains that failed, and steps that were no consumption.",
      samples: [{ labels, value: String(snapshot.gaps) }],
    },
  ];
}

function domainFamilies({ domains, governorId }: GovernorInfo, snapshot: GovernorSnapshot | null): MetricFamily[] {
  const labelsOf = ({ id, kind, counted }: GovernorDomain): Record<string, string> => ({
    domain: id,
    kind,
    counted: String(counted),
  });
  const counterLabelsOf = (domain: GovernorDomain): Record<string, string> => ({
    ...labelsOf(domain),
    governor_id: governorId,
  });
  const countersOf = (textOf: (domain: GovernorDomain) => string): Sample[] =>
    domains.map((domain) => ({ labels: counterLabelsOf(domain), value: textOf(domain) }));
  const energies = domains.flatMap((domain): Sample[] => {
    const microjoules = snapshot?.countersMicrojoules.get(domain.id) ?? snapshot?.nestedMicrojoules.get(domain.id);
    if (microjoules === undefined || domain.problem !== null) return [];
    return [{ labels: counterLabelsOf(domain), value: joulesText(microjoules) }];
  });
  return [
    {
      name: "carbon_ops_domain_energy_joules_total",
      type: "counter",
      help: 'Energy of a domain. Those with counted="true" are disjoint and add up to the host; never add the others.',
      samples: energies,
    },
    {
      name: "carbon_ops_domain_readable",
      type: "gauge",
      help: "1 when the domain's counter could be read at the last tick, 0 when not: its energy is then left out.",
      samples: domains.map((domain) => ({ labels: labelsOf(domain), value: domain.problem === null ? "1" : "0" })),
    },
    {
      name: "carbon_ops_domain_wraps_total",
      type: "counter",
      help: "Times that the domain's hardware counter went round; each is in the energy.",
      samples: countersOf(({ wraps }) => String(wraps)),
    },
    {
      name: "carbon_ops_domain_gaps_total",
      type: "counter",
      help: "Readings of the domain that failed, and steps that were no consumption.",
      samples: countersOf(({ gaps }) => String(gaps)),
    },
    {
      name: "carbon_ops_domain_info",
      type: "gauge",
      help: "Always 1. The name that the hardware's driver gives the domain.",
      samples: domains.map(({ id, name }) => ({ labels: { domain: id, name }, value: "1" })),
    },
  ];
}
