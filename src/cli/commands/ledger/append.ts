import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { isoFromWallMs } from "../../../clock.ts";
import { CarbonOpsError, messageOf, systemErrorCode } from "../../../errors.ts";
import { readGenesis } from "../../../ledger/appendable.ts";
import { type AppendedLine, type JsonObject, Ledger, signRecord } from "../../../ledger/index.ts";
import { buildNoteRecord } from "../../../record/note-record.ts";
import { parseRecord } from "../../../record/parse-record.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle } from "../../output.ts";
import { ownSigner } from "./key-choice.ts";
import { parseRecordText } from "./record-text.ts";

interface AppendOptions {
  readonly note?: string;
  readonly key?: string;
  readonly recordKey?: string;
  readonly id?: string;
  readonly json?: boolean;
}

export function buildAppend(context: CommandContext): Command {
  return new Command("append")
    .summary("append one record")
    .description(
      "Appends one record: a JSON object of a kind that has a schema (see schema/), or a note. It is on the disk and signed " +
        "when this returns.",
    )
    .argument("<file>", "the ledger")
    .argument("[record]", "file with the record; - or nothing for standard input", "-")
    .option("--note <text>", "append a note with this text, instead of a record")
    .option("--key <file>", "private key that signs the ledger (default: your own key)")
    .option("--record-key <file>", "private key that signs the record itself, so that it can stand alone")
    .option("--id <id>", "name this append: one that is repeated with its id is no second record, and says so")
    .option("--json", "print place and hash of the line as JSON")
    .addHelpText(
      "after",
      '\nExamples:\n  carbon-ops ledger append carbon.ndjson --note "moved to the new server"\n  carbon-ops ledger append carbon.ndjson record.json',
    )
    .action(async (file: string, source: string, options: AppendOptions) => {
      const path = resolve(context.workingDirectory, file);
      const { segment: newest } = await readGenesis(path);
      const signer = await ownSigner(options.key, context);
      const record = await recordOf(source, options, context);
      await using ledger = await Ledger.open(path, { signer, clock: context.clock });
      const appended = await ledger.append(await signedRecord(record, options, context), idOf(options));
      const text =
        options.json === true ? jsonText({ path: file, ...appended }) : appendedText(file, newest, appended, context);
      if (!(await isWritten(context.stdout, text))) context.stderr.write(storedAllTheSame(file, newest, appended));
    });
}

function idOf({ id }: AppendOptions): { readonly id?: string } {
  return id === undefined ? {} : { id };
}

async function signedRecord(record: JsonObject, { recordKey }: AppendOptions, context: CommandContext) {
  return recordKey === undefined ? record : await signRecord(record, await ownSigner(recordKey, context));
}

async function recordOf(source: string, { note }: AppendOptions, context: CommandContext): Promise<JsonObject> {
  if (note !== undefined) {
    if (source !== "-")
      throw new CarbonOpsError("USAGE", "--note and a file of a record exclude each other; give one.");
    return buildNoteRecord(note, isoFromWallMs(context.clock.wallMs()));
  }
  const record = parseRecordText(await readSource(source, context));
  parseRecord(record);
  return record;
}

/** A ledger that was never rotated has one segment, which needs no name. */
function placeOf(newest: number, { segment, seq }: AppendedLine): string {
  return segment === 1 && newest === 1 ? `record ${seq}` : `record ${seq} of segment ${segment}`;
}

function appendedText(file: string, newest: number, appended: AppendedLine, context: CommandContext): string {
  const style = outputStyle(context.stdout, context);
  const where = placeOf(newest, appended);
  const words = appended.isRepeated
    ? `${style.good("Already there")}: ${where} of ${style.strong(file)} has this id, so nothing was appended`
    : `${style.good("Appended")} ${where} to ${style.strong(file)}, signed`;
  return `${words}\n  ${style.faint("line hash")}  ${appended.lineHash}\n`;
}

/** Standard output that takes nothing ends the program with an error, but the record is there: a second one would count twice. */
function storedAllTheSame(file: string, newest: number, appended: AppendedLine): string {
  const what = appended.isRepeated ? "Already there" : "Appended and signed all the same";
  return `carbon-ops: ${what}: ${placeOf(newest, appended)} of ${file}; do not append it again.\n`;
}

/** Whether the text was taken. A reader that went away wants no answer. */
async function isWritten(stream: CommandContext["stdout"], text: string): Promise<boolean> {
  const error = await new Promise<unknown>((done) => {
    stream.write(text, done);
  });
  return !(error instanceof Error) || systemErrorCode(error) === "EPIPE";
}

/** More than a line of a ledger can hold, even with generous white space. */
const maximumSourceBytes = 1 << 20;

async function readSource(source: string, context: CommandContext): Promise<Buffer> {
  if (source === "-") {
    if (context.stdin.isTTY === true) context.stderr.write("Reading a record from the terminal; Ctrl-D ends it.\n");
    return await collect("standard input", context.stdin);
  }
  return await collect(source, createReadStream(resolve(context.workingDirectory, source)));
}

async function collect(name: string, stream: AsyncIterable<string | Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const buffer = Buffer.from(chunk);
      bytes += buffer.length;
      if (bytes > maximumSourceBytes) break;
      chunks.push(buffer);
    }
  } catch (error) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `${name} cannot be read (${messageOf(error)}); name a file with a record.`,
      {
        cause: error,
      },
    );
  }
  if (bytes > maximumSourceBytes) {
    throw new CarbonOpsError("RECORD_INVALID", `${name} is too long for one record; split it.`);
  }
  return Buffer.concat(chunks);
}
