import { Command } from "commander";
import { CarbonOpsError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import type { CommandContext } from "../context.ts";
import { buildCheck } from "./keys/check.ts";
import { buildGenerate } from "./keys/generate.ts";
import { buildRotate } from "./keys/rotate.ts";
import { buildShow } from "./keys/show.ts";

export function build(context: CommandContext): Command {
  const command = new Command("keys")
    .description("Makes, shows, checks and replaces the keys that sign ledgers.")
    .allowExcessArguments()
    .addHelpText("after", "\nExample: carbon-ops keys show");
  const actions = [buildGenerate(context), buildShow(context), buildCheck(context), buildRotate(context)];
  for (const action of actions) command.addCommand(action);
  return command.action(() => {
    const [name] = command.args;
    if (name !== undefined) throw unknownAction(name, actions);
    command.outputHelp();
    context.setExitCode(2);
  });
}

function unknownAction(name: string, actions: readonly Command[]): CarbonOpsError {
  const names = actions.map((action) => action.name());
  const suggestion = nearest(name, names);
  const hint = suggestion === null ? `there are ${names.join(", ")}.` : `did you mean ${suggestion}?`;
  return new CarbonOpsError("USAGE", `There is no command "keys ${name}"; ${hint}`);
}
