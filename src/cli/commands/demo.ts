import { Command } from "commander";
import { commandGroup } from "../command-group.ts";
import type { CommandContext } from "../context.ts";
import { buildAliasing } from "./demo/aliasing.ts";

export function build(context: CommandContext): Command {
  const command = new Command("demo")
    .description("Demonstrations of what carbon-ops does, and of what goes wrong without it.")
    .addHelpText("after", "\nExample: carbon-ops demo aliasing --duration 120s");
  return commandGroup(command, [buildAliasing(context)], context);
}
