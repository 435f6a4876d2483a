import { Command } from "commander";
import { isoFromWallMs } from "../../../clock.ts";
import { CarbonOpsError, errorCatalogue } from "../../../errors.ts";
import type { SignedCheckpoint } from "../../../ledger/checkpoint.ts";
import { checkConsistencyProof, checkRecordProof } from "../../../ledger/index.ts";
import { labelledRows, printable } from "../../../report/terminal/style.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { namedKeys } from "./key-choice.ts";
import { largestProofBytes, readNamedFile } from "./small-file.ts";

interface CheckOptions {
  readonly key?: readonly string[];
  readonly from?: string;
  readonly line?: string;
  readonly json?: boolean;
}

export function buildCheckProof(context: CommandContext): Command {
  return new Command("check-proof")
    .summary("check a proof with the key alone; print the record")
    .description(
      "Checks a proof of one record (C2SP tlog-proof) without the ledger, and prints the record; or, with --from, that the newer " +
        "ledger begins with the older one.",
    )
    .argument("<proof>", "the proof, as `carbon-ops ledger prove` writes it")
    .requiredOption("--key <key>", "trusted public key, of the author or a witness; may be repeated", collect)
    .option("--from <checkpoint>", "the proof is one of growth, from this checkpoint on")
    .option("--line <file>", "the record's line, where the proof does not hold it")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", checkHelp)
    .action(async (file: string, options: CheckOptions) => {
      const proof = await readNamedFile("The proof", file, context, largestProofBytes);
      const { keys } = await namedKeys(options.key ?? [], context);
      if (options.from !== undefined && options.line !== undefined) {
        throw new CarbonOpsError(
          "USAGE",
          "--line belongs to the proof of a record, --from to one of growth; give one.",
        );
      }
      const findings =
        options.from === undefined
          ? recordFindings(proof, keys, await lineFrom(options.line, context))
          : growthFindings(proof, keys, await readNamedFile("--from", options.from, context));
      const { stdout } = context;
      if (options.json === true) stdout.write(jsonText({ path: file, ...findings }));
      else stdout.write(page(file, findings, context));
      if (!findings.valid) context.setExitCode(errorCatalogue.LEDGER_INVALID.exitCode);
    });
}

const checkHelp = `
Exit status: 0 the proof holds; 1 it does not; 2 it cannot be read.

Example: carbon-ops ledger check-proof record-17.tlog-proof --key ledger.key.pub`;

interface Findings {
  readonly valid: boolean;
  readonly reason: string | null;
  readonly seq: number | null;
  readonly record: unknown;
  /** The line itself, to which the proof leads. */
  readonly line: string | null;
  readonly oldLines: number | null;
  readonly checkpoint: CheckpointFindings | null;
}

interface CheckpointFindings {
  readonly origin: string;
  readonly lines: number;
  readonly root: string;
  readonly signedBy: string;
  readonly witnesses: readonly { readonly witness: string; readonly time: string | null }[];
}

const nothing = { reason: null, seq: null, record: null, line: null, oldLines: null, checkpoint: null };

function recordFindings(proof: Buffer, keys: readonly string[], line: Buffer | null): Findings {
  const checked = checkRecordProof(proof, keys, line);
  if (!checked.ok) return { ...nothing, valid: false, reason: checked.reason };
  const { seq, checkpoint } = checked;
  const shown = { seq, line: checked.line, record: recordOf(checked.line) };
  return { ...nothing, ...shown, valid: true, checkpoint: checkpointFindings(checkpoint) };
}

function growthFindings(proof: Buffer, keys: readonly string[], older: Buffer): Findings {
  const checked = checkConsistencyProof(proof, older, keys);
  if (!checked.ok) return { ...nothing, valid: false, reason: checked.reason };
  return {
    ...nothing,
    valid: true,
    oldLines: checked.older.size,
    checkpoint: checkpointFindings(checked.newer),
  };
}

/** The record of a line; the line of another log may be anything. */
function recordOf(line: string): unknown {
  try {
    const { record }: { readonly record?: unknown } = Object(JSON.parse(line));
    return record ?? null;
  } catch {
    return null;
  }
}

function checkpointFindings({ origin, size, root, signedBy, cosignatures }: SignedCheckpoint): CheckpointFindings {
  const witnesses = cosignatures.map(({ key, timestampSeconds }) => ({
    witness: key.vkey,
    time: timestampSeconds === null ? null : isoFromWallMs(timestampSeconds * 1000),
  }));
  return { origin, lines: size, root: root.toString("hex"), signedBy: signedBy.vkey, witnesses };
}

function page(file: string, findings: Findings, context: CommandContext): string {
  const style = outputStyle(context.stdout, context);
  const { valid, reason, seq, record, line, oldLines, checkpoint } = findings;
  if (!valid || checkpoint === null) {
    return `${style.bad("Does not hold")}: ${printable(file)}, because ${printable(reason ?? "")}\n`;
  }
  const what =
    oldLines === null
      ? `record ${seq} of ${checkpoint.lines} signed lines`
      : `${checkpoint.lines} lines begin with those ${oldLines}`;
  const rows: (readonly [string, string])[] = [
    ["log", checkpoint.origin],
    ["signed by", checkpoint.signedBy],
    ["root", checkpoint.root],
    ...checkpoint.witnesses.map(({ witness, time }) => ["witness", `${witness} at ${time ?? "?"}`] as const),
  ];
  const body = line === null ? "" : `\n${printable(record === null ? line : JSON.stringify(record, null, 2), true)}\n`;
  return `${style.good("Holds")}: ${what}\n${labelledRows(rows, outputWidth(context.stdout), style)}${body}`;
}

async function lineFrom(file: string | undefined, context: CommandContext): Promise<Buffer | null> {
  if (file === undefined) return null;
  const bytes = await readNamedFile("--line", file, context, largestProofBytes);
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
