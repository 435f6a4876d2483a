import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import { Command } from "commander";
import { isoFromWallMs } from "../../../clock.ts";
import { CarbonOpsError } from "../../../errors.ts";
import { assertPathWritable, Ledger, loadOrCreateSigningKey } from "../../../ledger/index.ts";
import { type PythonVerification, verifyPythonLedger } from "../../../ledger/python/verify-python.ts";
import { recordOfLine } from "../../../ledger/read-lines.ts";
import { readSegmentLines } from "../../../ledger/read-segments.ts";
import type { ImportedEntryRecord } from "../../../record/imported-entry-record.ts";
import type { CommandContext } from "../../context.ts";
import { jsonText, outputStyle } from "../../output.ts";
import { type ImportSource, importedEntries, isVerified } from "./imported-entries.ts";
import { keyPlaceFor } from "./key-choice.ts";
import { pythonKeyText } from "./python-format.ts";

interface ImportOptions {
  readonly sourceKey?: string;
  readonly unverified?: boolean;
  readonly key?: string;
  readonly json?: boolean;
}

/** Lines that are appended together, and share one sync. */
const batchLines = 256;

export function buildImport(context: CommandContext): Command {
  return new Command("import")
    .summary("carry a ledger of the Python original into ours")
    .description(
      "Verifies a ledger of the Python original and appends each of its lines, as it stands there and with its hash, to a " +
        "ledger of ours, which is created where there is none. Lines that were imported before are left out.",
    )
    .argument("<old>", "the ledger of the Python original")
    .argument("<new>", "the ledger that takes its lines")
    .option(
      "--source-key <key>",
      "public key that signs the old ledger: 64 hexadecimal digits, or a file that holds them",
    )
    .option(
      "--unverified",
      "import even when the old ledger is not valid, or no key shows who signed it; the records say so",
    )
    .option("--key <file>", "private key that signs the new ledger (default: your own key)")
    .option("--json", "print what was imported as JSON")
    .addHelpText("after", "\nExample: carbon-ops ledger import old.jsonl carbon.ndjson --source-key 8d40…7145")
    .action(async (oldFile: string, newFile: string, options: ImportOptions) => {
      const [source, target] = [oldFile, newFile].map((file) => resolve(context.workingDirectory, file));
      if (source === undefined || target === undefined) return;
      const key = await pythonKeyText(options.sourceKey === undefined ? [] : [options.sourceKey], context);
      const findings = await verifyPythonLedger(source, key === null ? {} : { key });
      if (options.unverified !== true) assertVerified(oldFile, findings);
      await assertPathWritable(target);
      const known = await importedLines(target);
      const place = await keyPlaceFor(options.key, context);
      const { signer } = await loadOrCreateSigningKey(place.path, place.options);
      const importedAt = isoFromWallMs(context.clock.wallMs());
      await using ledger = await Ledger.openOrCreate(target, { signer, clock: context.clock });
      const counts = await importLines({ name: oldFile, path: source, findings }, ledger, known, importedAt);
      const report = { source: oldFile, path: newFile, ...counts, verified: isVerified(findings) };
      context.stdout.write(options.json === true ? jsonText(report) : importedText(report, context));
    });
}

function assertVerified(file: string, { valid, trust, firstBadLine }: PythonVerification): void {
  if (!valid) {
    throw new CarbonOpsError(
      "LEDGER_INVALID",
      `Line ${firstBadLine?.line ?? 1} of ${file} is not as it was written (${firstBadLine?.reason ?? ""}), so nothing was imported; --unverified imports it all the same.`,
    );
  }
  if (trust === "none") {
    throw new CarbonOpsError(
      "LEDGER_UNSIGNED",
      `No key shows who signed ${file}, so nothing was imported; name it with --source-key, or import with --unverified.`,
    );
  }
}

/** SHA-256 of each line that a ledger has imported, by source and place. */
type KnownLines = ReadonlyMap<string, string>;

function placeOf(sourceId: string, line: number): string {
  return `${sourceId}:${line}`;
}

const importedMark = Buffer.from('"kind":"imported_entry"');

async function importedLines(path: string): Promise<KnownLines> {
  const known = new Map<string, string>();
  if (!(await exists(path))) return known;
  for await (const { line } of readSegmentLines(path)) {
    const record = line.includes(importedMark) ? recordOfLine(line) : null;
    if (record === null) continue;
    const { source_id: sourceId, line: place, original_line_sha256: sha256 } = record;
    if (typeof sourceId === "string" && typeof place === "number" && typeof sha256 === "string") {
      known.set(placeOf(sourceId, place), sha256);
    }
  }
  return known;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

interface ImportCounts {
  readonly imported: number;
  readonly alreadyThere: number;
}

async function importLines(
  source: ImportSource,
  ledger: Ledger,
  known: KnownLines,
  importedAt: string,
): Promise<ImportCounts> {
  let [imported, alreadyThere] = [0, 0];
  let batch: ImportedEntryRecord[] = [];
  const flush = async (): Promise<void> => {
    await Promise.all(batch.map((record) => ledger.append(record)));
    imported += batch.length;
    batch = [];
  };
  for await (const record of importedEntries(source, importedAt)) {
    const sha256 = known.get(placeOf(record.source_id, record.line));
    if (sha256 === undefined) batch.push(record);
    else if (sha256 === record.original_line_sha256) alreadyThere += 1;
    else throw otherLine(source.name, record.line);
    if (batch.length >= batchLines) await flush();
  }
  await flush();
  return { imported, alreadyThere };
}

function otherLine(name: string, line: number): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `Line ${line} of ${name} is another one than was imported before, so one of the two was changed; compare them before you go on.`,
  );
}

interface ImportReport extends ImportCounts {
  readonly source: string;
  readonly path: string;
  readonly verified: boolean;
}

function importedText(
  { source, path, imported, alreadyThere, verified }: ImportReport,
  context: CommandContext,
): string {
  const style = outputStyle(context.stdout, context);
  const how = verified ? "" : style.caution(", which was not verified: the records say so");
  const rest = alreadyThere === 0 ? "" : `; ${alreadyThere} were there already`;
  return `${style.good("Imported")} ${imported} ${imported === 1 ? "entry" : "entries"} of ${source} into ${style.strong(path)}${how}${rest}\n`;
}
