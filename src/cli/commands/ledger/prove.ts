import { resolve } from "node:path";
import { Command } from "commander";
import { CarbonOpsError } from "../../../errors.ts";
import { proveConsistency, proveRecord } from "../../../ledger/index.ts";
import type { CommandContext } from "../../context.ts";
import { outputStyle } from "../../output.ts";
import { outputTarget } from "../../output-target.ts";
import { readNamedFile } from "./small-file.ts";

interface ProveOptions {
  readonly from?: string;
  readonly checkpoint?: string;
  readonly output?: string;
}

export function buildProve(context: CommandContext): Command {
  return new Command("prove")
    .summary("prove that a record is in the ledger, or that the ledger only grew")
    .description(
      "Writes a proof of one record that can be checked without the ledger (C2SP tlog-proof), or, with --from, a proof that the " +
        "ledger still begins with what an older checkpoint was over. `carbon-ops ledger check-proof` checks both.",
    )
    .argument("<file>", "the ledger")
    .argument("[seq]", "number of the record")
    .option("--from <checkpoint>", "prove instead that nothing under this older checkpoint has changed")
    .option("--checkpoint <file>", "signed checkpoint that the proof leads to (default: the newest)")
    .option("-o, --output <file>", "write the proof to this file; - is standard output", "-")
    .addHelpText(
      "after",
      "\nExamples: carbon-ops ledger prove carbon.ndjson 17 -o record-17.tlog-proof\n" +
        "          carbon-ops ledger prove carbon.ndjson --from monday.checkpoint -o growth.proof",
    )
    .action(async (file: string, seqText: string | undefined, options: ProveOptions) => {
      const path = resolve(context.workingDirectory, file);
      if ((seqText === undefined) === (options.from === undefined)) {
        throw new CarbonOpsError("USAGE", "Give either the number of a record, or an older checkpoint with --from.");
      }
      const target = outputTarget("--output", options.output ?? "-", context);
      const to = options.checkpoint;
      const toward = to === undefined ? {} : { checkpoint: await readNamedFile("--checkpoint", to, context) };
      if (options.from !== undefined) {
        const older = await readNamedFile("--from", options.from, context);
        const { proof, oldSize, size } = await proveConsistency(path, older, toward);
        await target.write(proof);
        tell(`the first ${oldSize} of ${size} lines are those of the older checkpoint`);
        return;
      }
      const seq = parseSeq(seqText ?? "");
      const { proof, size } = await proveRecord(path, seq, toward);
      await target.write(proof);
      tell(`record ${seq} stands among ${size} signed lines`);

      function tell(what: string): void {
        if (target.path === null) return;
        const style = outputStyle(context.stdout, context);
        context.stdout.write(
          `${style.good("Proven")}: ${what}; the proof is in ${style.strong(options.output ?? "")}\n`,
        );
      }
    });
}

function parseSeq(text: string): number {
  const seq = Number(text);
  if (/^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(seq)) return seq;
  throw new CarbonOpsError(
    "USAGE",
    `${text} is no number of a record; give its seq, which \`carbon-ops ledger show\` lists.`,
  );
}
