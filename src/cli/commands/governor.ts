import { Command, Option } from "commander";
import { CarbonOpsError } from "../../errors.ts";
import { runGovernor } from "../../governor/daemon/main.ts";
import { type FlagName, governorFlags } from "../../governor/daemon/options.ts";
import { StartError } from "../../governor/daemon/start-error.ts";

/** What each flag's value is called, and what the flag is for. The names of the first eight are the Python original's. */
const flags: Readonly<Record<FlagName, readonly [value: string, description: string]>> = {
  "powercap-root": ["<dir>", "the kernel's powercap class"],
  "poll-interval": ["<seconds>", "time between two readings, 0.05 to 10"],
  "socket-path": ["<path>", "the socket that clients connect to"],
  "socket-group": ["<group>", "the group that may connect"],
  "socket-mode": ["<octal>", "permissions of the socket"],
  "disable-ipc": ["", "open no socket; only keep the state file"],
  "rapl-mode": ["<mode>", "how counters are read: sysfs or msr"],
  "msr-cpus": ["<list>", "CPUs whose registers may be read, such as 0,1; one of each package is"],
  "msr-root": ["<dir>", "the kernel's register devices"],
  "proc-root": ["<dir>", "where the host's /proc is mounted"],
  "sys-root": ["<dir>", "where the host's /sys is mounted: which CPUs share a package, for registers"],
  "state-file": ["<path>", "what a restart resumes from"],
  "no-state": ["", "save nothing, resume nothing"],
  user: ["<name|uid:gid>", "become this user once counters and socket are open"],
  history: ["<seconds>", "time for which ticks are kept, 1 to 86400"],
  "allow-empty": ["", "serve even when there is no counter to read"],
};

const defaults = new Map<string, string | false | null>(Object.entries(governorFlags));

export function build(): Command {
  const command = new Command("governor")
    .description(
      "Counts the host's energy at a steady rate and serves exact totals on a Unix socket, so that users without privilege " +
        "can measure. Logs JSON lines on stderr. SIGHUP looks for counters anew, SIGTERM ends it.",
    )
    .addHelpText(
      "after",
      "\nExample: sudo carbon-ops governor --user carbon-ops\nAs a service: packaging/systemd. Protocol: docs/governor-protocol.md",
    );
  for (const [name, [value, description]] of Object.entries(flags)) {
    const option = new Option(`--${name} ${value}`.trim(), description);
    const fallback = defaults.get(name);
    command.addOption(typeof fallback === "string" ? option.default(fallback) : option);
  }
  return command.action(async () => {
    const values = command.options.flatMap((option) => {
      const value: unknown = command.getOptionValue(option.attributeName());
      const name = option.long?.slice(2) ?? "";
      if (name === "no-state") return value === false ? [["no-state", true] as const] : [];
      return typeof value === "string" || typeof value === "boolean" ? [[name, value] as const] : [];
    });
    await runGovernor(new Map(values)).catch((error: unknown) => {
      throw error instanceof StartError ? new CarbonOpsError(error.code, error.message) : error;
    });
  });
}
