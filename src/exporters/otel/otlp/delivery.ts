import type { OtlpSettings } from "./environment.ts";
import { type OtlpAnswer, type OtlpRequest, postOtlp, reasonOf } from "./transport.ts";

export interface OtlpCounts {
  /** Payloads that a receiver took, in part at least. */
  readonly delivered: number;
  /** Payloads that were given up; what they said is in the next one. */
  readonly failed: number;
  readonly retried: number;
  /** Data points that a receiver took a payload without. */
  readonly rejectedPoints: number;
}

/** After a refusal that may pass: how often it is tried again, and how long it is waited in between. */
const retries = { count: 4, firstMs: 1000, longestMs: 30_000 } as const;

/** For the last request, which the end of the application waits for. */
const longestCloseMs = 3000;

/** Answers after which the same payload may be sent again (OTLP 1.x, "Retryable Response Codes"). */
const retryable: readonly number[] = [429, 502, 503, 504];

type Outcome = "delivered" | "given up" | { readonly againAfterMs: number };

/**
 * Sends one payload at a time. One that is offered meanwhile takes the place of those that wait, since totals are cumulative. Nothing of
 * it keeps the process open until `close`, which tries once more and waits for at most three seconds.
 */
export class OtlpDelivery {
  readonly #settings: OtlpSettings;
  readonly #wallMs: () => number;
  readonly #counts = { delivered: 0, failed: 0, retried: 0, rejectedPoints: 0 };
  readonly #place: string;
  #problem: string | null = null;
  #rejection: string | null = null;
  #waiting: (() => string) | null = null;
  #sending: Promise<void> | null = null;
  #request: OtlpRequest | null = null;
  /** Ends the wait before a retry. */
  #wake: () => void = () => undefined;
  #isClosing = false;

  constructor(settings: OtlpSettings, wallMs: () => number) {
    this.#settings = settings;
    this.#wallMs = wallMs;
    // Without credentials, which an address may hold.
    this.#place = `${settings.url.origin}${settings.url.pathname}`;
  }

  get counts(): OtlpCounts {
    return { ...this.#counts };
  }

  get problems(): readonly string[] {
    return [this.#problem, this.#rejection].filter((sentence) => sentence !== null);
  }

  send(payload: () => string): void {
    this.#waiting = payload;
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when the request under way has its answer; what waits for a retry is not waited for. */
  async settled(): Promise<void> {
    this.#request?.keepOpen(longestCloseMs);
    await this.#request?.answer.catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#request?.keepOpen(longestCloseMs);
    this.#wake();
    const timer = setTimeout(() => {
      this.#waiting = null;
      this.#request?.abandon();
    }, longestCloseMs).unref();
    await this.#sending;
    clearTimeout(timer);
  }

  async #sendAll(): Promise<void> {
    for (let payload = this.#waiting; payload !== null; payload = this.#waiting) {
      this.#waiting = null;
      await this.#deliver(payload);
    }
    this.#sending = null;
  }

  /** Each try sends what is newest then. */
  async #deliver(payload: () => string): Promise<void> {
    let newest = payload;
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#attempt(newest, attempt);
      if (outcome === "delivered") {
        this.#counts.delivered += 1;
        return;
      }
      if (outcome === "given up" || attempt === retries.count || this.#isClosing) {
        this.#counts.failed += 1;
        return;
      }
      await this.#pause(outcome.againAfterMs);
      this.#counts.retried += 1;
      newest = this.#waiting ?? newest;
      this.#waiting = null;
    }
  }

  async #attempt(payload: () => string, attempt: number): Promise<Outcome> {
    const backOffMs = retries.firstMs * 2 ** attempt;
    try {
      this.#request = postOtlp(payload(), this.#settings, this.#wallMs);
      if (this.#isClosing) this.#request.keepOpen(longestCloseMs);
      return this.#judge(await this.#request.answer, backOffMs);
    } catch (error) {
      this.#problem = `Metrics could not be sent to ${this.#place}, because ${reasonOf(error)}; whatever is sent later holds what they said.`;
      return { againAfterMs: backOffMs };
    } finally {
      this.#request = null;
    }
  }

  #judge({ status, retryAfterMs, body }: OtlpAnswer, backOffMs: number): Outcome {
    if (status >= 200 && status < 300) {
      this.#problem = null;
      this.#noteRejection(body);
      return "delivered";
    }
    const mayPass = retryable.includes(status);
    this.#problem = `Metrics could not be sent to ${this.#place}, because it answered with status ${status}; ${adviceOn(status, mayPass)}.`;
    return mayPass ? { againAfterMs: Math.min(retries.longestMs, retryAfterMs ?? backOffMs) } : "given up";
  }

  #noteRejection(body: string): void {
    const partial = partialSuccessOf(body);
    if (partial === null) return;
    this.#counts.rejectedPoints += partial.rejected;
    const why = partial.message === "" ? "it did not say why" : `it said: ${partial.message}`;
    this.#rejection = `${this.#place} took metrics in part: it left out ${this.#counts.rejectedPoints} data points so far, and ${why}.`;
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function adviceOn(status: number, mayPass: boolean): string {
  if (mayPass) return "it is tried again later";
  if (status === 401 || status === 403) return "set what it asks for in OTEL_EXPORTER_OTLP_HEADERS";
  if (status === 404) return "look at the path in OTEL_EXPORTER_OTLP_ENDPOINT";
  return "whatever is sent later holds what they said";
}

/** ExportMetricsPartialSuccess (opentelemetry/proto/collector/metrics/v1/metrics_service.proto); null where everything was taken. */
function partialSuccessOf(body: string): { rejected: number; message: string } | null {
  const partial = member(parsed(body), "partialSuccess");
  const rejected = Number(member(partial, "rejectedDataPoints") ?? 0);
  if (!Number.isSafeInteger(rejected) || rejected <= 0) return null;
  const message = member(partial, "errorMessage");
  return { rejected, message: typeof message === "string" ? oneLine(message) : "" };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, " ").slice(0, 200);
}
