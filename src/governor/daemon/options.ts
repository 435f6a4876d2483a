import { type CounterMode, defaultSocketPath } from "../protocol.ts";
import { StartError } from "./start-error.ts";

export type GovernorOptions = Readonly<ReturnType<typeof governorOptions>>;

/** The flags and their defaults: null for a value that has none, false for a flag that takes no value. What they are for, the command's help says. */
export const governorFlags = {
  "powercap-root": "/sys/class/powercap",
  "poll-interval": "0.1",
  "socket-path": defaultSocketPath,
  "socket-group": "carbon-users",
  "socket-mode": "660",
  "disable-ipc": false,
  "rapl-mode": "sysfs",
  "msr-cpus": null,
  "msr-root": "/dev/cpu",
  "proc-root": "/proc",
  "sys-root": "/sys",
  "state-file": "/var/lib/carbon-ops/governor.json",
  "no-state": false,
  user: null,
  history: "900",
  "allow-empty": false,
} as const;

export type FlagName = keyof typeof governorFlags;
export type FlagValues = ReadonlyMap<string, unknown>;

/** Throws USAGE for a value that is not allowed. */
export function governorOptions(values: FlagValues) {
  const textOf = (name: FlagName): string => {
    const value = values.get(name) ?? governorFlags[name];
    return typeof value === "string" ? value : "";
  };
  const pathOf = (name: FlagName): string => {
    const path = textOf(name);
    if (path.startsWith("/")) return path;
    throw wrong(name, path, "an absolute path");
  };
  const secondsOf = (name: FlagName, smallest: number, largest: number): number => {
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
    sysRoot: pathOf("sys-root"),
    mode: modeOf(textOf("rapl-mode")),
    msrCpus: cpusOf(values.get("msr-cpus")),
    pollIntervalSeconds: secondsOf("poll-interval", 0.05, 10),
    historySeconds: secondsOf("history", 1, 86_400),
    socketPath: socketPathOf(pathOf("socket-path")),
    socketGroup: textOf("socket-group"),
    socketMode: permissionsOf(textOf("socket-mode")),
    disableIpc: values.get("disable-ipc") === true,
    /** Null: nothing is saved and nothing resumed. */
    stateFile: values.get("no-state") === true ? null : pathOf("state-file"),
    /** Null: the process stays who it is. */
    user: typeof user === "string" ? user : null,
    allowEmpty: values.get("allow-empty") === true,
  };
}

function modeOf(text: string): CounterMode {
  if (text === "sysfs" || text === "msr") return text;
  throw wrong("rapl-mode", text, "sysfs or msr");
}

function cpusOf(value: unknown): readonly number[] | null {
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

function wrong(name: string, value: string, allowed: string): StartError {
  return new StartError("USAGE", `--${name} must be ${allowed}, not "${value}".`);
}
