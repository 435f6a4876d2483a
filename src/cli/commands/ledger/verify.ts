import { resolve } from "node:path";
import { Command } from "commander";
import { CarbonOpsError, errorCatalogue, messageOf } from "../../../errors.ts";
import { type LedgerVerification, verifyLedger } from "../../../ledger/index.ts";
import { verificationPage } from "../../../report/terminal/ledger-verification.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { namedKeys, noKeys, ownKey, type TrustedKeys } from "./key-choice.ts";
import { readSmallFile } from "./small-file.ts";

interface VerifyOptions {
  readonly key?: readonly string[];
  readonly checkpoint?: string;
  readonly json?: boolean;
}

export function buildVerify(context: CommandContext): Command {
  return new Command("verify")
    .summary("check a ledger; name the first line that was touched")
    .description(
      "Checks every line of a ledger and every checkpoint beside it, and says yes, or which line was touched first. " +
        "Without --key your own key is used where it signs the ledger; the key that a ledger itself names proves nothing.",
    )
    .argument("<file>", "the ledger, or - for standard input")
    .option("--key <key>", "trusted public key: its text, a .pub file or a private key file; may be repeated", collect)
    .option("--checkpoint <file>", "signed checkpoint that you kept: the ledger must still begin with those lines")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", exitHelp)
    .action(async (file: string, options: VerifyOptions) => {
      const path = file === "-" ? null : resolve(context.workingDirectory, file);
      const trusted = await trustedKeys(path, options.key ?? [], context);
      const checkpoint = options.checkpoint === undefined ? null : await readCheckpoint(options.checkpoint, context);
      const findings = await verifyLedger(path ?? bytesOf(context.stdin), {
        keys: trusted.keys,
        ...(checkpoint === null ? {} : { checkpoint }),
      });
      const { stdout } = context;
      const { origin: keyOrigin, unusedKey } = trusted;
      const report = { path: file, ...findings, keyOrigin, unusedKey };
      if (options.json === true) stdout.write(jsonText(report));
      else stdout.write(verificationPage(report, outputWidth(stdout), outputStyle(stdout, context)));
      context.setExitCode(exitCodeOf(findings));
    });
}

const exitHelp = `
Exit status: 0 every line is intact and signed; 1 a line or a checkpoint was touched; 2 it cannot be read;
4 the chain holds, but nothing shows who wrote all of it.

Example: carbon-ops ledger verify carbon.ndjson --key ledger.key.pub`;

function exitCodeOf(findings: LedgerVerification): number {
  if (!findings.valid) return errorCatalogue.LEDGER_INVALID.exitCode;
  return findings.unsignedLines > 0 ? errorCatalogue.LEDGER_UNSIGNED.exitCode : 0;
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

async function trustedKeys(
  path: string | null,
  flags: readonly string[],
  context: CommandContext,
): Promise<TrustedKeys> {
  if (flags.length > 0) return await namedKeys(flags, context);
  return path === null ? noKeys(null) : await ownKey(path, context);
}

async function readCheckpoint(file: string, context: CommandContext): Promise<Buffer> {
  try {
    return await readSmallFile(resolve(context.workingDirectory, file));
  } catch (error) {
    throw new CarbonOpsError(
      "LEDGER_UNREADABLE",
      `--checkpoint ${file} cannot be read (${messageOf(error)}); name the checkpoint that you kept.`,
      { cause: error },
    );
  }
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of stream) yield Buffer.from(chunk);
}
