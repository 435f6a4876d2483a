import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { CarbonOpsError } from "../../../errors.ts";
import { readLines, recordOfLine } from "../../../ledger/read-lines.ts";
import { latestRecords } from "../../../record/latest.ts";
import { ledgerTable, recordPage } from "../../../report/terminal/ledger-lines.ts";
import type { CommandContext } from "../../context.ts";
import { restatementOfLine } from "../../ledger-estimates.ts";
import { outputStyle } from "../../output.ts";
import { addFilterOptions, type FilterOptions, hasFilter, isAskedFor } from "./record-filter.ts";
import { writeOutput } from "./write-output.ts";

interface ShowOptions extends FilterOptions {
  readonly json?: boolean;
  readonly limit?: number;
  readonly seq?: number;
}

const defaultLimit = 20;

export function buildShow(context: CommandContext): Command {
  return addFilterOptions(
    new Command("show")
      .summary("list the records of a ledger")
      .description("Lists the records of a ledger without verifying them: the last ones, or those that are asked for.")
      .argument("<file>", "the ledger"),
  )
    .option(
      "--limit <n>",
      `show the last n records only (default: ${defaultLimit}; with --json all)`,
      wholeNumberFrom(1),
    )
    .option("--seq <n>", "show this record in full", wholeNumberFrom(0))
    .option("--json", "print the lines as they stand in the ledger")
    .addHelpText("after", "\nExample: carbon-ops ledger show carbon.ndjson --since 2026-01-01 --label team=ml")
    .action(async (file: string, options: ShowOptions) => {
      const path = resolve(context.workingDirectory, file);
      if (options.seq !== undefined) await showOne(file, path, options.seq, options, context);
      else if (options.json === true) await showLines(path, options, context);
      else await showTable(file, path, options, context);
    });
}

interface SeqLine {
  readonly seq: number;
  readonly line: Buffer;
}

/** The lines of the records that are asked for; every line is handed to `each` before. A damaged one is shown unless something was asked for. */
async function* linesAskedFor(
  path: string,
  filter: FilterOptions,
  each: (line: Buffer, seq: number) => void = () => undefined,
): AsyncGenerator<SeqLine, void, undefined> {
  const isFiltered = hasFilter(filter);
  let seq = 0;
  for await (const line of readLines(path)) {
    each(line, seq);
    const record = isFiltered ? recordOfLine(line) : null;
    if (!isFiltered || (record !== null && isAskedFor(record, filter))) yield { seq, line };
    seq += 1;
  }
}

async function showTable(file: string, path: string, options: ShowOptions, context: CommandContext): Promise<void> {
  const latest = latestRecords();
  const lines = linesAskedFor(path, options, (line, seq) => {
    const restatement = restatementOfLine(line);
    if (restatement !== null) latest.take(seq, restatement);
  });
  const { last, total } = await lastOf(lines, options.limit ?? defaultLimit);
  const rows = last.map(({ seq, line }) => ({
    seq,
    record: recordOfLine(line),
    replacedBy: latest.replacementOf(seq),
  }));
  context.stdout.write(ledgerTable(file, rows, total, outputStyle(context.stdout, context)));
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
  file: string,
  path: string,
  seq: number,
  { json }: ShowOptions,
  context: CommandContext,
): Promise<void> {
  let position = 0;
  for await (const line of readLines(path)) {
    if (position === seq) {
      if (json === true) await writeLine(context.stdout, line);
      else context.stdout.write(recordPage(seq, damagedOr(file, seq, recordOfLine(line))));
      return;
    }
    position += 1;
  }
  throw new CarbonOpsError("INPUT_INVALID", `${file} has no record ${seq}: its last one is ${position - 1}.`);
}

function damagedOr<Value>(file: string, seq: number, record: Value | null): Value {
  if (record !== null) return record;
  throw new CarbonOpsError(
    "LEDGER_INVALID",
    `Line ${seq + 1} of ${file} is damaged; \`carbon-ops ledger verify ${file}\` tells more.`,
  );
}

async function lastOf(
  lines: AsyncIterable<SeqLine>,
  limit: number,
): Promise<{ last: readonly SeqLine[]; total: number }> {
  let last: SeqLine[] = [];
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
