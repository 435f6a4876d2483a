import { resolve } from "node:path";
import { Command } from "commander";
import { shellQuoted } from "../../../discovery/shell.ts";
import { readGenesis } from "../../../ledger/appendable.ts";
import { loadOrCreateSigningKey, rotateKey } from "../../../ledger/index.ts";
import { labelledRows } from "../../../report/terminal/style.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { keyPlaceFor, ownSigner } from "../ledger/key-choice.ts";

interface RotateOptions {
  readonly key?: string;
  readonly newKey: string;
  readonly json?: boolean;
}

export function buildRotate(context: CommandContext): Command {
  return new Command("rotate")
    .summary("hand a ledger over to another key")
    .description(
      "Seals a ledger with its key and begins a segment that another key signs, with a statement that both keys have signed. " +
        "Whoever trusts the old key follows it to the new one; the sealed segment still verifies with the old one.",
    )
    .argument("<ledger>", "the ledger")
    .requiredOption("--new-key <file>", "private key that signs from here on; made where there is none")
    .option("--key <file>", "private key that signs the ledger now (default: your own key)")
    .option("--json", "print what was done as JSON")
    .addHelpText("after", "\nExample: carbon-ops keys rotate carbon.ndjson --new-key new.key")
    .action(async (file: string, options: RotateOptions) => {
      const path = resolve(context.workingDirectory, file);
      const before = await readGenesis(path);
      const signer = await ownSigner(options.key, context);
      const place = await keyPlaceFor(options.newKey, context);
      const next = await loadOrCreateSigningKey(place.path, place.options);
      await rotateKey(path, { signer, clock: context.clock }, next.signer);
      const { segment } = await readGenesis(path);
      const done = {
        path: file,
        segment,
        formerKey: before.verifierKey.vkey,
        publicKey: next.verifierKey,
        keyFile: place.path,
        keyCreated: next.created,
      };
      context.stdout.write(options.json === true ? jsonText(done) : page(done, context));
    });
}

interface Rotated {
  readonly path: string;
  readonly segment: number;
  readonly formerKey: string;
  readonly publicKey: string;
  readonly keyFile: string;
  readonly keyCreated: boolean;
}

function page(done: Rotated, context: CommandContext): string {
  const style = outputStyle(context.stdout, context);
  const rows: (readonly [string, string])[] = [
    ["segment", String(done.segment)],
    ["former key", done.formerKey],
    ["new key", done.publicKey],
    ["signed with", `${done.keyFile}${done.keyCreated ? " (new: keep it secret, and keep a copy)" : ""}`],
  ];
  return [
    `${style.good("Handed over")} ${style.strong(done.path)}\n`,
    labelledRows(rows, outputWidth(context.stdout), style),
    "\nFrom here on it is written with the new key:\n",
    `  CARBON_OPS_LEDGER_KEY=${shellQuoted(done.keyFile)} carbon-ops ledger append ${shellQuoted(done.path)} --note '…'\n`,
  ].join("");
}
