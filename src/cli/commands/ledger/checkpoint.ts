import { resolve } from "node:path";
import { Command } from "commander";
import { isoFromWallMs } from "../../../clock.ts";
import { CarbonOpsError } from "../../../errors.ts";
import { type CurrentCheckpoint, currentCheckpoint, Ledger } from "../../../ledger/index.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText } from "../../output.ts";
import { outputTarget } from "../../output-target.ts";
import { namedKeys, ownSigner } from "./key-choice.ts";

interface CheckpointOptions {
  readonly key?: readonly string[];
  readonly sign?: boolean;
  readonly signingKey?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export function buildCheckpoint(context: CommandContext): Command {
  return new Command("checkpoint")
    .summary("print the newest signed checkpoint, to be handed out")
    .description(
      "Prints the newest signed checkpoint of a ledger: whoever keeps it can tell later that nothing before it was changed or " +
        "cut off. Its signature is verified first, with the key that the ledger names unless --key gives another.",
    )
    .argument("<file>", "the ledger")
    .option("--key <key>", "trusted public key: its text, or a file; may be repeated", collect)
    .option("--sign", "sign lines that no checkpoint covers first")
    .option("--signing-key <file>", "private key that signs the ledger, with --sign (default: your own key)")
    .option("-o, --output <file>", "write it to this file; - is standard output", "-")
    .option("--json", "print what it says as JSON")
    .addHelpText("after", "\nExample: carbon-ops ledger checkpoint carbon.ndjson -o carbon-monday.checkpoint")
    .action(async (file: string, options: CheckpointOptions) => {
      const path = resolve(context.workingDirectory, file);
      const target = outputTarget("--output", options.output ?? "-", context);
      if (options.signingKey !== undefined && options.sign !== true) {
        throw new CarbonOpsError(
          "USAGE",
          "--signing-key belongs to --sign; give both, or --key to name the key that is trusted.",
        );
      }
      if (options.sign === true) {
        const signer = await ownSigner(options.signingKey, context);
        // Opening mends and signs whatever there is.
        await (await Ledger.open(path, { signer, clock: context.clock })).close();
      }
      const named = options.key === undefined ? null : await namedKeys(options.key, context);
      const checkpoint = await currentCheckpoint(path, named === null ? {} : { keys: named.keys });
      await target.write(
        options.json === true ? jsonText(summary(file, checkpoint)) : checkpoint.note.toString("utf8"),
      );
    });
}

function summary(path: string, { origin, size, root, signedBy, cosignatures, note }: CurrentCheckpoint): object {
  return {
    path,
    origin,
    lines: size,
    root: root.toString("hex"),
    signedBy: signedBy.vkey,
    cosignatures: cosignatures.map(({ key, timestampSeconds }) => ({
      witness: key.vkey,
      time: timestampSeconds === null ? null : isoFromWallMs(timestampSeconds * 1000),
    })),
    checkpoint: note.toString("utf8"),
  };
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
