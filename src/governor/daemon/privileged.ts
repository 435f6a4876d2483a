import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { messageOf, systemErrorCode } from "../../thrown.ts";
import { type GovernorOptions, longestSocketPathBytes } from "./options.ts";
import { StartError } from "./start-error.ts";

/** Everything that needs root beside the counters' first reading, and all that listens. */

export type PrivilegedProcess = Pick<
  NodeJS.Process,
  "pid" | "umask" | "getuid" | "geteuid" | "getegid" | "setgroups" | "setgid" | "setuid"
>;

/** Where to listen, and the flag that names it. */
type Place = Readonly<Record<"path" | "flag", string>>;

/**
 * Binds the socket so that at no instant anybody but this process and, in the end, the group can connect. Throws
 * GOVERNOR_RUNNING where a live daemon answers, GOVERNOR_SOCKET_UNUSABLE for everything else that stands in the way.
 */
export async function bindSocket(options: GovernorOptions, own: PrivilegedProcess): Promise<Server> {
  const { socketPath, socketGroup, socketMode } = options;
  const place = { path: socketPath, flag: "--socket-path" };
  const groupId = groupIdOf(socketGroup);
  if (groupId === null) {
    const remedy = `create it (sudo groupadd --system ${socketGroup}) or name another with --socket-group`;
    throw unusable(place, `there is no group ${socketGroup}`, remedy);
  }
  let server: Server | null = null;
  try {
    refuseOpenDirectory(place, own);
    server = await listenOn(place, 0o777, own);
    if (groupId !== own.getegid?.()) lchownSync(socketPath, own.geteuid?.() ?? 0, groupId);
    chmodSync(socketPath, socketMode);
    return server;
  } catch (error) {
    server?.close();
    if (error instanceof StartError) throw error;
    const remedy =
      "run it as root, or choose another path with --socket-path and a group of your own with --socket-group";
    throw unusable(place, messageOf(error), remedy);
  }
}

/**
 * Claims the state file, so that no two governors count under one id: a socket beside it that nobody else may connect to, which ends
 * with the process, however that ends. Throws GOVERNOR_RUNNING where another has it, USAGE where it is no file.
 */
export async function claimState(stateFile: string, own: PrivilegedProcess): Promise<Server> {
  const path = `${stateFile}.lock`;
  if (statSync(stateFile, { throwIfNoEntry: false })?.isFile() === false) {
    const remedy = "--no-state saves nothing";
    throw new StartError(
      "USAGE",
      `--state-file must be a regular file or not be there yet, not "${stateFile}"; ${remedy}.`,
    );
  }
  if (Buffer.byteLength(path) > longestSocketPathBytes) throw new Error(`the path ${path} is too long for a socket`);
  const server = await listenOn({ path, flag: "--state-file" }, 0o177, own);
  server.on("connection", (socket) => socket.destroy());
  return server.unref();
}

async function listenOn(place: Place, umask: number, own: PrivilegedProcess): Promise<Server> {
  await clearPath(place);
  // bind(2) happens inside the call; the umask is the whole process's, so it is put back at once.
  const umaskBefore = own.umask(umask);
  const server = listening({ path: place.path });
  own.umask(umaskBefore);
  return server.catch((error: unknown) => {
    // Another one came between.
    throw systemErrorCode(error) === "EADDRINUSE" ? running(place) : error;
  });
}

/** The listening socket that systemd handed over: the first descriptor is 3 (sd_listen_fds(3)). */
export const inheritedSocket = (): Promise<Server> => listening({ fd: 3 });

async function listening(at: { readonly path: string } | { readonly fd: number }): Promise<Server> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(at);
  await once(server, "listening");
  return server;
}

/** In a directory where others may rename files, the path could be another file's between two calls. */
function refuseOpenDirectory(place: Place, own: PrivilegedProcess): void {
  const directory = dirname(place.path);
  const stats = lstatSync(realpathSync(directory));
  const isSticky = (stats.mode & 0o1000) !== 0;
  const isOwn = stats.uid === 0 || stats.uid === own.geteuid?.();
  if (isOwn && ((stats.mode & 0o022) === 0 || isSticky)) return;
  throw unusable(place, `others may change ${directory}`, "choose one that only root may write, with --socket-path");
}

/** Removes a socket that nobody answers on; refuses everything else. */
async function clearPath(place: Place): Promise<void> {
  const { path, flag } = place;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw unusable(place, "something that is no socket is there", `remove it or choose another path with ${flag}`);
  }
  if (await isAnswered(path)) throw running(place);
  // Nothing may come between these two calls, so that a daemon that started meanwhile keeps its socket.
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now?.ino === found.ino && now.ctimeMs === found.ctimeMs) unlinkSync(path);
}

async function isAnswered(path: string): Promise<boolean> {
  const probe = connect(path);
  try {
    await once(probe, "connect");
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    // A full backlog (EAGAIN) is somebody's who listens.
    if (code === "ECONNREFUSED" || code === "ENOENT" || code === "EAGAIN") return code === "EAGAIN";
    throw error;
  } finally {
    probe.destroy();
  }
}

function running({ path, flag }: Place): StartError {
  const remedy = `stop it first, or give this one another ${flag}`;
  return new StartError("GOVERNOR_RUNNING", `A governor is running on ${path} already; ${remedy}.`);
}

function unusable({ path }: Place, why: string, remedy: string): StartError {
  return new StartError("GOVERNOR_SOCKET_UNUSABLE", `The socket ${path} cannot be used because ${why}; ${remedy}.`);
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
