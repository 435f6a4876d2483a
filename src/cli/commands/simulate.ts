import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { CarbonOpsError, messageOf } from "../../errors.ts";
import { type CpuVendor, parseCpuIdentity } from "../../host/cpu-identity.ts";
import { readOptionalKernelFile } from "../../host/optional-kernel-file.ts";
import { type Fault, parseFault } from "../../simulate/fault.ts";
import { type HostShape, partNames, quirkNames } from "../../simulate/host.ts";
import { constantPower, noisyPower, type PowerProfile, recordedPower, steppedPower } from "../../simulate/profile.ts";
import { type SimulationRequest, startSimulation } from "../../simulate/simulation.ts";
import { toSnakeCase } from "../../snake-case.ts";
import type { CommandContext } from "../context.ts";
import { jsonText } from "../output.ts";

const example = `
Example:
  carbon-ops simulate powercap --dir /tmp/host --watts 80 --with dram,core --duration 60
  CARBON_OPS_SYS_ROOT=/tmp/host/sys carbon-ops run -- sleep 5        (in another shell)

The truth is printed as JSON when it ends, and on one line whenever it gets SIGUSR1.
Faults: KIND@FROM[+SECONDS][=ZONE], as in --fault eio@3+2=intel-rapl:0 or --fault reset@5.
Kinds: eio, einval, enoent, eacces, text, stuck, vanish, reset. Times are those of the simulated host.`;

export function build(context: CommandContext): Command {
  const command = new Command("simulate").description(
    "Keeps energy counters of a host that does not exist moving, as real files with exactly known energy, for those without hardware.",
  );
  command.addCommand(windowCommand("powercap", "powercap zones below DIR/sys", context));
  command.addCommand(windowCommand("msr", "registers of each CPU below DIR/dev/cpu", context));
  return command.addHelpText("after", example);
}

interface SimulateOptions {
  readonly dir: string;
  readonly watts: string;
  readonly stepSeconds: string;
  readonly recorded?: string;
  readonly noise: string;
  readonly seed: string;
  readonly vendor: string;
  readonly packages: string;
  readonly with?: string;
  readonly quirks?: string;
  readonly esu?: string;
  readonly belowWrap?: string;
  readonly fault: readonly string[];
  readonly mode: string;
  readonly speed: string;
  readonly duration?: string;
  readonly tick: string;
}

function windowCommand(window: SimulationRequest["window"], what: string, context: CommandContext): Command {
  return new Command(window)
    .description(`Keeps ${what} moving, and says at the end what they have to add up to.`)
    .summary(what)
    .requiredOption("--dir <dir>", "directory for the files: empty, not there yet, or an earlier simulation's")
    .option("--watts <watts>", "power of packages and memory together; several, separated by commas, take turns", "100")
    .option("--step-seconds <seconds>", "time that each of several powers holds", "1")
    .option("--recorded <file>", "play the power in this file instead: lines of seconds,watts")
    .option("--noise <percent>", "vary the power at random by up to this much, every tenth of a second", "0")
    .option("--seed <number>", "makes other noise", "1")
    .option("--vendor <name>", "intel or amd; readers that look at the real /proc need their own", "intel")
    .option("--packages <number>", "CPU packages, 1 to 8", "1")
    .option("--with <parts>", `domains beside the packages: ${partNames.join(", ")}`)
    .option("--quirks <names>", `oddities of real hosts: ${quirkNames.join(", ")}`)
    .option("--esu <number>", "energy of a count is 2^-N J (default: 14 on Intel, 16 on AMD)")
    .option("--below-wrap <joules>", "start the counters this far below their wrap")
    .option("--fault <fault>", "something that goes wrong (may be repeated)", collect, [])
    .option("--mode <octal>", "mode of the files that hold counters", "444")
    .option("--speed <factor>", "seconds of the simulated host in one second", "1")
    .option("--duration <seconds>", "stop after this time; without it, on SIGINT")
    .option("--tick <milliseconds>", "time between two updates of the files", "10")
    .addHelpText("after", example)
    .action(async (options: SimulateOptions) => runSimulation(requestOf(window, options, context), context));
}

function collect(text: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, text];
}

async function runSimulation(request: SimulationRequest, context: CommandContext): Promise<void> {
  const simulation = startSimulation(request);
  const giveUp = context.onSignal((signal) => {
    if (signal === "SIGUSR1") context.stdout.write(`${JSON.stringify(toSnakeCase(simulation.truth()))}\n`);
    else if (signal !== "SIGUSR2" && signal !== "SIGWINCH") simulation.stop();
  });
  context.stderr.write(howToRead(request, vendorOf(context)));
  if (!simulation.hasEinval && request.faults.some(({ kind }) => kind === "einval")) {
    context.stderr.write("No file of this kernel fails with EINVAL for this user; EISDIR stands in for it.\n");
  }
  try {
    context.stdout.write(jsonText(await simulation.end));
  } finally {
    giveUp();
  }
}

function howToRead(request: SimulationRequest, machine: CpuVendor | null): string {
  const { directory, window, speed } = request;
  const roots = [`CARBON_OPS_SYS_ROOT=${join(directory, "sys")}`];
  if (window === "msr") {
    roots.push(
      `CARBON_OPS_MSR_ROOT=${join(directory, "dev", "cpu")}`,
      `CARBON_OPS_PROC_ROOT=${join(directory, "proc")}`,
    );
  }
  const faster =
    speed === 1
      ? ""
      : `Readers with a clock of their own see ${speed} times the power: above 1 kW a package they rightly call it garbage.\n`;
  return `Simulating. Readers: ${roots.join(" ")}\n${faster}${otherVendor(request, machine)}`;
}

/** Readers take the processor's vendor from /proc: it decides how dies are counted, and which registers there are. */
function otherVendor({ directory, window, shape }: SimulationRequest, machine: CpuVendor | null): string {
  const isSeen = window === "msr" || shape.parts.includes("dies");
  if (!isSeen || machine === null || machine === shape.vendor) return "";
  const own = machine === "intel" || machine === "amd" ? `; give --vendor ${machine} for those` : "";
  return (
    `This host is ${shape.vendor}, this machine ${machine}: readers of the real /proc, as run and top are, count it wrongly${own}. ` +
    `Others need CARBON_OPS_PROC_ROOT=${join(directory, "proc")}, the governor --proc-root.\n`
  );
}

function vendorOf({ roots }: CommandContext): CpuVendor | null {
  return parseCpuIdentity(readOptionalKernelFile(join(roots.proc, "cpuinfo")) ?? "")?.vendor ?? null;
}

function requestOf(
  window: SimulationRequest["window"],
  options: SimulateOptions,
  context: CommandContext,
): SimulationRequest {
  const shape = shapeOf(window, options, context);
  return {
    window,
    directory: resolve(context.workingDirectory, options.dir),
    shape,
    faults: options.fault.map((text): Fault => parseFault(text)),
    mode: modeOf(options.mode),
    speed: numberIn("--speed", options.speed, 0.001, 1e6),
    durationSeconds: options.duration === undefined ? null : numberIn("--duration", options.duration, 0.001, 1e7),
    tickMilliseconds: numberIn("--tick", options.tick, 1, 10_000),
    clock: context.clock,
    roots: context.roots,
  };
}

function shapeOf(window: SimulationRequest["window"], options: SimulateOptions, context: CommandContext): HostShape {
  const vendor = memberOf("--vendor", options.vendor, ["intel", "amd"]);
  const parts = listOf("--with", options.with, partNames);
  const quirks = listOf("--quirks", options.quirks, quirkNames);
  const without =
    vendor === "amd" ? parts.find((part) => ["dram", "uncore", "psys", "mmio"].includes(part)) : undefined;
  if (without !== undefined)
    throw wrong("--with", without, "core, dies or twin where --vendor is amd, which has no other");
  if (window === "msr" && parts.includes("mmio"))
    throw wrong("--with", "mmio", "left out: registers have no such copy");
  if (window === "msr" && vendor === "amd" && parts.includes("core")) {
    throw wrong(
      "--with",
      "core",
      "left out with AMD's registers: in a plain file this one would lie upon the package's",
    );
  }
  if (window === "msr" && quirks.includes("server-dram") && quirks.includes("joule-psys")) {
    throw wrong("--quirks", "server-dram,joule-psys", "one of the two: no processor has both");
  }
  return {
    vendor,
    packages: wholeIn("--packages", options.packages, 1, 8),
    parts,
    quirks,
    esu: options.esu === undefined ? usualEsu(vendor, quirks) : wholeIn("--esu", options.esu, 0, 20),
    startBelowWrapJoules: options.belowWrap === undefined ? null : numberIn("--below-wrap", options.belowWrap, 0, 4000),
    profile: profileOf(options, context),
  };
}

function usualEsu(vendor: HostShape["vendor"], quirks: HostShape["quirks"]): number {
  if (quirks.includes("silvermont")) return 5;
  return vendor === "amd" ? 16 : 14;
}

function profileOf(options: SimulateOptions, context: CommandContext): PowerProfile {
  const steady = steadyProfile(options, context);
  const noise = numberIn("--noise", options.noise, 0, 100);
  const seed = wholeIn("--seed", options.seed, 0, 2 ** 31);
  return noise === 0 ? steady : noisyPower(steady, noise / 100, seed);
}

function steadyProfile(options: SimulateOptions, context: CommandContext): PowerProfile {
  if (options.recorded !== undefined) {
    const path = resolve(context.workingDirectory, options.recorded);
    return recordedPower(textOf(path), options.recorded);
  }
  const watts = options.watts.split(",").map((text) => numberIn("--watts", text, 0, 100_000));
  const [only = 0] = watts;
  const stepSeconds = numberIn("--step-seconds", options.stepSeconds, 0.001, 1e6);
  return watts.length === 1 ? constantPower(only) : steppedPower(watts, stepSeconds);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CarbonOpsError("INPUT_INVALID", `The recording ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function modeOf(text: string): number {
  if (!/^[0-7]{3,4}$/.test(text)) throw wrong("--mode", text, "an octal mode such as 400");
  return Number.parseInt(text, 8);
}

function numberIn(flag: string, text: string, least: number, most: number): number {
  const value = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(flag, text, `a number from ${least} to ${most}`);
}

function wholeIn(flag: string, text: string, least: number, most: number): number {
  const value = numberIn(flag, text, least, most);
  if (Number.isInteger(value)) return value;
  throw wrong(flag, text, `a whole number from ${least} to ${most}`);
}

function memberOf<Name extends string>(flag: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text.trim());
  if (found === undefined) throw wrong(flag, text, names.join(", "));
  return found;
}

function listOf<Name extends string>(flag: string, text: string | undefined, names: readonly Name[]): Name[] {
  return text === undefined ? [] : text.split(",").map((word) => memberOf(flag, word, names));
}

function wrong(flag: string, value: string, allowed: string): CarbonOpsError {
  return new CarbonOpsError("USAGE", `${flag} is "${value}", and must be ${allowed}.`);
}
