import type { Clock } from "../../clock.ts";
import { CarbonOpsError } from "../../errors.ts";
import type { ProviderCounters } from "../counters.ts";
import { exchange, type HttpAnswer } from "./exchange.ts";
import { type HostLimits, hostLimits } from "./host-limits.ts";
import { type Environment, proxyFor } from "./proxy.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface HttpSettings {
  readonly clock: Clock;
  /** Where the proxy variables are read from. */
  readonly environment: Environment;
  /** For one request; default 10 000. */
  readonly timeoutMs?: number | undefined;
  /** Further tries of a request that failed in passing; default 2. */
  readonly retries?: number | undefined;
  /** Waits; default: a timer that the signal ends. */
  readonly pause?: ((milliseconds: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** From 0 up to 1; default Math.random. */
  readonly random?: (() => number) | undefined;
}

export interface HttpRequest {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  readonly counters: ProviderCounters;
}

export interface HttpClient {
  /** The answer, whatever its status. Rejects as `exchange` does, and with INTENSITY_RATE_LIMITED for a host that wants to be left alone. */
  get(request: HttpRequest): Promise<HttpAnswer>;
}

/** Named to the services, which refuse requests without a name. */
const userAgent = "carbon-ops (https://www.npmjs.com/package/carbon-ops)";
/** An answer of 32 days in 5-minute steps has about a megabyte. */
const maximumBytes = 8_000_000;
const passingStatuses: readonly number[] = [408, 429, 500, 502, 503, 504];
const maximumRedirects = 3;
/** A longer wait is not sat out: another provider answers meanwhile. */
const longestWaitMs = 20_000;
/** Where a 429 names no time. */
const restAfterRefusalMs = 60_000;
const firstBackoffMs = 500;

export function httpClient(settings: HttpSettings): HttpClient {
  const limits = hostLimits(settings.clock);
  return { get: (request) => getWithRetries(request, settings, limits) };
}

async function getWithRetries(request: HttpRequest, settings: HttpSettings, limits: HostLimits): Promise<HttpAnswer> {
  const { pause = timerPause, random = Math.random, retries = 2, clock } = settings;
  const { counters, signal } = request;
  const { host } = request.url;
  for (let retry = 0; ; retry += 1) {
    refuseClosed(host, limits);
    const reservedMs = limits.reserve(host);
    if (reservedMs > 0) await pause(reservedMs, signal);
    const isLast = retry >= retries;
    // Half of the doubling wait is certain and half is chance, so that many clients do not come back together.
    let waitMs = firstBackoffMs * 2 ** retry * (0.5 + random() / 2);
    try {
      const answer = await getOnce(request, settings);
      if (!passingStatuses.includes(answer.status)) return answer;
      const askedMs = retryAfterMs(answer.retryAfter, answer.serverDateMs, clock.wallMs());
      if (answer.status === 429) limits.close(host, askedMs ?? restAfterRefusalMs);
      else if (askedMs !== null && askedMs > longestWaitMs) limits.close(host, askedMs);
      const wait = askedMs ?? (answer.status === 429 ? restAfterRefusalMs : waitMs);
      if (isLast || wait > longestWaitMs) return answer;
      waitMs = wait;
      await pause(waitMs, signal);
      limits.close(host, 0);
    } catch (error) {
      if (isLast || !(error instanceof CarbonOpsError) || error.code !== "INTENSITY_UNAVAILABLE") throw error;
      await pause(waitMs, signal);
    }
    counters.retries += 1;
  }
}

function refuseClosed(host: string, limits: HostLimits): void {
  const closedMs = limits.closedMs(host);
  if (closedMs === 0) return;
  throw new CarbonOpsError(
    "INTENSITY_RATE_LIMITED",
    `The service at ${host} asked to be left alone for ${Math.ceil(closedMs / 1000)} s more; ask less often, or use a larger plan.`,
  );
}

/** One request and the redirects that stay with the same origin: a header with a key never travels to another. */
async function getOnce(request: HttpRequest, settings: HttpSettings): Promise<HttpAnswer> {
  let { url } = request;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await counted(request, settings, url);
    const isRedirect = answer.status >= 300 && answer.status < 400 && answer.location !== null;
    if (!isRedirect) return answer;
    const target = URL.canParse(answer.location ?? "", url.href) ? new URL(answer.location ?? "", url.href) : null;
    if (target === null || target.origin !== url.origin || redirects >= maximumRedirects) {
      throw new CarbonOpsError(
        "INTENSITY_ANSWER_INVALID",
        `The service at ${url.host} redirects to somewhere else (${target?.host ?? "no address"}), which is not followed; check the network or the base URL.`,
      );
    }
    url = target;
  }
}

async function counted(
  { headers = {}, signal, counters }: HttpRequest,
  { clock, environment, timeoutMs = 10_000 }: HttpSettings,
  url: URL,
): Promise<HttpAnswer> {
  const startNs = clock.monotonicNs();
  counters.requests += 1;
  try {
    return await exchange({
      url,
      headers: { "user-agent": userAgent, accept: "application/json", ...headers },
      proxy: proxyFor(url, environment),
      timeoutMs,
      maximumBytes,
      signal,
    });
  } finally {
    counters.requestSeconds += Number(clock.monotonicNs() - startNs) / 1e9;
  }
}

function timerPause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      signal?.removeEventListener("abort", abort);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted === true) return abort();
    signal?.addEventListener("abort", abort, { once: true });
  });
}
