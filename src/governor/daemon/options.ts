import { defaultSocketPath } from "../protocol.ts";
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

/** Kernel include/uapi/linux/un.h, UNIX_PATH_MAX: 108 bytes with the closing zero. Node cuts a longer path in silence. */
export const longestSocketPathBytes = 107;

/** Throws USAGE for a value that is not allowed. */
export function governorOptions(values: FlagValues) {
  const textOf = (name: FlagName, allowed: string, isAllowed: (text: string) => boolean): string => {
    const value = values.get(name) ?? governorFlags[name];
    const text = typeof value === "string" ? value : "";
    if (isAllowed(text)) return text;
    throw new StartError("USAGE", `--${name} must be ${allowed}, not "${text}".`);
  };
  const pathOf = (name: FlagName): string => textOf(name, "an absolute path", (path) => path.startsWith("/"));
  const secondsOf = (name: FlagName, smallest: number, largest: number): number => {
    const isSeconds = (text: string): boolean =>
      /^\d+(\.\d+)?$/.test(text) && Number(text) >= smallest && Number(text) <= largest;
    return Number(textOf(name, `a number of seconds from ${smallest} to ${largest}`, isSeconds));
  };
  const isSocketPath = (path: string): boolean =>
    path.startsWith("/") && Buffer.byteLength(path) <= longestSocketPathBytes;
  const isCpuList = (text: string): boolean => /^(\d{1,5}(,\d{1,5})*)?$/.test(text);
  const mode = textOf("rapl-mode", "sysfs or msr", (text) => text === "sysfs" || text === "msr");
  const cpus = textOf("msr-cpus", "numbers of CPUs separated by commas", isCpuList);
  const permissions = textOf("socket-mode", "three octal digits, such as 660", (text) => /^0?[0-7]{3}$/.test(text));
  const user = values.get("user");
  return {
    powercapRoot: pathOf("powercap-root"),
    msrRoot: pathOf("msr-root"),
    procRoot: pathOf("proc-root"),
    sysRoot: pathOf("sys-root"),
    mode: mode === "msr" ? ("msr" as const) : ("sysfs" as const),
    msrCpus: cpus === "" ? null : cpus.split(",").map(Number),
    pollIntervalSeconds: secondsOf("poll-interval", 0.05, 10),
    historySeconds: secondsOf("history", 1, 86_400),
    socketPath: textOf("socket-path", "an absolute path of at most 107 bytes", isSocketPath),
    socketGroup: textOf("socket-group", "a group", (group) => group !== ""),
    socketMode: Number.parseInt(permissions, 8),
    disableIpc: values.get("disable-ipc") === true,
    /** Null: nothing is saved and nothing resumed. */
    stateFile: values.get("no-state") === true ? null : pathOf("state-file"),
    /** Null: the process stays who it is. */
    user: typeof user === "string" ? user : null,
    allowEmpty: values.get("allow-empty") === true,
  };
}
