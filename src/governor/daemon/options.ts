import { CarbonOpsError } from "../../errors.ts";
import { type CounterMode, defaultSocketPath } from "../protocol.ts";

export interface GovernorOptions {
  readonly powercapRoot: string;
  readonly msrRoot: string;
  readonly procRoot: string;
  readonly mode: CounterMode;
  readonly msrCpus: readonly number[] | null;
  readonly pollIntervalSeconds: number;
  readonly historySeconds: number;
  readonly socketPath: string;
  readonly socketGroup: string;
  readonly socketMode: number;
  readonly disableIpc: boolean;
  /** Null: nothing is saved and nothing resumed. */
  readonly stateFile: string | null;
  /** Null: the process stays who it is. */
  readonly user: string | null;
  readonly allowEmpty: boolean;
}

export interface GovernorFlag {
  readonly name: string;
  /** What the value is called in the help; null for a flag without a value. */
  readonly value: string | null;
  readonly fallback: string | null;
  readonly description: string;
}

/** The flags, once for the daemon's own start and for `carbon-ops governor`. The names of the first eight are the Python original's. */
export const governorFlags: readonly GovernorFlag[] = [
  { name: "powercap-root", value: "dir", fallback: "/sys/class/powercap", description: "the kernel's powercap class" },
  { name: "poll-interval", value: "seconds", fallback: "0.1", description: "time between two readings, 0.05 to 10" },
  {
    name: "socket-path",
    value: "path",
    fallback: defaultSocketPath,
    description: "the socket that clients connect to",
  },
  { name: "socket-group", value: "group", fallback: "carbon-users", description: "the group that may connect" },
  { name: "socket-mode", value: "octal", fallback: "660", description: "permissions of the socket" },
  { name: "disable-ipc", value: null, fallback: null, description: "open no socket; only keep the state file" },
  { name: "rapl-mode", value: "mode", fallback: "sysfs", description: "how counters are read: sysfs or msr" },
  { name: "msr-cpus", value: "list", fallback: null, description: "CPUs whose registers may be read, such as 0,1" },
  { name: "msr-root", value: "dir", fallback: "/dev/cpu", description: "the kernel's register devices" },
  { name: "proc-root", value: "dir", fallback: "/proc", description: "where the host's /proc is mounted" },
  {
    name: "state-file",
    value: "path",
    fallback: "/var/lib/carbon-ops/governor.json",
    description: "what a restart resumes from",
  },
  { name: "no-state", value: null, fallback: null, description: "save nothing, resume nothing" },
  {
    name: "user",
    value: "name|uid:gid",
    fallback: null,
    description: "become this user once counters and socket are open",
  },
  { name: "history", value: "seconds", fallback: "900", description: "time for which ticks are kept, 1 to 86400" },
  { name: "allow-empty", value: null, fallback: null, description: "serve even when there is no counter to read" },
];

export type FlagValues = ReadonlyMap<string, string | boolean>;

/** Throws USAGE for a value that is not allowed. */
export function governorOptions(values: FlagValues): GovernorOptions {
  const textOf = (name: string): string => {
    const value = values.get(name) ?? governorFlags.find((flag) => flag.name === name)?.fallback;
    return typeof value === "string" ? value : "";
  };
  const pathOf = (name: string): string => {
    const path = textOf(name);
    if (path.startsWith("/")) return path;
    throw wrong(name, path, "an absolute path");
  };
  const secondsOf = (name: string, smallest: number, largest: number): number => {
    const text = textOf(name);
    const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (seconds >= smallest && seconds <= largest) return seconds;
    throw wrong(name, text, `a number of seconds from ${smallest} to ${largest}`);
  };
  const user = values.get("user");
  return {
    powercapRoot: pathOf("powercap-root"),
    msrRoot: pathOf("msr-root"),
    procRoot: pathOf("proc-root"),
    mode: modeOf(textOf("rapl-mode")),
    msrCpus: cpusOf(values.get("msr-cpus")),
    pollIntervalSeconds: secondsOf("poll-interval", 0.05, 10),
    historySeconds: secondsOf("history", 1, 86_400),
    socketPath: socketPathOf(pathOf("socket-path")),
    socketGroup: textOf("socket-group"),
    socketMode: permissionsOf(textOf("socket-mode")),
    disableIpc: values.get("disable-ipc") === true,
    stateFile: values.get("no-state") === true ? null : pathOf("state-file"),
    user: typeof user === "string" ? user : null,
    allowEmpty: values.get("allow-empty") === true,
  };
}

function modeOf(text: string): CounterMode {
  if (text === "sysfs" || text === "msr") return text;
  throw wrong("rapl-mode", text, "sysfs or msr");
}

function cpusOf(value: string | boolean | undefined): readonly number[] | null {
  if (typeof value !== "string") return null;
  if (/^\d{1,5}(,\d{1,5})*$/.test(value)) return value.split(",").map(Number);
  throw wrong("msr-cpus", value, "numbers of CPUs separated by commas");
}

/** Kernel include/uapi/linux/un.h, UNIX_PATH_MAX: 108 bytes with the closing zero. Node cuts a longer path in silence. */
function socketPathOf(path: string): string {
  if (Buffer.byteLength(path) <= 107) return path;
  throw wrong("socket-path", path, "a path of at most 107 bytes");
}

function permissionsOf(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw wrong("socket-mode", text, "three octal digits, such as 660");
}

function wrong(name: string, value: string, allowed: string): CarbonOpsError {
  return new CarbonOpsError("USAGE", `--${name} must be ${allowed}, not "${value}".`);
}
