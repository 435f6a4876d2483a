import { Command } from "commander";
import { loadSigningKey } from "../../../ledger/index.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText } from "../../output.ts";
import { keyPlaceFor } from "../ledger/key-choice.ts";

export function buildShow(context: CommandContext): Command {
  return new Command("show")
    .summary("print the public key of a signing key")
    .description("Prints the public key of a private key file as text: what those who verify a ledger need.")
    .argument("[file]", "the private key (default: your own key)")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample: carbon-ops keys show > for-the-auditor.pub")
    .action(async (file: string | undefined, options: { readonly json?: boolean }) => {
      const { path, options: keyOptions } = await keyPlaceFor(file, context);
      const { verifierKey } = await loadSigningKey(path, keyOptions);
      context.stdout.write(
        options.json === true ? jsonText({ keyFile: path, publicKey: verifierKey }) : `${verifierKey}\n`,
      );
    });
}
