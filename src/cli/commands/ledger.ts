import { Command } from "commander";
import { commandGroup } from "../command-group.ts";
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
  return commandGroup(command, actions, context);
}
