import { resolve } from "node:path";
import { Command } from "commander";
import { shellQuoted } from "../../../discovery/shell.ts";
import { assertPathWritable, Ledger, loadOrCreateSigningKey } from "../../../ledger/index.ts";
import { assertAbsent } from "../../../ledger/ledger-files.ts";
import { labelledRows } from "../../../report/terminal/style.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { keyPlaceFor } from "./key-choice.ts";

interface InitOptions {
  readonly key?: string;
  readonly json?: boolean;
}

export function buildInit(context: CommandContext): Command {
  return new Command("init")
    .summary("create a ledger")
    .description("Creates a ledger, with its first record and its first signed checkpoint.")
    .argument("<file>", "the ledger, which must not exist yet")
    .option("--key <file>", "private key that signs it; created where there is none (default: your own key)")
    .option("--json", "print what was created as JSON")
    .addHelpText("after", "\nExample: carbon-ops ledger init carbon.ndjson")
    .action(async (file: string, options: InitOptions) => {
      const path = resolve(context.workingDirectory, file);
      // All that can be refused is refused before a key is made.
      await assertAbsent(path);
      await assertPathWritable(path);
      const { path: keyPath, options: keyOptions } = await keyPlaceFor(options.key, context);
      const key = await loadOrCreateSigningKey(keyPath, keyOptions);
      await using ledger = await Ledger.create(path, { signer: key.signer, clock: context.clock });
      const created = {
        path: file,
        ledgerId: ledger.ledgerId,
        keyFile: keyPath,
        keyCreated: key.created,
        publicKey: key.verifierKey,
      };
      context.stdout.write(options.json === true ? jsonText(created) : initPage(created, context));
    });
}

interface CreatedLedger {
  readonly path: string;
  readonly ledgerId: string | null;
  readonly keyFile: string;
  readonly keyCreated: boolean;
  readonly publicKey: string;
}

function initPage(created: CreatedLedger, context: CommandContext): string {
  const style = outputStyle(context.stdout, context);
  const rows: (readonly [string, string])[] = [
    ["ledger", created.ledgerId ?? ""],
    ["signed with", `${created.keyFile}${created.keyCreated ? " (new: keep it secret, and keep a copy)" : ""}`],
    ["public key", created.publicKey],
  ];
  return [
    `${style.good("Created")} ${style.strong(created.path)}\n`,
    labelledRows(rows, outputWidth(context.stdout), style),
    "\nWho wants to verify it needs the file, the files beside it, and the public key by another way:\n",
    `  carbon-ops ledger verify ${shellQuoted(created.path)} --key '${created.publicKey}'\n`,
  ].join("");
}
