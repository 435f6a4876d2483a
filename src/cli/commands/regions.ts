import { Command } from "commander";
import { CarbonOpsError } from "../../errors.ts";
import { findRegions } from "../../intensity/region-search.ts";
import { nearest } from "../../nearest.ts";
import { regionTable } from "../../report/terminal/regions.ts";
import type { CommandContext } from "../context.ts";
import { jsonText, outputStyle } from "../output.ts";

export function build(context: CommandContext): Command {
  return new Command("regions")
    .description(
      "Shows the regions that --region takes: countries, grid zones and cloud regions, with the value, year and source of each.",
    )
    .argument("[words...]", "show only regions whose code or name holds all of these words")
    .option("--json", "print the regions as JSON")
    .addHelpText("after", "\nExamples:\n  carbon-ops regions germany\n  carbon-ops regions aws:eu-west-1")
    .action((words: readonly string[], options: { readonly json?: boolean }) => {
      const query = words.join(" ");
      const matches = findRegions(query);
      if (matches.length === 0) throw unknownRegion(query);
      context.stdout.write(
        options.json === true ? jsonText(matches) : regionTable(matches, outputStyle(context.stdout, context)),
      );
    });
}

function unknownRegion(query: string): CarbonOpsError {
  const all = findRegions();
  const suggestion = nearest(query, [...all.map(({ region }) => region), ...all.map(({ name }) => name)]);
  const hint = suggestion === null ? "`carbon-ops regions` lists all" : `did you mean ${suggestion}?`;
  return new CarbonOpsError("REGION_UNKNOWN", `No region matches "${query}"; ${hint}`);
}
