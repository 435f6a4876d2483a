import type { Server, Socket } from "node:net";
import type { Clock } from "../../clock.ts";
import { longestRequestBytes, parseRequest, type Refusal } from "../protocol.ts";
import { refusalLine } from "./answers.ts";

export interface Answers {
  /** One line, the same text until the next tick. */
  snapshot(): string;
  info(): string;
  window(fromNs: bigint, toNs: bigint): string;
}

/** `idleSeconds`: a client that neither completes a request nor subscribes for so long is let go. `unreadBytes`: of answers that it may leave unread. */
const limits = { clients: 256, idleSeconds: 60, unreadBytes: 65_536 } as const;

/** Lines that are answered between two looks at the timer, one of each client in turn. */
const linesPerTurn = 32;

interface Client {
  readonly socket: Socket;
  /** Bytes not answered yet: at most one chunk of the socket and one line. */
  input: Buffer;
  lastRequestNs: bigint;
  subscription: { readonly intervalNs: bigint; nextNs: bigint } | null;
  hasEnded: boolean;
}

export type SocketServer = ReturnType<typeof serve>;

/** Answers requests on a listening server. Whatever a client does costs a bounded amount of memory and of time between ticks. */
export function serve(server: Server, answers: Answers, clock: Clock, pollIntervalSeconds: number) {
  const halfTickNs = BigInt(Math.round(pollIntervalSeconds * 5e8));
  const clients = new Set<Client>();
  /** In the order of their turns. */
  const waiting = new Set<Client>();
  let isTurnDue = false;
  /** Time spent on answers since the last tick: after half an interval, clients wait for the next, so that it finds a core. */
  let spentNs = 0n;
  let lastTickNs = clock.monotonicNs();

  const letGo = (client: Client): void => {
    clients.delete(client);
    client.input = Buffer.alloc(0);
    client.socket.destroy();
  };

  const answerTo = (client: Client, line: string): string => {
    const request = parseRequest(line);
    client.lastRequestNs = clock.monotonicNs();
    if ("code" in request) return refusalLine(request);
    if (request.op === "info") return answers.info();
    if (request.op === "window") return answers.window(request.fromNs, request.toNs);
    if (request.op === "subscribe") {
      const intervalNs = BigInt(Math.round(request.intervalSeconds * 1e9));
      client.subscription = { intervalNs, nextNs: lastTickNs + intervalNs };
    }
    return answers.snapshot();
  };

  /** Answers the client's next line. Returns whether it may have more to answer now. */
  const answerNext = (client: Client): boolean => {
    const { socket, input } = client;
    if (socket.destroyed) return false;
    if (socket.writableLength > limits.unreadBytes / 2) {
      socket.once("drain", () => schedule(client));
      return false;
    }
    const end = input.indexOf(10);
    if (end > longestRequestBytes || (end < 0 && input.length > longestRequestBytes)) {
      refuse(client, { code: "line_too_long", message: `A request line has at most ${longestRequestBytes} bytes.` });
    } else if (end >= 0) {
      client.input = input.subarray(end + 1);
      socket.write(answerTo(client, input.toString("utf8", 0, end)));
      return true;
    } else if (client.hasEnded) socket.end();
    else socket.resume();
    return false;
  };

  const takeTurns = (): void => {
    const startNs = clock.monotonicNs();
    let left = linesPerTurn;
    for (const client of waiting) {
      const hasMore = answerNext(client);
      waiting.delete(client);
      if (hasMore) waiting.add(client);
      left -= 1;
      if (left === 0) break;
    }
    spentNs += clock.monotonicNs() - startNs;
    isTurnDue = waiting.size > 0;
    if (isTurnDue && spentNs < halfTickNs) setImmediate(takeTurns);
  };

  const schedule = (client: Client): void => {
    waiting.add(client);
    if (isTurnDue) return;
    isTurnDue = true;
    if (spentNs < halfTickNs) setImmediate(takeTurns);
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
      lastRequestNs: clock.monotonicNs(),
      subscription: null,
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
      schedule(client);
    });
    socket.on("end", () => {
      client.hasEnded = true;
      schedule(client);
    });
  });

  return {
    clientCount: () => clients.size,
    /** To be called after each tick: subscribers are served, and idle or unreading clients let go. */
    afterTick: (nowNs: bigint): void => {
      lastTickNs = nowNs;
      if (isTurnDue && spentNs >= halfTickNs) setImmediate(takeTurns);
      spentNs = 0n;
      for (const client of clients) {
        const { socket, subscription } = client;
        const isIdle = subscription === null && Number(nowNs - client.lastRequestNs) / 1e9 > limits.idleSeconds;
        if (isIdle || socket.writableLength > limits.unreadBytes) {
          letGo(client);
        } else if (subscription !== null && nowNs + halfTickNs >= subscription.nextNs) {
          socket.write(answers.snapshot());
          subscription.nextNs = nextDue(subscription.nextNs, subscription.intervalNs, nowNs + halfTickNs);
        }
      }
    },
    close: (): void => {
      server.close();
      for (const client of clients) letGo(client);
    },
  };
}

/** The next instant on the subscription's own grid, so that a late tick does not shift those after it. A tick serves what is due within half of one. */
function nextDue(dueNs: bigint, intervalNs: bigint, nowNs: bigint): bigint {
  return dueNs + ((nowNs - dueNs) / intervalNs + 1n) * intervalNs;
}
