import { resolve } from "node:path";
import { Command } from "commander";
import { readGenesis } from "../../../ledger/appendable.ts";
import { Ledger } from "../../../ledger/index.ts";
import { sealedPath } from "../../../ledger/segments.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle } from "../../output.ts";
import { ownSigner } from "./key-choice.ts";

interface RotateOptions {
  readonly key?: string;
  readonly json?: boolean;
}

export function buildRotate(context: CommandContext): Command {
  return new Command("rotate")
    .summary("seal the file, and go on in a new one")
    .description(
      "Seals a ledger with its last checkpoint, gives it a lasting name beside it (<file>.000001 and so on), and begins the next " +
        "segment under the ledger's name, which says where the sealed one ended. A ledger without records is left as it is.",
    )
    .argument("<file>", "the ledger")
    .option("--key <file>", "private key that signs the ledger (default: your own key)")
    .option("--json", "print segment and name of the sealed file as JSON")
    .addHelpText("after", "\nExample: carbon-ops ledger rotate carbon.ndjson")
    .action(async (file: string, options: RotateOptions) => {
      const path = resolve(context.workingDirectory, file);
      const before = (await readGenesis(path)).segment;
      const signer = await ownSigner(options.key, context);
      {
        await using ledger = await Ledger.open(path, { signer, clock: context.clock });
        await ledger.rotate();
      }
      const { segment } = await readGenesis(path);
      const sealed = segment > before ? sealedPath(file, segment - 1) : null;
      if (options.json === true) context.stdout.write(jsonText({ path: file, segment, sealed }));
      else context.stdout.write(rotatedText(file, segment, sealed, context));
    });
}

function rotatedText(file: string, segment: number, sealed: string | null, context: CommandContext): string {
  const style = outputStyle(context.stdout, context);
  if (sealed === null) return `${style.strong(file)} holds no record yet, so it was not sealed\n`;
  return `${style.good("Sealed")} ${style.strong(sealed)}; ${file} goes on as segment ${segment}\n`;
}
