/** What has happened with one provider since the start; every member only grows. */
export interface ProviderCounters {
  /** Lookups that the cache answered alone, and those that needed a request. */
  cacheHits: number;
  cacheMisses: number;
  /** Requests sent, those of retries and logins included, and the seconds spent waiting for their answers. */
  requests: number;
  requestSeconds: number;
  retries: number;
  /** Lookups that failed, in part or as a whole. */
  errors: number;
  /** Entries that the disk did not take (full, forbidden) and files of the cache that could not be used. */
  cacheWriteErrors: number;
  cacheReadErrors: number;
}

/** Counters by provider id: a plain object that an exporter reads. */
export type IntensityCounters = Readonly<Record<string, ProviderCounters>>;

export function noCounts(): ProviderCounters {
  return {
    cacheHits: 0,
    cacheMisses: 0,
    requests: 0,
    requestSeconds: 0,
    retries: 0,
    errors: 0,
    cacheWriteErrors: 0,
    cacheReadErrors: 0,
  };
}
