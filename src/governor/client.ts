import { connect, type Socket } from "node:net";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import {
  acceptedOrNull,
  type GovernorInfo,
  type GovernorSnapshot,
  type GovernorWindow,
  infoOf,
  parseAnswer,
  snapshotOf,
  windowOf,
} from "./client/answers.ts";
import { defaultSocketPath } from "./protocol.ts";

/** The client of the governor's socket (`carbon-ops/governor`). It needs no privilege but the socket's group. */

export type {
  GovernorCounter,
  GovernorDomain,
  GovernorEnergies,
  GovernorInfo,
  GovernorSnapshot,
  GovernorWindow,
} from "./client/answers.ts";
export { haveParted, stillTwins, type Twins, twinsAmong } from "./client/twins.ts";
export { defaultSocketPath } from "./protocol.ts";

export interface GovernorClientOptions {
  /** Default /var/run/carbon-ops.sock. */
  readonly socketPath?: string;
  /** No call waits longer than this; default 1000. */
  readonly timeoutMs?: number;
}

/**
 * One connection. Calls may overlap: they are answered in order. Each throws GOVERNOR_UNAVAILABLE when the governor goes away or
 * is silent for too long, and GOVERNOR_REFUSED when it refuses.
 */
export interface GovernorClient {
  /** The totals of the newest tick; null while the governor has not read its counters yet. */
  snapshot(): Promise<GovernorSnapshot | null>;
  info(): Promise<GovernorInfo>;
  /**
   * Energy between two instants of CLOCK_MONOTONIC (`process.hrtime.bigint()`) of the last `historySeconds`. Where the end is
   * not reached by a tick yet, it waits for that tick. Throws GOVERNOR_REFUSED for instants that are no longer held.
   */
  window(fromNs: bigint, toNs: bigint): Promise<GovernorWindow>;
  close(): void;
}

const defaultTimeoutMs = 1000;

/** Connects. Throws GOVERNOR_UNAVAILABLE with the reason. */
export async function connectGovernor(options: GovernorClientOptions = {}): Promise<GovernorClient> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const path = options.socketPath ?? defaultSocketPath;
  const socket = await connected(path, timeoutMs);
  const ask = exchange(socket, path, timeoutMs);
  const window = async (fromNs: bigint, toNs: bigint, deadlineMs: number): Promise<GovernorWindow> => {
    try {
      const answer = await ask(`{"op":"window","from_ns":"${fromNs}","to_ns":"${toNs}"}\n`);
      if (answer !== null) return windowOf(answer);
    } catch (error) {
      const isEarly = error instanceof CarbonOpsError && error.message.includes("(window_not_reached)");
      if (!isEarly || deadlineMs <= 0) throw error;
    }
    if (deadlineMs <= 0) throw unavailable(path, "it has read no counter yet");
    await delay(retryMs);
    return window(fromNs, toNs, deadlineMs - retryMs);
  };
  return {
    snapshot: async () => {
      const answer = await ask("{}\n");
      return answer === null ? null : snapshotOf(answer);
    },
    info: async () => infoOf((await ask('{"op":"info"}\n')) ?? new Map()),
    window: (fromNs, toNs) => window(fromNs, toNs, timeoutMs),
    close: () => socket.destroy(),
  };
}

const retryMs = 25;

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

type Answer = ReturnType<typeof acceptedOrNull>;

interface Waiting {
  settle(line: string): void;
  fail(why: string): void;
}

/** Sends requests and hands each its answer, in order. */
function exchange(socket: Socket, path: string, timeoutMs: number): (request: string) => Promise<Answer> {
  const waiting: Waiting[] = [];
  let gone: string | null = null;
  const failAll = (why: string): void => {
    gone ??= why;
    socket.destroy();
    for (const call of waiting.splice(0)) call.fail(why);
  };
  onLines(socket, (line) => waiting.shift()?.settle(line));
  socket.on("error", (error) => failAll(messageOf(error)));
  socket.on("close", () => failAll("it closed the connection"));
  return (request) =>
    new Promise((resolve, reject) => {
      if (gone !== null) {
        reject(unavailable(path, gone));
        return;
      }
      // An answer that comes after its time would be taken for the next one's: the connection ends.
      const timer = setTimeout(() => failAll(`it did not answer within ${timeoutMs} ms`), timeoutMs);
      waiting.push({
        settle: (line) => {
          clearTimeout(timer);
          try {
            resolve(acceptedOrNull(parseAnswer(line)));
          } catch (error) {
            reject(error instanceof CarbonOpsError ? error : unavailable(path, "its answer is not JSON"));
          }
        },
        fail: (why) => {
          clearTimeout(timer);
          reject(unavailable(path, why));
        },
      });
      socket.write(request);
    });
}

/** Longest line that is believed to be an answer: several hundred domains. */
const longestAnswerCharacters = 1_000_000;

function onLines(socket: Socket, take: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
    if (rest.length > longestAnswerCharacters) socket.destroy();
  });
}

function connected(path: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(unavailable(path, `nothing accepted the connection within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(unavailable(path, systemErrorCode(error) ?? messageOf(error), error));
    });
  });
}

function unavailable(path: string, why: string, cause?: Error): CarbonOpsError {
  return new CarbonOpsError(
    "GOVERNOR_UNAVAILABLE",
    `No governor can be used on ${path} (${why}); run \`carbon-ops doctor\` to see what mends it.`,
    { cause },
  );
}

export interface GovernorWatchOptions extends GovernorClientOptions {
  /** Time between two snapshots, in seconds (0.1 to 3600). */
  readonly intervalSeconds: number;
  /** Called with every snapshot, in order. */
  onSnapshot?(snapshot: GovernorSnapshot): void;
}

export interface GovernorWatch {
  /** The newest snapshot; null before the first. */
  readonly newest: GovernorSnapshot | null;
  /** Whether the governor is connected. Between `false` and the next snapshot nothing is known. */
  readonly isConnected: boolean;
  /** Resolves with the first snapshot whose tick is after `afterNs`, or with null after `timeoutMs`. */
  next(afterNs: bigint, timeoutMs: number): Promise<GovernorSnapshot | null>;
  close(): void;
}

/** Waits between attempts to connect again, in milliseconds: a span that began without the governor is known from then on. */
const reconnectMs: readonly number[] = [100, 250, 500];

/**
 * Subscribes to the governor and connects again whenever it goes away. Never keeps the process open. Throws
 * GOVERNOR_UNAVAILABLE when the first connection fails; later failures show in `isConnected`.
 */
export async function watchGovernor(options: GovernorWatchOptions): Promise<GovernorWatch> {
  const path = options.socketPath ?? defaultSocketPath;
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let newest: GovernorSnapshot | null = null;
  let current: Socket | null = null;
  let retry: NodeJS.Timeout | null = null;
  let attempt = 0;
  let isClosed = false;
  const waiters = new Set<(snapshot: GovernorSnapshot) => void>();

  const take = (line: string): void => {
    try {
      const answer = acceptedOrNull(parseAnswer(line));
      if (answer === null) return;
      newest = snapshotOf(answer);
      attempt = 0;
      options.onSnapshot?.(newest);
      for (const waiter of [...waiters]) waiter(newest);
    } catch {
      // Not what was asked for: another connection may bring it.
      current?.destroy();
    }
  };
  const follow = (socket: Socket): void => {
    current = socket;
    onLines(socket, take);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      current = null;
      reconnectLater();
    });
    socket.write(`{"op":"subscribe","interval_s":${options.intervalSeconds}}\n`);
    socket.unref();
  };
  const reconnectLater = (): void => {
    if (isClosed) return;
    retry = setTimeout(
      () => {
        connected(path, timeoutMs).then((socket) => (isClosed ? socket.destroy() : follow(socket)), reconnectLater);
      },
      reconnectMs[Math.min(attempt, reconnectMs.length - 1)],
    );
    retry.unref();
    attempt += 1;
  };

  follow(await connected(path, timeoutMs));
  return {
    get newest() {
      return newest;
    },
    get isConnected() {
      return current !== null;
    },
    next: (afterNs, waitMs) =>
      new Promise((resolve) => {
        if (newest !== null && newest.monotonicNs > afterNs) {
          resolve(newest);
          return;
        }
        const finish = (snapshot: GovernorSnapshot | null): void => {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(snapshot);
        };
        const waiter = (snapshot: GovernorSnapshot): void => {
          if (snapshot.monotonicNs > afterNs) finish(snapshot);
        };
        const timer = setTimeout(finish, waitMs, null);
        waiters.add(waiter);
      }),
    close: () => {
      isClosed = true;
      if (retry !== null) clearTimeout(retry);
      current?.destroy();
    },
  };
}
