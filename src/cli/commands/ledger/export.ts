import { resolve } from "node:path";
import { Command } from "commander";
import { CarbonOpsError } from "../../../errors.ts";
import { readSegments } from "../../../ledger/read-segments.ts";
import { csvHeader, csvRow } from "../../../report/ledger-csv.ts";
import type { CommandContext } from "../../context.ts";
import { addFilterOptions, type FilterOptions, isAskedFor } from "./record-filter.ts";
import { writeOutput } from "./write-output.ts";

interface ExportOptions extends FilterOptions {
  readonly csv?: boolean;
}

export function buildExport(context: CommandContext): Command {
  return addFilterOptions(
    new Command("export")
      .summary("write the estimates as a table for other programs")
      .description(
        "Writes one row for each estimate and each restatement of a ledger and its segments, without verifying them: CSV " +
          "(RFC 4180), safe to open in a spreadsheet. docs/ledger.md describes the columns.",
      )
      .argument("<file>", "the ledger")
      .option("--csv", "as comma-separated values, which is the only form"),
  )
    .addHelpText("after", "\nExample: carbon-ops ledger export carbon.ndjson --csv > carbon.csv")
    .action(async (file: string, options: ExportOptions) => {
      const path = resolve(context.workingDirectory, file);
      let isBegun = false;
      for await (const { segment, seq, line, record } of readSegments(path)) {
        if (record === null) throw damaged(file, segment, seq);
        if (!isBegun && !(await writeOutput(context.stdout, csvHeader))) return;
        isBegun = true;
        const row = isAskedFor(record, options) ? csvRow({ segment, seq, line, record }) : null;
        if (row !== null && !(await writeOutput(context.stdout, row))) return;
      }
    });
}

/** A table that leaves a record out without a word would be a wrong one. */
function damaged(file: string, segment: number, seq: number): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `Line ${seq + 1} of segment ${segment} of ${file} is damaged; \`carbon-ops ledger verify ${file}\` tells more.`,
  );
}
