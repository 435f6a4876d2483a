import { createHash } from "node:crypto";
import { type IncomingMessage, type RequestOptions, request as requestOverHttp } from "node:http";
import { request as requestOverHttps } from "node:https";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { CarbonOpsError, systemErrorCode } from "../../errors.ts";

/** One GET and its answer. Node's own http module, because its `fetch` reaches no proxy without a further package. */
export interface Exchange {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The proxy to go through, or null. */
  readonly proxy: URL | null;
  /** For everything from the first packet to the last byte. */
  readonly timeoutMs: number;
  readonly maximumBytes: number;
  readonly signal: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly sha256: string;
  readonly retryAfter: string | null;
  readonly location: string | null;
  /** The server's clock, or null where it does not say. */
  readonly serverDateMs: number | null;
}

/**
 * Rejects with INTENSITY_UNAVAILABLE when no whole answer comes in time, INTENSITY_ANSWER_INVALID when it is too long, and
 * with the signal's reason when that was aborted. Names the host and nothing else of the request.
 */
export async function exchange(wanted: Exchange): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(wanted.timeoutMs);
  const signal = wanted.signal === undefined ? deadline : AbortSignal.any([deadline, wanted.signal]);
  try {
    const answer = await response(await routeTo(wanted, signal), wanted, signal);
    const bytes = await bodyOf(answer, wanted);
    // A body without a length (HTTP/1.0) ends with its connection, also where the deadline has cut it.
    signal.throwIfAborted();
    const dateMs = Date.parse(answer.headers.date ?? "");
    return {
      status: answer.statusCode ?? 0,
      text: bytes.toString("utf8"),
      sha256: createHash("sha256").update(bytes).digest("hex"),
      retryAfter: answer.headers["retry-after"] ?? null,
      location: answer.headers.location ?? null,
      serverDateMs: Number.isFinite(dateMs) ? dateMs : null,
    };
  } catch (error) {
    wanted.signal?.throwIfAborted();
    if (error instanceof CarbonOpsError) throw error;
    const why = deadline.aborted ? `did not answer within ${wanted.timeoutMs / 1000} s` : wordsFor(error);
    throw unavailable(wanted.url, why, error);
  }
}

type Route = Pick<RequestOptions, "agent" | "createConnection" | "headers" | "host" | "port" | "path">;

/** How the request gets there: directly, through a tunnel (https), or in the proxy's own form (http). */
async function routeTo({ url, proxy, headers }: Exchange, signal: AbortSignal): Promise<Route> {
  const host = bareHost(url);
  const path = `${url.pathname}${url.search}`;
  const direct = { headers, host, port: portOf(url), path, agent: false as const };
  if (proxy === null) return direct;
  const proxyHeaders = proxyAuthorization(proxy);
  if (url.protocol === "http:") {
    const proxied = { ...headers, ...proxyHeaders, host: url.host };
    return { ...direct, headers: proxied, host: bareHost(proxy), port: portOf(proxy), path: url.origin + path };
  }
  const tunnel = await tunnelThrough(proxy, url, proxyHeaders, signal);
  const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  // With any agent, even `false`, the tunnel would be passed by.
  return {
    headers,
    host,
    port: portOf(url),
    path,
    createConnection: () => connectTls({ socket: tunnel, ...servername }),
  };
}

function tunnelThrough(
  proxy: URL,
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const authority = `${url.hostname}:${portOf(url)}`;
    const asked = requesterOf(proxy)({
      method: "CONNECT",
      host: bareHost(proxy),
      port: portOf(proxy),
      path: authority,
      headers: { host: authority, ...headers },
      agent: false,
      signal,
    });
    asked.once("connect", ({ statusCode = 0 }, socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      return reject(unavailable(url, `is not reached: the proxy ${proxy.host} refused with status ${statusCode}`));
    });
    asked.once("response", (answer) => {
      answer.resume();
      reject(unavailable(url, `is not reached: the proxy ${proxy.host} opens no tunnels`));
    });
    asked.once("error", (error) =>
      reject(signal.aborted ? error : unavailable(url, `is not reached: the proxy ${proxy.host} ${wordsFor(error)}`)),
    );
    asked.end();
  });
}

function response(route: Route, { url, proxy }: Exchange, signal: AbortSignal): Promise<IncomingMessage> {
  const isPlainProxy = proxy !== null && url.protocol === "http:";
  return new Promise((resolve, reject) => {
    const asked = requesterOf(isPlainProxy ? proxy : url)({ ...route, method: "GET", signal }, resolve);
    asked.once("error", reject);
    asked.end();
  });
}

async function bodyOf(answer: IncomingMessage, { url, maximumBytes }: Exchange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maximumBytes) {
      throw new CarbonOpsError(
        "INTENSITY_ANSWER_INVALID",
        `The answer of ${url.host} is longer than ${maximumBytes} bytes and is refused; ask for a shorter time.`,
      );
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function requesterOf({ protocol }: URL) {
  return protocol === "https:" ? requestOverHttps : requestOverHttp;
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

function proxyAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

function unavailable(url: URL, why: string, cause?: unknown): CarbonOpsError {
  const message = `The service at ${url.host} ${why}; another provider may answer, or try again later.`;
  return new CarbonOpsError("INTENSITY_UNAVAILABLE", message, cause === undefined ? undefined : { cause });
}

const wordsByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections",
  ECONNRESET: "broke the connection off",
  EPIPE: "broke the connection off",
  ENOTFOUND: "cannot be found by its name",
  EAI_AGAIN: "cannot be found by its name for now",
  ENETUNREACH: "cannot be reached from this network",
  EHOSTUNREACH: "cannot be reached from this network",
  ETIMEDOUT: "does not answer",
};

function wordsFor(error: unknown): string {
  const code = systemErrorCode(error) ?? "unknown error";
  return wordsByCode[code] ?? `could not be talked to (${code})`;
}
