import { resolve } from "node:path";
import { Command, Option } from "commander";
import { CarbonOpsError, errorCatalogue, messageOf } from "../../../errors.ts";
import { openCheckpoint } from "../../../ledger/checkpoint.ts";
import { checkpointOf, damagedState, moveState, readState } from "../../../ledger/state-file.ts";
import { parseVerifierKey } from "../../../ledger/verifier-key.ts";
import type { VerificationReport } from "../../../report/ledger-findings.ts";
import { verificationPage } from "../../../report/terminal/ledger-verification.ts";
import { verificationHeadline } from "../../../report/verification-words.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { namedKeys, noKeys, ownKey, type TrustedKeys } from "./key-choice.ts";
import { verifyPython } from "./python-format.ts";
import { recordCheck } from "./record-check.ts";
import { readSmallFile } from "./small-file.ts";
import { verifyProgress } from "./verify-progress.ts";
import { verifyReport, type WholeVerification } from "./verify-report.ts";

interface VerifyOptions {
  readonly key?: readonly string[];
  readonly checkpoint?: string;
  readonly state?: string;
  readonly witness?: readonly string[];
  readonly deep?: boolean;
  readonly threads?: number;
  readonly format?: string;
  readonly head?: string;
  readonly json?: boolean;
}

export function buildVerify(context: CommandContext): Command {
  return new Command("verify")
    .summary("check a ledger; name the first line that was touched")
    .description(
      "Checks every line of a ledger and every checkpoint beside it, and says yes, or which line was touched first. " +
        "Without --key your own key is used where it signs the ledger; the key that a ledger itself names proves nothing.",
    )
    .argument("<file>", "the ledger, or - for standard input; gzip is undone")
    .option("--key <key>", "trusted public key: its text, a .pub file or a private key file; may be repeated", collect)
    .option("--checkpoint <file>", "signed checkpoint that you kept: the ledger must still begin with those lines")
    .option("--state <file>", "remember the newest checkpoint that holds; refuses a ledger that went back or aside")
    .option("--witness <key>", "public key of a witness, as text or a file, whose cosignature is asked for", collect)
    .option("--deep", "look at what stands in every record too: canonical form and schema")
    .option(
      "--threads <n>",
      "threads that share the work on a file; as many as there are cores unless said",
      parseThreads,
    )
    .addOption(
      new Option("--format <name>", "ours, or a ledger of the Python original").choices(["carbon-ops", "python"]),
    )
    .option(
      "--head <n:hash>",
      "end of a Python ledger that you kept, as verify prints it: that entry must still be there",
    )
    .option("--json", "print the findings as JSON")
    .addHelpText("after", exitHelp)
    .action(async (file: string, options: VerifyOptions) => {
      if (options.format === "python") {
        return await verifyPython(file, file === "-" ? bytesOf(context.stdin) : null, options, context);
      }
      if (options.head !== undefined)
        throw new CarbonOpsError("USAGE", "--head belongs to --format python; give both.");
      if (file === "-" && (options.threads ?? 1) > 1) {
        throw new CarbonOpsError("USAGE", "Standard input is read by one thread; leave --threads out, or name a file.");
      }
      const { report, stateProblem } = await verifiedAsAsked(file, options, context);
      if (report.isPythonLedger && options.format === undefined) throw pythonLedger(file);
      const { stdout } = context;
      if (options.json === true) stdout.write(jsonText({ headline: verificationHeadline(report), ...report }));
      else stdout.write(verificationPage(report, outputWidth(stdout), outputStyle(stdout, context)));
      if (stateProblem !== null) throw stateProblem;
      context.setExitCode(exitCodeOf(report));
    });
}

const exitHelp = `
Exit status: 0 every line is intact and signed; 1 a line or a checkpoint was touched; 2 it cannot be read;
4 the chain holds, but nothing shows who wrote all of it, or it holds no record, or a witness is missing,
or standard input holds a later segment alone, or came without a checkpoint.

Examples: carbon-ops ledger verify carbon.ndjson --key ledger.key.pub --state carbon.state
          zcat carbon.ndjson.gz | carbon-ops ledger verify - --key ledger.key.pub --checkpoint kept.checkpoint`;

export interface AskedVerification {
  readonly report: VerificationReport;
  /** Why the state could not be written, to be thrown when the rest was told. */
  readonly stateProblem: CarbonOpsError | null;
}

/** What is found in a ledger, with the keys and the checkpoints that the options name. Throws what `verifySegments` throws. */
export async function verifiedAsAsked(
  file: string,
  options: Omit<VerifyOptions, "format" | "head" | "json">,
  context: CommandContext,
): Promise<AskedVerification> {
  const path = file === "-" ? null : resolve(context.workingDirectory, file);
  const trusted = await trustedKeys(path, options.key ?? [], context);
  const checkpoint = options.checkpoint === undefined ? null : await readCheckpoint(options.checkpoint, context);
  if (options.checkpoint !== undefined && checkpoint !== null) {
    const { checkpoint: name } = options;
    assertSignatureFits(checkpoint, trusted.keys, (why) => damagedCheckpoint(name, why));
  }
  const witnesses = await namedKeys(options.witness ?? [], context);
  const statePath = options.state === undefined ? null : resolve(context.workingDirectory, options.state);
  const remembered = statePath === null ? null : await readState(statePath);
  if (statePath !== null && remembered !== null)
    assertSignatureFits(remembered, trusted.keys, (why) => damagedState(statePath, why));
  const progress = verifyProgress(context);
  const found = await verifyReport(path ?? bytesOf(context.stdin), {
    keys: trusted.keys,
    witnesses: witnesses.keys,
    ...(checkpoint === null ? {} : { checkpoint }),
    ...(remembered === null ? {} : { remembered }),
    ...(options.deep === true ? { deep: true, checkRecord: recordCheck, ...deepThreads() } : {}),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    onProgress: progress.show,
  }).finally(progress.clear);
  const state = statePath === null ? null : await newState(statePath, remembered, found, context);
  const keyOrigin = authorOrigin(found, trusted);
  const report = { path: file, ...found, keyOrigin, unusedKey: trusted.unusedKey, state: state?.outcome ?? null };
  return { report, stateProblem: state?.problem ?? null };
}

/**
 * Nothing is remembered of a ledger that does not hold, or whose author nothing vouches for. What was found is told also where
 * it cannot be remembered.
 */
async function newState(
  path: string,
  before: Buffer | null,
  { valid, newestCheckpoint }: WholeVerification,
  { clock }: CommandContext,
) {
  const isNew = valid && newestCheckpoint !== null && newestCheckpoint !== before?.toString("utf8");
  const outcome = { path, isMoved: false, isUnwritten: false, isRefused: before !== null && !valid };
  if (!isNew) return { outcome, problem: null };
  try {
    return { outcome: { ...outcome, isMoved: await moveState(path, before, newestCheckpoint, clock) }, problem: null };
  } catch (error) {
    if (!(error instanceof CarbonOpsError)) throw error;
    return { outcome: { ...outcome, isUnwritten: true }, problem: error };
  }
}

function exitCodeOf({ valid, unsignedLines, records, segmentsBefore, witnesses }: VerificationReport): number {
  if (!valid) return errorCatalogue.LEDGER_INVALID.exitCode;
  const isWitnessed = witnesses.every(({ lines }) => lines > 0);
  const isWhole = unsignedLines === 0 && records > 0 && segmentsBefore === 0;
  return isWhole && isWitnessed ? 0 : errorCatalogue.LEDGER_UNSIGNED.exitCode;
}

/** A key that was given need not be one that has signed: statements lead from it, or to it. */
function authorOrigin({ signedBy, segments }: WholeVerification, { keys, origin }: TrustedKeys): string | null {
  const signers = [signedBy, ...segments.map((segment) => segment.signedBy)].filter((key) => key !== null);
  if (origin === null || signers.length === 0 || signers.some((key) => keys.includes(key))) return origin;
  return `${origin}, by a statement that one key follows the other`;
}

/** Threads that know the schemas; there are none where the sources themselves are run. */
function deepThreads(): { readonly threadModule?: URL } {
  return import.meta.url.endsWith(".js") ? { threadModule: new URL("./verify-thread.js", import.meta.url) } : {};
}

function parseThreads(text: string): number {
  if (!/^[1-9][0-9]{0,2}$/.test(text)) {
    throw new CarbonOpsError("USAGE", `--threads ${text} is no number from 1 to 999; give how many threads may work.`);
  }
  return Number(text);
}

/** Values of an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

async function trustedKeys(
  path: string | null,
  flags: readonly string[],
  context: CommandContext,
): Promise<TrustedKeys> {
  const pythonKey = flags.find((flag) => /^(?:0x)?[0-9a-fA-F]{64}$/.test(flag));
  if (pythonKey !== undefined) {
    throw new CarbonOpsError(
      "USAGE",
      `--key ${pythonKey} is spelled as for a ledger of the Python original; give --format python, or a verifier key.`,
    );
  }
  if (flags.length > 0) return await namedKeys(flags, context);
  return path === null ? noKeys(null) : await ownKey(path, context);
}

/** A kept checkpoint or state that holds something else is damaged, which says nothing about the ledger. */
async function readCheckpoint(file: string, context: CommandContext): Promise<Buffer> {
  const note = await readCheckpointFile(file, context);
  if (checkpointOf(note) === null)
    throw damagedCheckpoint(file, note.length === 0 ? "it is empty" : "it is no signed checkpoint");
  return note;
}

function damagedCheckpoint(file: string, why: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_UNREADABLE",
    `--checkpoint ${file} is damaged (${why}), so the ledger cannot be held against it; name the checkpoint as it was handed out.`,
  );
}

/** A signature of a trusted key that does not fit its own text was not made by that key, whatever the ledger is. */
function assertSignatureFits(note: Buffer, keys: readonly string[], damaged: (why: string) => CarbonOpsError): void {
  const opened = openCheckpoint(note, keys.map(parseVerifierKey));
  if (!opened.ok && opened.fault === "bad_signature") throw damaged(opened.reason);
}

/** Nothing is said about its lines: other rules hold for them. */
function pythonLedger(file: string): CarbonOpsError {
  return new CarbonOpsError(
    "INPUT_INVALID",
    `${file} is a ledger of the Python original, for which other rules hold; give --format python.`,
  );
}

async function readCheckpointFile(file: string, context: CommandContext): Promise<Buffer> {
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
