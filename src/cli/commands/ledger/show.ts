import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { CarbonOpsError } from "../../../errors.ts";
import { noLedgerToRead } from "../../../ledger/ledger-files.ts";
import { genesisForReading } from "../../../ledger/read-genesis.ts";
import { recordOfLine } from "../../../ledger/read-lines.ts";
import { readSegmentLines, type SegmentLine } from "../../../ledger/read-segments.ts";
import { latestRecords, type RecordLocation } from "../../../record/latest.ts";
import { ledgerTable, recordPage } from "../../../report/terminal/ledger-lines.ts";
import type { CommandContext } from "../../context.ts";
import { lineHashOf, takeRestatement } from "../../ledger-estimates.ts";
import { outputStyle } from "../../output.ts";
import { addFilterOptions, type FilterOptions, hasFilter, isAskedFor } from "./record-filter.ts";
import { writeOutput } from "./write-output.ts";

interface ShowOptions extends FilterOptions {
  readonly json?: boolean;
  readonly limit?: number;
  readonly seq?: number;
  readonly segment?: number;
}

const defaultLimit = 20;

export function buildShow(context: CommandContext): Command {
  return addFilterOptions(
    new Command("show")
      .summary("list the records of a ledger")
      .description(
        "Lists the records of a ledger and its segments without verifying them: the last ones, or those that are asked for.",
      )
      .argument("<file>", "the ledger"),
  )
    .option("--segment <n>", "only records of this segment (the first one is 1)", wholeNumberFrom(1))
    .option(
      "--limit <n>",
      `show the last n records only (default: ${defaultLimit}; with --json all)`,
      wholeNumberFrom(1),
    )
    .option(
      "--seq <n>",
      "show this record in full, of the newest segment unless --segment is given",
      wholeNumberFrom(0),
    )
    .option("--json", "print the lines as they stand in the ledger")
    .addHelpText("after", "\nExample: carbon-ops ledger show carbon.ndjson --since 2026-01-01 --label team=ml")
    .action(async (file: string, options: ShowOptions) => {
      const path = resolve(context.workingDirectory, file);
      const newest = await newestSegment(path);
      const { segment, seq } = options;
      if (segment !== undefined && segment > newest) {
        throw new CarbonOpsError("INPUT_INVALID", `${file} has no segment ${segment}: its newest one is ${newest}.`);
      }
      if (seq !== undefined)
        await showOne({ file, path, newest }, { segment: segment ?? newest, seq }, options, context);
      else if (options.json === true) await showLines(path, options, context);
      else await showTable({ file, path, newest }, options, context);
    });
}

interface ShownLedger {
  /** As the user named it. */
  readonly file: string;
  readonly path: string;
  /** Its newest segment, from 1. */
  readonly newest: number;
}

async function newestSegment(path: string): Promise<number> {
  const genesis = await genesisForReading(path);
  if (typeof genesis === "string") throw noLedgerToRead(path, genesis);
  return genesis.segment;
}

/**
 * The lines of the records that are asked for; every line of the ledger is handed to `each` before. A damaged one is shown unless
 * something was asked for.
 */
async function* linesAskedFor(
  path: string,
  options: ShowOptions,
  each: (placed: SegmentLine) => void = () => undefined,
): AsyncGenerator<SegmentLine, void, undefined> {
  const isFiltered = hasFilter(options);
  for await (const placed of readSegmentLines(path)) {
    each(placed);
    if (options.segment !== undefined && placed.segment !== options.segment) continue;
    const record = isFiltered ? recordOfLine(placed.line) : null;
    if (!isFiltered || (record !== null && isAskedFor(record, options))) yield placed;
  }
}

async function showTable(
  { file, path, newest }: ShownLedger,
  options: ShowOptions,
  context: CommandContext,
): Promise<void> {
  const latest = latestRecords();
  const lines = linesAskedFor(path, options, (placed) => takeRestatement(latest, placed));
  const { last, total } = await lastOf(lines, options.limit ?? defaultLimit);
  const rows = last.map((placed) => {
    const record = recordOfLine(placed.line);
    const replacedBy = record === null ? null : latest.replacementOf(placed, record, () => lineHashOf(placed));
    return { segment: placed.segment, seq: placed.seq, record, replacedBy };
  });
  // A rotation may have come between the two looks.
  const segments = options.segment === undefined ? Math.max(newest, last.at(-1)?.segment ?? 1) : 1;
  context.stdout.write(ledgerTable(file, rows, { total, segments }, outputStyle(context.stdout, context)));
}

async function showLines(path: string, options: ShowOptions, context: CommandContext): Promise<void> {
  const lines = linesAskedFor(path, options);
  const shown = options.limit === undefined ? lines : (await lastOf(lines, options.limit)).last;
  for await (const { line } of shown) {
    if (!(await writeLine(context.stdout, line))) return;
  }
}

async function writeLine(stream: CommandContext["stdout"], line: Buffer): Promise<boolean> {
  return await writeOutput(stream, Buffer.concat([line, Buffer.from("\n")]));
}

async function showOne(
  { file, path, newest }: ShownLedger,
  { segment, seq }: RecordLocation,
  { json }: ShowOptions,
  context: CommandContext,
): Promise<void> {
  const where = newest === 1 ? file : `segment ${segment} of ${file}`;
  let last = -1;
  for await (const { line, seq: position } of linesAskedFor(path, { segment })) {
    last = position;
    if (position !== seq) continue;
    if (json === true) await writeLine(context.stdout, line);
    else context.stdout.write(recordPage({ segment, seq }, newest, damagedOr(where, seq, recordOfLine(line))));
    return;
  }
  throw new CarbonOpsError("INPUT_INVALID", `There is no record ${seq} in ${where}: its last one is ${last}.`);
}

function damagedOr<Value>(where: string, seq: number, record: Value | null): Value {
  if (record !== null) return record;
  throw new CarbonOpsError(
    "LEDGER_INVALID",
    `Line ${seq + 1} of ${where} is damaged; \`carbon-ops ledger verify\` tells more.`,
  );
}

async function lastOf(
  lines: AsyncIterable<SegmentLine>,
  limit: number,
): Promise<{ last: readonly SegmentLine[]; total: number }> {
  let last: SegmentLine[] = [];
  let total = 0;
  for await (const line of lines) {
    last.push(line);
    total += 1;
    // Cut now and then, not at every line: shifting an array of many lines each time would be slow.
    if (last.length >= limit * 2 + 1024) last = last.slice(-limit);
  }
  return { last: last.slice(-limit), total };
}

function wholeNumberFrom(smallest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= smallest && Number.isSafeInteger(value)) return value;
    throw new InvalidArgumentError(`It must be a whole number of at least ${smallest}.`);
  };
}
