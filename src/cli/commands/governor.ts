import { Command, Option } from "commander";
import { runGovernor } from "../../governor/daemon/main.ts";
import { governorFlags } from "../../governor/daemon/options.ts";

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
  for (const { name, value, fallback, description } of governorFlags) {
    const option = new Option(value === null ? `--${name}` : `--${name} <${value}>`, description);
    command.addOption(fallback === null ? option : option.default(fallback));
  }
  return command.action(async () => {
    const values = command.options.flatMap((option) => {
      const value: unknown = command.getOptionValue(option.attributeName());
      const name = option.long?.slice(2) ?? "";
      if (name === "no-state") return value === false ? [["no-state", true] as const] : [];
      return typeof value === "string" || typeof value === "boolean" ? [[name, value] as const] : [];
    });
    await runGovernor(new Map(values));
  });
}
