import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { messageOf, systemErrorCode } from "../../thrown.ts";
import { type Counter, problemOf } from "./counters.ts";
import type { GovernorOptions } from "./options.ts";
import { StartError } from "./start-error.ts";

/** Everything that needs root, and nothing else: counters are opened, the socket bound and handed to its group, root given up. */

export type PrivilegedProcess = Pick<
  NodeJS.Process,
  "pid" | "umask" | "getuid" | "geteuid" | "getegid" | "setgroups" | "setgid" | "setuid"
>;

/** First reading of each counter: what it opens stays open. Returns what could not be read, with the reason. */
export function openWithPrivilege(counters: readonly Counter[]): ReadonlyMap<Counter, string> {
  return new Map(
    counters.flatMap((counter) => {
      const problem = problemOf(counter);
      return problem === null ? [] : [[counter, problem] as const];
    }),
  );
}

type SocketPlace = Pick<GovernorOptions, "socketPath" | "socketGroup" | "socketMode">;

/**
 * Binds the socket so that at no instant anybody but this process and, in the end, the group can connect. Throws
 * GOVERNOR_RUNNING where a live daemon answers, GOVERNOR_SOCKET_UNUSABLE for everything else that stands in the way.
 */
export async function bindSocket(place: SocketPlace, own: PrivilegedProcess): Promise<Server> {
  const groupId = groupIdOf(place.socketGroup);
  if (groupId === null) {
    const remedy = `create it (sudo groupadd --system ${place.socketGroup}) or name another with --socket-group`;
    throw unusable(place, `there is no group ${place.socketGroup}`, remedy);
  }
  refuseOpenDirectory(place, own);
  await clearPath(place);
  const server = createServer({ allowHalfOpen: true });
  try {
    // bind(2) happens inside the call; the umask is the whole process's, so it is put back at once.
    const umask = own.umask(0o777);
    server.listen(place.socketPath);
    own.umask(umask);
    await once(server, "listening");
  } catch (error) {
    throw unusable(place, messageOf(error), "choose another path with --socket-path, or run it as root");
  }
  try {
    if (groupId !== own.getegid?.()) lchownSync(place.socketPath, own.geteuid?.() ?? 0, groupId);
    chmodSync(place.socketPath, place.socketMode);
  } catch (error) {
    server.close();
    throw unusable(place, messageOf(error), "run it as root, or name a group of your own with --socket-group");
  }
  return server;
}

/** The listening socket that systemd handed over (sd_listen_fds(3)). */
export async function inheritedSocket(): Promise<Server> {
  const firstDescriptor = 3;
  const server = createServer({ allowHalfOpen: true });
  server.listen({ fd: firstDescriptor });
  await once(server, "listening");
  return server;
}

/** In a directory where others may rename files, the path could be another file's between two calls. */
function refuseOpenDirectory(place: SocketPlace, own: PrivilegedProcess): void {
  const directory = dirname(place.socketPath);
  const stats = orUnusable(place, () => lstatSync(realpathSync(directory)));
  const isSticky = (stats.mode & 0o1000) !== 0;
  const isOwn = stats.uid === 0 || stats.uid === own.geteuid?.();
  if (isOwn && ((stats.mode & 0o022) === 0 || isSticky)) return;
  throw unusable(place, `others may change ${directory}`, "choose one that only root may write, with --socket-path");
}

/** Removes a socket that nobody answers on; refuses everything else. */
async function clearPath(place: SocketPlace): Promise<void> {
  const found = statsOrNull(place);
  if (found === null) return;
  if (!found.isSocket()) {
    throw unusable(place, "something that is no socket is there");
  }
  if (await isAnswered(place)) {
    throw new StartError(
      "GOVERNOR_RUNNING",
      `A governor is running on ${place.socketPath} already; stop it first, or give this one another --socket-path.`,
    );
  }
  // Nothing may come between these two calls, so that a daemon that started meanwhile keeps its socket.
  const now = statsOrNull(place);
  if (now?.ino === found.ino) unlinkSync(place.socketPath);
}

async function isAnswered(place: SocketPlace): Promise<boolean> {
  const probe = connect(place.socketPath);
  try {
    await once(probe, "connect");
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    // A full backlog (EAGAIN) is somebody's who listens.
    if (code === "ECONNREFUSED" || code === "ENOENT" || code === "EAGAIN") return code === "EAGAIN";
    throw unusable(place, messageOf(error));
  } finally {
    probe.destroy();
  }
}

function statsOrNull(place: SocketPlace): Stats | null {
  return orUnusable(place, () => lstatSync(place.socketPath, { throwIfNoEntry: false })) ?? null;
}

function orUnusable<Result>(place: SocketPlace, attempt: () => Result): Result {
  try {
    return attempt();
  } catch (error) {
    throw unusable(place, messageOf(error));
  }
}

function unusable(
  { socketPath }: SocketPlace,
  why: string,
  remedy = "remove it or choose another path with --socket-path",
): StartError {
  return new StartError(
    "GOVERNOR_SOCKET_UNUSABLE",
    `The socket ${socketPath} cannot be used because ${why}; ${remedy}.`,
  );
}

/** Makes the state file's directory, where there is none, for the user that will write it. What fails shows when it is written. */
export function makeStateDirectory(stateFile: string, user: string | null, own: PrivilegedProcess): void {
  const directory = dirname(stateFile);
  if (existsSync(directory) || own.geteuid?.() !== 0) return;
  const ids = user === null ? null : userIds(user);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    if (ids !== null) lchownSync(directory, ids.userId, ids.groupId);
  } catch {
    // A read-only disk: the governor counts all the same.
  }
}

/** Gives up root for good. `user` is a name of /etc/passwd, or UID:GID. Throws GOVERNOR_USER_UNUSABLE. */
export function dropPrivileges(user: string, own: PrivilegedProcess): void {
  const ids = userIds(user);
  if (ids === null) throw unusableUser(user, "it is neither a name in /etc/passwd nor UID:GID");
  if (ids.userId === 0) throw unusableUser(user, "it is root");
  try {
    own.setgroups?.([]);
    own.setgid?.(ids.groupId);
    own.setuid?.(ids.userId);
  } catch (error) {
    throw unusableUser(user, messageOf(error));
  }
  if (own.getuid?.() !== ids.userId || own.geteuid?.() !== ids.userId || canBecomeRoot(own)) {
    throw unusableUser(user, "root could not be given up");
  }
}

function canBecomeRoot(own: PrivilegedProcess): boolean {
  try {
    own.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

function unusableUser(user: string, why: string): StartError {
  return new StartError(
    "GOVERNOR_USER_UNUSABLE",
    `The governor cannot become ${user} because ${why}; name another user with --user, and start it as root.`,
  );
}

function userIds(user: string): { readonly userId: number; readonly groupId: number } | null {
  const fields = /^\d{1,9}:\d{1,9}$/.test(user) ? ["", "", ...user.split(":")] : lineOf("/etc/passwd", user);
  return fields === undefined ? null : { userId: Number(fields[2]), groupId: Number(fields[3]) };
}

/** The number of a group: the name may be a number itself. */
function groupIdOf(group: string): number | null {
  const id = /^\d{1,9}$/.test(group) ? group : lineOf("/etc/group", group)?.[2];
  return id === undefined ? null : Number(id);
}

/** Fields of a name's line in a file such as /etc/passwd (passwd(5), group(5)). */
function lineOf(database: string, name: string): readonly string[] | undefined {
  const lines = readFileSync(database, "utf8").split("\n");
  return lines.map((line) => line.split(":")).find(([first]) => first === name);
}
