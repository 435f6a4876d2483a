import { randomInt } from "node:crypto";
import { Command } from "commander";
import type { ComparedEnergy } from "../../comparison/measured-run.ts";
import { parseFiniteNumber } from "../../config/number.ts";
import { CarbonOpsError } from "../../errors.ts";
import type { CommandContext } from "../context.ts";
import { estimatorFor } from "../estimator.ts";
import { outputTarget } from "../output-target.ts";
import { addSettingFlags, foundSettingsOf } from "../setting-flags.ts";
import { publishComparison } from "./compare/publish.ts";
import type { CompareRequest } from "./compare/request.ts";
import { runComparison } from "./compare/session.ts";

interface CompareFlags {
  readonly runs?: string;
  readonly detect?: string;
  readonly maxRuns: string;
  readonly warmup: string;
  readonly power: string;
  readonly energyOf: string;
  readonly allPairs?: boolean;
  readonly failIfWorse?: string;
  readonly seed?: string;
  readonly json?: string;
  readonly markdown?: string;
  readonly showOutput?: boolean;
  readonly quiet?: boolean;
}

const mostCommands = 8;
const usualRuns = 10;
const mostRuns = 10_000;
const seedLimit = 2 ** 32;

export function build(context: CommandContext): Command {
  const command = new Command("compare")
    .description(
      "Runs commands in turns, in random order, and says which uses less energy and carbon, by how much, and whether that may be chance.",
    )
    .argument(
      "[commands...]",
      "two to eight commands, each as one word for /bin/sh; the first is what the others are compared with",
    )
    .option("--runs <number>", `runs of each command (default: ${usualRuns})`)
    .option(
      "--detect <percent>",
      "do as many runs as show a difference of this size; says how many before it does them",
    )
    .option("--max-runs <number>", "do not start when --detect needs more runs of each than this", "200")
    .option("--warmup <number>", "runs of each that are thrown away first", "1")
    .option("--power <probability>", "probability of seeing a difference that --detect and the plan speak of", "0.9")
    .option("--energy-of <task|host>", "the command's share by CPU time, or all that the host takes meanwhile", "task")
    .option("--all-pairs", "compare every command with every other one, not only with the first")
    .option(
      "--fail-if-worse <percent>",
      "end with status 3 when a command is shown to take that much more than the first",
    )
    .option("--seed <number>", "of the random order (default: another one each time)")
    .option("--json <file|->", "write the result as JSON to a file, or with - to standard output")
    .option("--markdown <file|->", "write it as Markdown, for a CI summary")
    .option("--show-output", "show what the commands print, on standard error")
    .option("--quiet", "no progress on standard error")
    .addHelpText(
      "after",
      "\nIt ends with 3 when --fail-if-worse finds a command worse by the bound of its interval, 1 when a command fails, and" +
        "\n128 + n after signal n (Ctrl-C: 130), then with what is known so far; a second one kills a command that goes on." +
        "\n\nExample: carbon-ops compare --detect 5% 'node old.mjs' 'node new.mjs'",
    );
  addSettingFlags(command, [
    "region",
    "pue",
    "wallFactor",
    "energySource",
    "msrRoot",
    "governorSocket",
    "cpuTdpWatts",
    "idleBaselineWatts",
    "level",
    "sampleIntervalSeconds",
  ]);
  return command.action(async (commands: readonly string[], flags: CompareFlags) => {
    const request = requestOf(commands, flags);
    const found = await foundSettingsOf(command, context);
    const estimator = estimatorFor(found, context);
    const json = flags.json === undefined ? null : outputTarget("--json", flags.json, context);
    const markdown = flags.markdown === undefined ? null : outputTarget("--markdown", flags.markdown, context);
    if (json !== null && json.path === markdown?.path) {
      throw new CarbonOpsError("USAGE", "--json and --markdown have the same destination; give each its own.");
    }
    const end = await runComparison({ request, settings: found.settings, estimator, context });
    await publishComparison({ end, json, markdown, context });
  });
}

function requestOf(commands: readonly string[], flags: CompareFlags): CompareRequest {
  if (commands.length < 2 || commands.length > mostCommands) {
    throw new CarbonOpsError(
      "USAGE",
      `There ${commands.length === 1 ? "is 1 command" : `are ${commands.length} commands`}, but 2 to ${mostCommands} can be compared; quote each of them, as in: carbon-ops compare 'node a.mjs' 'node b.mjs'`,
    );
  }
  if (commands.some((text) => text.trim() === "")) {
    throw new CarbonOpsError("USAGE", "A command is empty; write what is to be run.");
  }
  if (flags.runs !== undefined && flags.detect !== undefined) {
    throw new CarbonOpsError("USAGE", "--detect decides the number of runs, so --runs cannot be given beside it.");
  }
  return {
    commands,
    runs: flags.runs === undefined ? usualRuns : wholeIn("--runs", flags.runs, 2, mostRuns),
    detect: flags.detect === undefined ? null : ratioOf("--detect", flags.detect, 0.0001),
    maxRuns: wholeIn("--max-runs", flags.maxRuns, 2, 1_000_000),
    warmup: wholeIn("--warmup", flags.warmup, 0, 1000),
    power: powerOf(flags.power),
    compared: comparedOf(flags.energyOf),
    isAllPairs: flags.allPairs === true,
    failIfWorse: flags.failIfWorse === undefined ? null : ratioOf("--fail-if-worse", flags.failIfWorse, 0),
    seed: flags.seed === undefined ? randomInt(seedLimit) : wholeIn("--seed", flags.seed, 0, seedLimit - 1),
    showOutput: flags.showOutput === true,
    isQuiet: flags.quiet === true,
  };
}

function wholeIn(flag: string, text: string, least: number, most: number): number {
  const value = parseFiniteNumber(text);
  if (value !== null && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new CarbonOpsError("USAGE", `${flag} is "${text}", but must be a whole number from ${least} to ${most}.`);
}

/** "5%", "5 %" and "5" are all 0.05. */
function ratioOf(flag: string, text: string, least: number): number {
  const ratio = (parseFiniteNumber(text.replace(/\s*%\s*$/, "")) ?? Number.NaN) / 100;
  if (ratio >= least && ratio <= 10) return ratio;
  throw new CarbonOpsError(
    "USAGE",
    `${flag} is "${text}", but must be a percentage from ${least * 100}% to 1000%, such as 5%.`,
  );
}

function powerOf(text: string): number {
  const power = parseFiniteNumber(text);
  if (power !== null && power >= 0.5 && power <= 0.999) return power;
  throw new CarbonOpsError("USAGE", `--power is "${text}", but must be a probability from 0.5 to 0.999, such as 0.9.`);
}

function comparedOf(text: string): ComparedEnergy {
  if (text === "task" || text === "host") return text;
  throw new CarbonOpsError("USAGE", `--energy-of is "${text}", but must be task or host.`);
}
