import { resolve } from "node:path";
import { CarbonOpsError, errorCatalogue, messageOf } from "../../../errors.ts";
import { type PythonHead, type PythonVerification, verifyPythonLedger } from "../../../ledger/python/verify-python.ts";
import { isVerifierKeyText } from "../../../ledger/verifier-key.ts";
import { pythonHeadline, pythonVerificationPage } from "../../../report/terminal/python-verification.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle, outputWidth } from "../../output.ts";
import { readSmallFile } from "./small-file.ts";

/** What `ledger verify` was asked of a ledger of the Python original. */
export interface PythonRequest {
  readonly key?: readonly string[];
  readonly checkpoint?: string;
  readonly state?: string;
  readonly witness?: readonly string[];
  readonly deep?: boolean;
  readonly threads?: number;
  readonly head?: string;
  readonly json?: boolean;
}

/** `ledger verify --format python`. Exit status 0 valid, 1 invalid, 4 valid as far as can be told without a key. */
export async function verifyPython(
  file: string,
  input: AsyncIterable<Uint8Array> | null,
  request: PythonRequest,
  context: CommandContext,
): Promise<void> {
  assertFitting(request);
  const key = await pythonKeyText(request.key ?? [], context);
  const findings = await verifyPythonLedger(input ?? resolve(context.workingDirectory, file), {
    ...(key === null ? {} : { key }),
    ...(request.head === undefined ? {} : { head: parseHead(request.head) }),
  });
  const { stdout } = context;
  const report = { path: file, ...findings };
  if (request.json === true) stdout.write(jsonText({ headline: pythonHeadline(report), format: "python", ...report }));
  else stdout.write(pythonVerificationPage(report, outputWidth(stdout), outputStyle(stdout, context)));
  context.setExitCode(exitCodeOf(findings));
}

/** Flags that mean nothing for this format are refused, so that nobody takes them for honoured. */
function assertFitting({ checkpoint, state, witness, deep, threads }: PythonRequest): void {
  const unfit = [
    { flag: checkpoint, why: "A Python ledger has no signed checkpoints; give the end that you kept with --head." },
    {
      flag: state,
      why: "A Python ledger has no signed checkpoint that --state could remember; keep its head, and give it with --head.",
    },
    {
      flag: witness,
      why: "A Python ledger has no checkpoints that witnesses could have cosigned; leave --witness out.",
    },
    { flag: deep, why: "Every entry of a Python ledger is looked at in full already; leave --deep out." },
    { flag: threads, why: "A Python ledger is read by one thread; leave --threads out." },
  ].find(({ flag }) => flag !== undefined);
  if (unfit !== undefined) throw new CarbonOpsError("USAGE", unfit.why);
}

/** The key as text: hexadecimal digits, a verifier key, or a file that holds one. Null where none is named. */
export async function pythonKeyText(flags: readonly string[], context: CommandContext): Promise<string | null> {
  const [flag, ...others] = flags;
  if (flag === undefined) return null;
  if (others.length > 0) throw new CarbonOpsError("USAGE", "A Python ledger is signed by one key; give --key once.");
  if (isVerifierKeyText(flag) || /^(?:0x)?[0-9a-fA-F]{64}$/.test(flag)) return flag;
  try {
    return (await readSmallFile(resolve(context.workingDirectory, flag))).toString("utf8").trim();
  } catch (error) {
    throw new CarbonOpsError(
      "KEY_UNREADABLE",
      `--key ${flag} is neither 64 hexadecimal digits nor a file that can be read (${messageOf(error)}); give the public key.`,
      { cause: error },
    );
  }
}

function parseHead(text: string): PythonHead {
  const [, entries, entryHash] = /^([1-9][0-9]{0,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (entries === undefined || entryHash === undefined) {
    throw new CarbonOpsError(
      "USAGE",
      "--head must be as verify prints it: the number of entries, a colon, and 64 hexadecimal digits.",
    );
  }
  return { entries: Number(entries), entryHash };
}

function exitCodeOf({ valid, trust }: PythonVerification): number {
  if (!valid) return errorCatalogue.LEDGER_INVALID.exitCode;
  return trust === "none" ? errorCatalogue.LEDGER_UNSIGNED.exitCode : 0;
}
