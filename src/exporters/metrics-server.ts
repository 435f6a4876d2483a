import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import { prometheusContentType } from "./prometheus.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
}

export interface MetricsServer {
  /** Where it really listens. */
  readonly address: ListenAddress;
  /** Answers what was asked, but for no longer than a second, and ends. */
  close(): Promise<void>;
}

/** How much one client may take of the server. */
const limits = {
  headerBytes: 8192,
  /** To send a request, and again to read its answer, in milliseconds. */
  exchangeMs: 5000,
  idleMs: 5000,
  connections: 128,
  closingMs: 1000,
} as const;

export interface MetricsServerOptions {
  /** Whether the process lives as long as the server does; default true. */
  readonly keepsProcessOpen?: boolean;
}

const servers = new WeakSet<object>();

/** Whether a server is one that `serveMetrics` opened: what it answers is no work of the application that it is in. */
export function isMetricsServer(server: object): boolean {
  return servers.has(server);
}

/** Serves `page` at /metrics, and nothing else. Throws LISTEN_UNUSABLE when the address cannot be listened on. */
export async function serveMetrics(
  address: ListenAddress,
  page: () => Promise<string>,
  { keepsProcessOpen = true }: MetricsServerOptions = {},
): Promise<MetricsServer> {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.exchangeMs,
      requestTimeout: limits.exchangeMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: 500,
    },
    (request, response) => void answer(request, response, page),
  );
  servers.add(server);
  server.setTimeout(limits.exchangeMs);
  boundConnections(server);
  if (!keepsProcessOpen) server.unref().on("connection", (socket) => socket.unref());
  await listening(server, address);
  return {
    address: addressOf(server.address(), address),
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), limits.closingMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, page: () => Promise<string>): Promise<void> {
  // A client that takes its answer byte by byte is never idle, so that its time is limited as a whole.
  const timer = setTimeout(() => request.socket.destroy(), limits.exchangeMs).unref();
  response.once("close", () => clearTimeout(timer));
  const refusal = refusalOf(request);
  if (refusal !== null) {
    refuse(response, refusal);
    return;
  }
  try {
    const text = await page();
    response.writeHead(200, { ...headersOf(text), "Content-Type": prometheusContentType });
    response.end(text);
  } catch (error) {
    refuse(response, { status: 500, text: `The page could not be written (${messageOf(error)}).` });
  }
}

interface HttpRefusal {
  readonly status: number;
  readonly text: string;
}

function refusalOf({ method, url, headers }: IncomingMessage): HttpRefusal | null {
  if (url?.split("?", 1)[0] !== "/metrics") return { status: 404, text: "Only /metrics is here." };
  if (method !== "GET" && method !== "HEAD") return { status: 405, text: "Only GET and HEAD are answered." };
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  return hasBody ? { status: 413, text: "A request has no body here." } : null;
}

/** The connection ends, so that nothing that may still come has to be read. */
function refuse(response: ServerResponse, { status, text }: HttpRefusal): void {
  const line = `${text}\n`;
  response.writeHead(status, {
    ...headersOf(line),
    "Content-Type": "text/plain; charset=utf-8",
    Connection: "close",
    ...(status === 405 ? { Allow: "GET, HEAD" } : {}),
  });
  response.end(line);
}

function headersOf(text: string): Record<string, string | number> {
  return {
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  };
}

/** The oldest connection makes room for the newest: a crowd that only waits keeps nobody out. */
function boundConnections(server: Server): void {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const [oldest] = open;
    if (open.size > limits.connections) oldest?.destroy();
  });
}

function listening(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(unusable(address, error)));
    // Exclusive: the workers of a cluster would otherwise take turns on one port, and a page of one be followed by that of another.
    server.listen({ port: address.port, host: address.host, exclusive: true }, () => {
      server.removeAllListeners("error");
      // Accepting one connection may fail, for want of file descriptors; the next may not.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function addressOf(bound: AddressInfo | string | null, asked: ListenAddress): ListenAddress {
  return typeof bound === "object" && bound !== null ? { host: bound.address, port: bound.port } : asked;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; end it, or choose another port",
  EADDRNOTAVAIL: "this host has no such address; name one of its own",
  EACCES: "this user may not use that port; choose one from 1024 on",
  ENOTFOUND: "that name has no address; name one of this host's",
  EAI_AGAIN: "that name cannot be looked up now; name an address",
};

function unusable({ host, port }: ListenAddress, error: Error): CarbonOpsError {
  const why = reasons[systemErrorCode(error) ?? ""] ?? `${messageOf(error)}; choose another address`;
  const place = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new CarbonOpsError("LISTEN_UNUSABLE", `Metrics cannot be served on ${place}: ${why}.`, { cause: error });
}
