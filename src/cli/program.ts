import { Command, CommanderError, type Help } from "commander";
import { CarbonOpsError, messageOf } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { commandEntries } from "./commands.ts";
import type { CommandContext } from "./context.ts";
import { terminalColumns } from "./output.ts";

/**
 * Runs the command line. Every failure ends here as one sentence on stderr and an exit status: a stack trace never reaches
 * the person who typed the command, unless CARBON_OPS_DEBUG is set.
 */
export async function runProgram(argv: readonly string[], context: CommandContext, version: string): Promise<void> {
  try {
    const program = await buildProgram(commandIn(argv), context, version);
    refuseHelpOfNothing(argv);
    if (argv.length > 0) {
      await program.parseAsync([...argv], { from: "user" });
      return;
    }
    program.outputHelp();
    context.setExitCode(2);
  } catch (error) {
    context.setExitCode(report(error, context));
  }
}

function refuseHelpOfNothing([first, second]: readonly string[]): void {
  const names = commandEntries.map(({ name }) => name);
  if (first !== "help" || second === undefined || names.includes(second)) return;
  const suggestion = nearest(second, names);
  const hint = suggestion === null ? `there are ${names.join(", ")}.` : `did you mean ${suggestion}?`;
  throw new CarbonOpsError("USAGE", `There is no command "${second}"; ${hint}`);
}

/** The command whose file is needed: the first word, or the second in `carbon-ops help COMMAND`. */
function commandIn(argv: readonly string[]): string | undefined {
  return argv[0] === "help" ? argv[1] : argv[0];
}

async function buildProgram(
  commandName: string | undefined,
  context: CommandContext,
  version: string,
): Promise<Command> {
  const program = new Command("carbon-ops")
    .description("Energy and carbon of commands and services on Linux, with how sure we are and a record to check.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .enablePositionalOptions()
    .addHelpText(
      "after",
      "\nExample: carbon-ops run --region GB -- python train.py\nHelp for a command: carbon-ops COMMAND --help",
    );
  program.hook("preAction", (_, action) => refuseSeparatorAsValue(action));
  for (const entry of commandEntries) {
    const wanted = entry.name === commandName;
    const command = wanted ? (await entry.load()).build(context) : new Command(entry.name);
    program.addCommand(command.summary(entry.summary));
  }
  prepare(program, context);
  return program;
}

/** `run --json -- true`: the flag's value was forgotten, and the separator must not become a file name. */
function refuseSeparatorAsValue(command: Command): void {
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!values.includes("--")) continue;
    throw new CarbonOpsError("USAGE", `${option.long ?? option.flags} needs a value; write one before the --.`);
  }
}

/** Errors are thrown instead of ending the process, and output goes to the streams of the context. */
function prepare(command: Command, context: CommandContext): void {
  command.exitOverride((error) => {
    error.message = withAdvice(error.message, command);
    throw error;
  });
  command.showSuggestionAfterError(true);
  command.configureHelp({ helpWidth: Math.min(terminalColumns(context.stdout, 100), 100), ...usageOnOneLine });
  command.configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: () => undefined,
  });
  for (const child of command.commands) prepare(child, context);
}

/** What to do, where commander does not say it itself. */
function withAdvice(message: string, command: Command): string {
  if (/[.?)]$/.test(message)) return message;
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `${message}; \`${names.join(" ")} --help\` shows what it takes.`;
}

const usageOnOneLine: Partial<Help> = {
  subcommandTerm: (command) => command.name(),
};

function report(error: unknown, context: CommandContext): number {
  if (error instanceof CommanderError) return reportUsage(error, context);
  if (error instanceof CarbonOpsError) {
    context.stderr.write(`carbon-ops: ${error.message}\n`);
    return error.exitCode;
  }
  const detail = context.environment["CARBON_OPS_DEBUG"] && error instanceof Error ? `\n${error.stack}` : "";
  context.stderr.write(
    `carbon-ops: a defect of carbon-ops stopped it (${messageOf(error)}); please report it, with CARBON_OPS_DEBUG=1 set.${detail}\n`,
  );
  return 70;
}

/** --help and --version arrive as errors with status 0; everything else of commander's is bad usage. */
function reportUsage(error: CommanderError, context: CommandContext): number {
  if (error.exitCode === 0) return 0;
  if (error.code === "commander.help") return 2;
  const sentence = error.message.replace(/^error: /, "").replace(/\n/g, " ");
  context.stderr.write(`carbon-ops: ${sentence}\n`);
  return 2;
}
