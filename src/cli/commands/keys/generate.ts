import { resolve } from "node:path";
import { Command } from "commander";
import { createSigningKey } from "../../../ledger/index.ts";
import { labelledRows } from "../../../report/terminal/style.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { keyPlaceFor } from "../ledger/key-choice.ts";

interface GenerateOptions {
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

export function buildGenerate(context: CommandContext): Command {
  return new Command("generate")
    .summary("make a signing key")
    .description(
      "Makes an Ed25519 key (PKCS8 PEM, readable by you alone) where there is no file yet, and writes its public key beside it. " +
        "Directories that are missing are made, readable by you alone.",
    )
    .argument("[file]", "where it goes (default: the place of your own key)")
    .option("--passphrase-file <file>", "encrypt the key with the passphrase in the first line of this file")
    .option("--json", "print what was made as JSON")
    .addHelpText("after", "\nExample: carbon-ops keys generate new.key")
    .action(async (file: string | undefined, options: GenerateOptions) => {
      const place = await keyPlaceFor(file, context);
      const { passphraseFile } = options;
      const given =
        passphraseFile === undefined ? {} : { passphraseFile: resolve(context.workingDirectory, passphraseFile) };
      const keyOptions = { ...place.options, ...given };
      const { verifierKey } = await createSigningKey(place.path, keyOptions);
      const isEncrypted = keyOptions.passphraseFile !== undefined;
      const made = { keyFile: place.path, publicKeyFile: `${place.path}.pub`, publicKey: verifierKey, isEncrypted };
      if (options.json === true) return void context.stdout.write(jsonText(made));
      const style = outputStyle(context.stdout, context);
      const rows: (readonly [string, string])[] = [
        ["private key", `${made.keyFile} (${isEncrypted ? "encrypted; " : ""}keep it secret, and keep a copy)`],
        ["public key", `${verifierKey} (also in ${made.publicKeyFile})`],
      ];
      context.stdout.write(`${style.good("Made a key")}\n${labelledRows(rows, outputWidth(context.stdout), style)}`);
    });
}
