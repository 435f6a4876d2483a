import { Command } from "commander";
import { parseVerifierKey } from "../../../ledger/verifier-key.ts";
import { labelledRows } from "../../../report/terminal/style.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { keyPlaceFor, namedKeys } from "../ledger/key-choice.ts";

const uses = { ed25519: "signs checkpoints", cosignature: "cosigns as a witness" } as const;

export function buildCheck(context: CommandContext): Command {
  return new Command("check")
    .summary("say whether a key is sound")
    .description(
      "Checks a private key file (form, mode, kind, passphrase), a .pub file or the text of a public key: form, key id, and that it " +
        "is no key under which anybody can sign.",
    )
    .argument("[key]", "text of a public key, .pub file or private key file (default: your own key)")
    .option("--json", "print the findings as JSON")
    .addHelpText(
      "after",
      "\nExit status: 0 sound; 2 not, and the message says why.\n\nExample: carbon-ops keys check auditor.pub",
    )
    .action(async (key: string | undefined, options: { readonly json?: boolean }) => {
      const named = key ?? (await keyPlaceFor(undefined, context)).path;
      const { keys } = await namedKeys([named], context);
      const found = keys.map(parseVerifierKey).map(({ name, keyId, algorithm, vkey }) => {
        return { name, keyId, use: uses[algorithm], publicKey: vkey };
      });
      if (options.json === true) return void context.stdout.write(jsonText(found));
      const style = outputStyle(context.stdout, context);
      for (const { name, keyId, use, publicKey } of found) {
        const rows = Object.entries({ name, "key id": keyId, use, "public key": publicKey });
        context.stdout.write(`${style.good("Sound")}\n${labelledRows(rows, outputWidth(context.stdout), style)}`);
      }
    });
}
