import type { Server, Socket } from "node:net";
import { encodeLine, type GovernorRequest, longestRequestBytes, parseRequest, type Refusal } from "../protocol.ts";

export interface Answers {
  /** One line, the same text until the next tick. */
  snapshot(): string;
  info(): string;
  window(fromNs: bigint, toNs: bigint): string;
}

/** `idleSeconds`: a client that neither completes a request nor subscribes for so long is let go. `unreadBytes`: of answers that it may leave unread. */
const limits = { clients: 256, idleSeconds: 60, unreadBytes: 65_536 } as const;

/** Requests of one client that are answered before other clients, and ticks, have their turn. */
const requestsPerTurn = 8;

interface Client {
  readonly socket: Socket;
  /** Bytes not answered yet: at most one chunk of the socket and one line. */
  input: Buffer;
  lastRequestNs: bigint;
  subscription: { readonly intervalNs: bigint; nextNs: bigint } | null;
  isScheduled: boolean;
  hasEnded: boolean;
}

export interface SocketServer {
  readonly clientCount: number;
  /** To be called after each tick: subscribers are served, and idle or unreading clients let go. */
  afterTick(monotonicNs: bigint): void;
  close(): void;
}

/** Answers requests on a listening server. Whatever a client does costs a bounded amount of memory and of time between ticks. */
export function serve(
  server: Server,
  answers: Answers,
  monotonicNs: () => bigint,
  pollIntervalNs: bigint,
): SocketServer {
  const clients = new Set<Client>();
  let lastTickNs = monotonicNs();

  const letGo = (client: Client): void => {
    clients.delete(client);
    client.input = Buffer.alloc(0);
    client.socket.destroy();
  };

  const answer = (client: Client, line: string): void => {
    const request = parseRequest(line);
    client.lastRequestNs = monotonicNs();
    client.socket.write(answerTo(client, request));
  };

  const answerTo = (client: Client, request: GovernorRequest | Refusal): string => {
    if ("code" in request) return refusalLine(request);
    if (request.op === "info") return answers.info();
    if (request.op === "window") return answers.window(request.fromNs, request.toNs);
    if (request.op === "subscribe") {
      const intervalNs = BigInt(Math.round(request.intervalSeconds * 1e9));
      client.subscription = { intervalNs, nextNs: lastTickNs + intervalNs };
    }
    return answers.snapshot();
  };

  /** Answers a few lines, then lets others have their turn; waits while the client does not read. */
  const work = (client: Client): void => {
    client.isScheduled = false;
    if (client.socket.destroyed) return;
    for (let answered = 0; answered < requestsPerTurn; answered += 1) {
      if (client.socket.writableLength > limits.unreadBytes / 2) {
        client.socket.once("drain", () => schedule(client));
        return;
      }
      const end = client.input.indexOf(10);
      if (end > longestRequestBytes || (end < 0 && client.input.length > longestRequestBytes)) {
        refuse(client, { code: "line_too_long", message: `A request line has at most ${longestRequestBytes} bytes.` });
        return;
      }
      if (end < 0) {
        if (client.hasEnded) client.socket.end();
        else client.socket.resume();
        return;
      }
      const line = client.input.toString("utf8", 0, end);
      client.input = client.input.subarray(end + 1);
      answer(client, line);
    }
    schedule(client);
  };

  const schedule = (client: Client): void => {
    if (client.isScheduled) return;
    client.isScheduled = true;
    setImmediate(work, client);
  };

  const refuse = (client: Client, refusal: Refusal): void => {
    client.input = Buffer.alloc(0);
    client.socket.removeAllListeners("data");
    client.socket.end(refusalLine(refusal), () => letGo(client));
    client.socket.resume();
  };

  server.on("connection", (socket: Socket) => {
    const client: Client = {
      socket,
      input: Buffer.alloc(0),
      lastRequestNs: monotonicNs(),
      subscription: null,
      isScheduled: false,
      hasEnded: false,
    };
    socket.on("error", () => letGo(client));
    socket.on("close", () => letGo(client));
    if (clients.size >= limits.clients) {
      refuse(client, { code: "too_many_clients", message: `At most ${limits.clients} clients are served at once.` });
      return;
    }
    clients.add(client);
    socket.on("data", (chunk: Buffer) => {
      client.input = client.input.length === 0 ? chunk : Buffer.concat([client.input, chunk]);
      socket.pause();
      if (!client.isScheduled) work(client);
    });
    socket.on("end", () => {
      client.hasEnded = true;
      schedule(client);
    });
  });

  return {
    get clientCount() {
      return clients.size;
    },
    afterTick: (nowNs) => {
      lastTickNs = nowNs;
      for (const client of clients) {
        const { socket, subscription } = client;
        const isIdle = subscription === null && Number(nowNs - client.lastRequestNs) / 1e9 > limits.idleSeconds;
        if (isIdle || socket.writableLength > limits.unreadBytes) {
          letGo(client);
        } else if (subscription !== null && nowNs + pollIntervalNs / 2n >= subscription.nextNs) {
          socket.write(answers.snapshot());
          subscription.nextNs = nextDue(subscription.nextNs, subscription.intervalNs, nowNs + pollIntervalNs / 2n);
        }
      }
    },
    close: () => {
      server.close();
      for (const client of clients) letGo(client);
    },
  };
}

/** The next instant on the subscription's own grid, so that a late tick does not shift those after it. A tick serves what is due within half of one. */
function nextDue(dueNs: bigint, intervalNs: bigint, nowNs: bigint): bigint {
  return dueNs + ((nowNs - dueNs) / intervalNs + 1n) * intervalNs;
}

export function refusalLine({ code, message }: Refusal): string {
  return encodeLine({ status: "error", code, message });
}
