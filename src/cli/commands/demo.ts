import { Command } from "commander";
import { CarbonOpsError } from "../../errors.ts";
import type { CommandContext } from "../context.ts";
import { buildAliasing } from "./demo/aliasing.ts";

export function build(context: CommandContext): Command {
  const aliasing = buildAliasing(context);
  const command = new Command("demo")
    .description("Demonstrations of what carbon-ops does, and of what goes wrong without it.")
    .allowExcessArguments()
    .addHelpText("after", "\nExample: carbon-ops demo aliasing --duration 120s");
  command.addCommand(aliasing);
  return command.action(() => {
    const [name] = command.args;
    if (name !== undefined) throw new CarbonOpsError("USAGE", `There is no command "demo ${name}"; there is aliasing.`);
    command.outputHelp();
    context.setExitCode(2);
  });
}
