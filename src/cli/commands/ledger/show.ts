import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { CarbonOpsError } from "../../../errors.ts";
import { readLines, recordOfLine } from "../../../ledger/read-lines.ts";
import { latestRecords } from "../../../record/latest.ts";
import { ledgerTable, recordPage } from "../../../report/terminal/ledger-lines.ts";
import type { CommandContext } from "../../context.ts";
import { restatementOfLine } from "../../ledger-estimates.ts";
import { outputStyle } from "../../output.ts";

interface ShowOptions {
  readonly json?: boolean;
  readonly limit?: number;
  readonly seq?: number;
}

const defaultLimit = 20;

export function buildShow(context: CommandContext): Command {
  return new Command("show")
    .summary("list the records of a ledger")
    .description("Lists the records of a ledger without verifying them.")
    .argument("<file>", "the ledger")
    .option(
      "--limit <n>",
      `show the last n records only (default: ${defaultLimit}; with --json all)`,
      wholeNumberFrom(1),
    )
    .option("--seq <n>", "show this record in full", wholeNumberFrom(0))
    .option("--json", "print the lines as they stand in the ledger")
    .addHelpText("after", "\nExample: carbon-ops ledger show carbon.ndjson --limit 5")
    .action(async (file: string, options: ShowOptions) => {
      const path = resolve(context.workingDirectory, file);
      if (options.seq !== undefined) await showOne(file, path, options.seq, options, context);
      else if (options.json === true) await showLines(path, options.limit, context);
      else await showTable(file, path, options.limit ?? defaultLimit, context);
    });
}

async function showTable(file: string, path: string, limit: number, context: CommandContext): Promise<void> {
  const latest = latestRecords();
  const { last, total } = await lastLines(path, limit, (line, seq) => {
    const restatement = restatementOfLine(line);
    if (restatement !== null) latest.take(seq, restatement);
  });
  const rows = last.map((line, index) => {
    const seq = total - last.length + index;
    return { seq, record: recordOfLine(line), replacedBy: latest.replacementOf(seq) };
  });
  context.stdout.write(ledgerTable(file, rows, total, outputStyle(context.stdout, context)));
}

async function showLines(path: string, limit: number | undefined, context: CommandContext): Promise<void> {
  const lines = limit === undefined ? readLines(path) : (await lastLines(path, limit)).last;
  for await (const line of lines) {
    if (!(await writeLine(context.stdout, line))) return;
  }
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

async function lastLines(
  path: string,
  limit: number,
  each: (line: Buffer, seq: number) => void = () => undefined,
): Promise<{ last: readonly Buffer[]; total: number }> {
  let last: Buffer[] = [];
  let total = 0;
  for await (const line of readLines(path)) {
    each(line, total);
    last.push(line);
    total += 1;
    // Cut now and then, not at every line: shifting an array of many lines each time would be slow.
    if (last.length >= limit * 2 + 1024) last = last.slice(-limit);
  }
  return { last: last.slice(-limit), total };
}

/** Waits while the reader is slow; false when it went away. */
async function writeLine(stream: CommandContext["stdout"], line: Buffer): Promise<boolean> {
  if (!stream.writable) return false;
  if (stream.write(Buffer.concat([line, Buffer.from("\n")]))) return true;
  return await new Promise<boolean>((done) => {
    const settle = (result: boolean) => (): void => {
      for (const [event, listener] of listeners) stream.removeListener(event, listener);
      done(result);
    };
    const listeners: readonly (readonly [string, () => void])[] = [
      ["drain", settle(true)],
      ["close", settle(false)],
      ["error", settle(false)],
    ];
    for (const [event, listener] of listeners) stream.once(event, listener);
  });
}

function wholeNumberFrom(smallest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= smallest && Number.isSafeInteger(value)) return value;
    throw new InvalidArgumentError(`It must be a whole number of at least ${smallest}.`);
  };
}
