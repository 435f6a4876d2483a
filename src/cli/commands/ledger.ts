import { Command } from "commander";
import { CarbonOpsError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import type { CommandContext } from "../context.ts";
import { buildAppend } from "./ledger/append.ts";
import { buildCheckProof } from "./ledger/check-proof.ts";
import { buildCheckpoint } from "./ledger/checkpoint.ts";
import { buildCosign } from "./ledger/cosign.ts";
import { buildExport } from "./ledger/export.ts";
import { buildImport } from "./ledger/import.ts";
import { buildInit } from "./ledger/init.ts";
import { buildProve } from "./ledger/prove.ts";
import { buildRotate } from "./ledger/rotate.ts";
import { buildShow } from "./ledger/show.ts";
import { buildStats } from "./ledger/stats.ts";
import { buildVerify } from "./ledger/verify.ts";

export function build(context: CommandContext): Command {
  const command = new Command("ledger")
    .description(
      "Creates, extends, verifies, shows and adds up audit ledgers: files of records in which every line is linked to all lines " +
        "before it, and whose state is signed.",
    )
    .allowExcessArguments()
    .addHelpText("after", "\nExample: carbon-ops ledger verify carbon.ndjson --key ledger.key.pub");
  const actions = [
    buildInit(context),
    buildAppend(context),
    buildRotate(context),
    buildVerify(context),
    buildCheckpoint(context),
    buildProve(context),
    buildCheckProof(context),
    buildCosign(context),
    buildShow(context),
    buildStats(context),
    buildExport(context),
    buildImport(context),
  ];
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
  return new CarbonOpsError("USAGE", `There is no command "ledger ${name}"; ${hint}`);
}
