import { basename, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { CarbonOpsError, errorCatalogue } from "../../errors.ts";
import { ledgerPaths } from "../../ledger/ledger-files.ts";
import { reportHtml } from "../../report/html/page.ts";
import type { VerificationReport } from "../../report/ledger-findings.ts";
import type { LedgerReport } from "../../report/ledger-report.ts";
import { reportPage } from "../../report/terminal/report.ts";
import { explanation, verdict } from "../../report/verification-words.ts";
import { toSnakeCase } from "../../snake-case.ts";
import type { CommandContext } from "../context.ts";
import { outputStyle, outputWidth } from "../output.ts";
import { type OutputTarget, outputTarget } from "../output-target.ts";
import { addSubjectOptions, type FilterOptions } from "./ledger/record-filter.ts";
import { collect, verifiedAsAsked } from "./ledger/verify.ts";
import { verifyProgress } from "./ledger/verify-progress.ts";
import { digestOf } from "./report/digest.ts";
import { type VerifiedLine, verifiedLines } from "./report/verified-lines.ts";

interface ReportOptions extends FilterOptions {
  readonly output?: string;
  readonly title?: string;
  readonly key?: readonly string[];
  readonly checkpoint?: string;
  readonly state?: string;
  readonly top: number;
  readonly json?: boolean;
}

export function build(context: CommandContext): Command {
  return addSubjectOptions(
    new Command("report")
      .description(
        "Verifies a ledger and shows what its estimates say: totals with their intervals, energy and grams over time, by task, label, " +
          "region and host, what dominates the uncertainty, and how it was computed. Only lines that hold are counted.",
      )
      .argument("<ledger>", "the ledger; gzip is undone")
      .option("-o, --output <file>", "write one self-contained HTML file, or - for standard output")
      .option("--title <text>", "title of the report"),
  )
    .option("--key <key>", "trusted public key: its text, a .pub file or a private key file; may be repeated", collect)
    .option("--checkpoint <file>", "signed checkpoint that you kept: the ledger must still begin with those lines")
    .option("--state <file>", "remember the newest checkpoint that holds; refuses a ledger that went back or aside")
    .option("--top <n>", "rows that a table has, the largest first; the others are one row", parseTop, 10)
    .option("--json", "print the report as JSON")
    .addHelpText("after", helpText)
    .action(async (file: string, options: ReportOptions) => {
      const target = targetOf(file, options, context);
      const { report, stateProblem } = await reportOf(file, options, context);
      await target?.write(reportHtml(report));
      const { stdout } = context;
      if (options.json === true) stdout.write(reportJson(report));
      else if (target === null) stdout.write(reportPage(report, outputWidth(stdout), outputStyle(stdout, context)));
      if (target !== null) sayVerdict(report, context);
      if (stateProblem !== null) throw stateProblem;
      if (!isSound(report)) context.setExitCode(errorCatalogue.LEDGER_INVALID.exitCode);
    });
}

/** Without the components of every group, of which there may be thousands each: `ledger stats --json` has them. */
function reportJson(report: LedgerReport): string {
  const without = (name: string, value: unknown): unknown => (name === "components" ? undefined : value);
  return `${JSON.stringify(toSnakeCase(report), without, 2)}\n`;
}

const helpText = `
Exit status: 0 the report was made; 1 the ledger or a record in it is not valid, which the report says too, or the file
could not be written; 2 the ledger cannot be read. That a key vouches for the author is what \`ledger verify\` exits by.

Examples: carbon-ops report carbon.ndjson
          carbon-ops report carbon.ndjson -o report.html --since 2026-01-01 --label team=web --key ledger.key.pub`;

function targetOf(file: string, { output, json }: ReportOptions, context: CommandContext): OutputTarget | null {
  if (file === "-") {
    throw new CarbonOpsError(
      "USAGE",
      "A report reads its ledger three times, so standard input will not do; name a file.",
    );
  }
  if (output === undefined) return null;
  if (output === "-" && json === true) {
    throw new CarbonOpsError("USAGE", "--json and -o - both want standard output; name a file with -o.");
  }
  const target = outputTarget("-o", output, context);
  const ledger = resolve(context.workingDirectory, file);
  const ownFiles: readonly (string | null)[] = [ledger, ...Object.values(ledgerPaths(ledger))];
  if (target.path !== null && ownFiles.includes(target.path)) {
    throw new CarbonOpsError(
      "OUTPUT_FAILED",
      `-o ${output} cannot be written (it is a file of the ledger itself); name another file.`,
    );
  }
  return target;
}

async function reportOf(
  file: string,
  options: ReportOptions,
  context: CommandContext,
): Promise<{ readonly report: LedgerReport; readonly stateProblem: CarbonOpsError | null }> {
  const path = resolve(context.workingDirectory, file);
  const { key, checkpoint, state } = options;
  const { report: verification, stateProblem } = await verifiedAsAsked(
    file,
    {
      ...(key === undefined ? {} : { key }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(state === undefined ? {} : { state }),
    },
    context,
  );
  if (verification.isPythonLedger) throw pythonLedger(file);
  const progress = verifyProgress(context);
  const seen = { bytes: 0, lines: 0 };
  const watched = async function* (): AsyncGenerator<VerifiedLine, void, undefined> {
    for await (const each of verifiedLines(path, verification)) {
      seen.bytes += each.line.length + 1;
      seen.lines += 1;
      // Two passes; half of the lines that are seen are so for the first time.
      if (seen.lines % 256 === 0) {
        progress.show({
          bytes: seen.bytes,
          lines: Math.ceil(seen.lines / 2),
          totalBytes: 2 * verification.hashedBytes,
        });
      }
      yield each;
    }
  };
  const digest = await digestOf(watched, options, options.top).finally(progress.clear);
  const report = {
    title: options.title ?? `Energy and carbon of ${basename(file)}`,
    path: file,
    madeAt: new Date(context.clock.wallMs()).toISOString(),
    filters: filterTexts(options),
    verification,
    ...digest,
  };
  return { report, stateProblem };
}

/** Its figures have no uncertainty, so that there is nothing to report; saying that its first line is damaged would be wrong. */
function pythonLedger(file: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `${file} is a ledger of the Python original, whose figures have no uncertainty and are in no total; \`carbon-ops ledger verify --format python ${file}\` checks it.`,
  );
}

function filterTexts({ since, until, region, label = [] }: FilterOptions): readonly string[] {
  return [
    ...(since === undefined ? [] : [`from ${new Date(since).toISOString()} on`]),
    ...(until === undefined ? [] : [`before ${new Date(until).toISOString()}`]),
    ...(region === undefined ? [] : [`region ${region}`]),
    ...label.map(([name, value]) => `label ${name}=${value}`),
  ];
}

/** The page went to a file: what must not be missed is said here too. */
function sayVerdict({ verification, leftOut }: LedgerReport, { stderr }: CommandContext): void {
  const { unusableCount } = leftOut;
  if (!verification.valid || verification.unsignedLines > 0) {
    stderr.write(`carbon-ops: ${verdict(verification)}: ${verification.path}. ${explanation(verification)}\n`);
  }
  if (unusableCount > 0) {
    stderr.write(
      `carbon-ops: Estimates that are in no figure, for not being what a record can be: ${unusableCount}; the report names the first.\n`,
    );
  }
}

function isSound({
  verification,
  leftOut,
}: {
  verification: VerificationReport;
  leftOut: LedgerReport["leftOut"];
}): boolean {
  return verification.valid && leftOut.unusableCount === 0;
}

function parseTop(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number from 1 to 999.");
}
