import { resolve } from "node:path";
import { Command } from "commander";
import { isoFromWallMs } from "../../../clock.ts";
import { type ImportedCosignatures, importCosignatures } from "../../../ledger/index.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle } from "../../output.ts";
import { namedKeys } from "./key-choice.ts";
import { readNamedFile } from "./small-file.ts";

interface CosignOptions {
  readonly witness: readonly string[];
  readonly checkpoint?: string;
  readonly json?: boolean;
}

export function buildCosign(context: CommandContext): Command {
  return new Command("cosign")
    .summary("keep the cosignature of a witness")
    .description(
      "Verifies what a witness has cosigned (C2SP tlog-cosignature) and keeps it beside the ledger, where verify --witness finds it. " +
        "The file is a cosigned checkpoint, or the signature lines that a witness answers with.",
    )
    .argument("<file>", "the ledger")
    .argument("<cosigned>", "what the witness gave back")
    .requiredOption("--witness <key>", "public key of the witness, as text or a file; may be repeated", collect)
    .option("--checkpoint <file>", "what signature lines alone belong to (default: the newest checkpoint)")
    .option("--json", "print what was kept as JSON")
    .addHelpText("after", "\nExample: carbon-ops ledger cosign carbon.ndjson answer.txt --witness witness.pub")
    .action(async (file: string, cosigned: string, options: CosignOptions) => {
      const { checkpoint } = options;
      const kept = await importCosignatures(resolve(context.workingDirectory, file), {
        note: await readNamedFile("The cosignature", cosigned, context),
        witnesses: (await namedKeys(options.witness, context)).keys,
        clock: context.clock,
        ...(checkpoint === undefined ? {} : { checkpoint: await readNamedFile("--checkpoint", checkpoint, context) }),
      });
      context.stdout.write(options.json === true ? jsonText({ path: file, ...kept }) : keptText(file, kept, context));
    });
}

function keptText(file: string, { size, witnesses }: ImportedCosignatures, context: CommandContext): string {
  const style = outputStyle(context.stdout, context);
  const lines = witnesses.map(({ witness, timestampSeconds }) => {
    return `  ${style.faint("witness")}  ${witness} at ${isoFromWallMs(timestampSeconds * 1000)}\n`;
  });
  return `${style.good("Kept")} beside ${style.strong(file)}: cosigned over ${size} lines\n${lines.join("")}`;
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
