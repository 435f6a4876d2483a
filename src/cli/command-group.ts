import type { Command } from "commander";
import { CarbonOpsError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { CommandContext } from "./context.ts";

/** A command that only holds others: without one of them it shows what there is, with an unknown one it throws USAGE. */
export function commandGroup(group: Command, actions: readonly Command[], context: CommandContext): Command {
  for (const action of actions) group.addCommand(action);
  return group.allowExcessArguments().action(() => {
    const [name] = group.args;
    if (name !== undefined) throw unknownAction(group.name(), name, actions);
    group.outputHelp();
    context.setExitCode(2);
  });
}

function unknownAction(group: string, name: string, actions: readonly Command[]): CarbonOpsError {
  const names = actions.map((action) => action.name());
  const suggestion = nearest(name, names);
  const hint =
    suggestion === null
      ? `there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}.`
      : `did you mean ${suggestion}?`;
  return new CarbonOpsError("USAGE", `There is no command "${group} ${name}"; ${hint}`);
}
