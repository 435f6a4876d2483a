import { Command } from "commander";
import { commandGroup } from "../command-group.ts";
import type { CommandContext } from "../context.ts";
import { buildCheck } from "./keys/check.ts";
import { buildGenerate } from "./keys/generate.ts";
import { buildRotate } from "./keys/rotate.ts";
import { buildShow } from "./keys/show.ts";

export function build(context: CommandContext): Command {
  const command = new Command("keys")
    .description("Makes, shows, checks and replaces the keys that sign ledgers.")
    .addHelpText("after", "\nExample: carbon-ops keys show");
  const actions = [buildGenerate(context), buildShow(context), buildCheck(context), buildRotate(context)];
  return commandGroup(command, actions, context);
}
