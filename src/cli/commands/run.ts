import { randomUUID } from "node:crypto";
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { type CarbonEstimator, defaultLevel } from "../../carbon/estimator.ts";
import type { Settings } from "../../config/settings.ts";
import { openGpuSources } from "../../discovery/gpu-examination.ts";
import { CarbonOpsError } from "../../errors.ts";
import type { Recorder } from "../../ledger/recorder.ts";
import { type BudgetVerdict, judgeBudget } from "../../monitor/budget.ts";
import { type CommandOutcome, runCommand } from "../../monitor/command-run.ts";
import { configuredBaseline, openConfiguredSource } from "../../monitor/configured-source.ts";
import { assessRun, type RunAssessment } from "../../monitor/run-assessment.ts";
import { defaultSampleIntervalSeconds } from "../../monitor/sampler.ts";
import { partOfRecord, wholeRecordId } from "../../monitor/whole-record.ts";
import { type RecordPlace, runSummary } from "../../report/terminal/run-summary.ts";
import { toSnakeCase } from "../../snake-case.ts";
import { formatEnergyWh, formatGrams } from "../../units.ts";
import type { CommandContext } from "../context.ts";
import { estimatorFor } from "../estimator.ts";
import { intensitySettingNames } from "../intensity-settings.ts";
import { outputStyle, outputWidth } from "../output.ts";
import { type OutputTarget, outputTarget } from "../output-target.ts";
import { addSettingFlags, foundSettingsOf, rootsOf } from "../setting-flags.ts";

interface RunFlags {
  readonly json?: string;
  readonly name?: string;
  readonly quiet?: boolean;
}

/** Of name and labels together, so that a record keeps its room in a line of the ledger. */
const maximumOwnWordsBytes = 16_384;

/** A service that is slow must not hold up whoever waits for the command: then the packaged table answers. */
const longestIntensityWaitSeconds = 5;

export function build(context: CommandContext): Command {
  const command = new Command("run")
    .description(
      "Runs a command with its input, output and terminal untouched; then says on stderr how much energy and carbon it took.",
    )
    .argument("[command...]", "the command and its arguments, after --")
    .passThroughOptions()
    .usage("[options] -- <command> [arguments...]")
    .option("--name <name>", "name of the task in summary and record (default: the command's own)")
    .option("--json <file|->", "write the result as JSON to a file, or with - to standard output")
    .option("--quiet", "print no summary")
    .addHelpText(
      "after",
      "\nIt ends with the command's exit status: 128 + n after signal n, 127 when there is no such command, 3 when the command" +
        "\nsucceeded but exceeded its budget.\n\nExample: carbon-ops run --region GB --ledger carbon.ndjson -- python train.py",
    );
  addSettingFlags(command, [
    "region",
    "ledger",
    "labels",
    "pue",
    "wallFactor",
    "energySource",
    "msrRoot",
    "governorSocket",
    "cpuTdpWatts",
    "idleBaselineWatts",
    "level",
    "maxGrams",
    "maxWh",
    "budgetOn",
    "ledgerKey",
    "sampleIntervalSeconds",
    ...intensitySettingNames,
  ]);
  return command.action(async (words: readonly string[], flags: RunFlags) => {
    const [program, ...programArguments] = words;
    if (program === undefined || program === "") {
      throw new CarbonOpsError(
        "USAGE",
        "There is no command to run; write it after --, as in: carbon-ops run -- python train.py",
      );
    }
    const found = await foundSettingsOf(command, context);
    const estimator = estimatorFor(found, context, { intensityWithinSeconds: longestIntensityWaitSeconds });
    await run({ program, programArguments, flags, settings: found.settings, estimator, context });
  });
}

interface RunRequest {
  readonly program: string;
  readonly programArguments: readonly string[];
  readonly flags: RunFlags;
  readonly settings: Settings;
  readonly estimator: CarbonEstimator;
  readonly context: CommandContext;
}

function refuseOneFileForBoth(json: OutputTarget | null, { ledger }: Settings, context: CommandContext): void {
  if (ledger === undefined || json?.path !== resolve(context.workingDirectory, ledger)) return;
  throw new CarbonOpsError("USAGE", `--json and --ledger both name ${ledger}; give each its own file.`);
}

function checkOwnWords({ name }: RunFlags, { labels = {} }: Settings): void {
  if (name !== undefined && name.trim() === "") {
    throw new CarbonOpsError("USAGE", "--name is empty; give the task a name, or leave --name out.");
  }
  if (Buffer.byteLength(JSON.stringify([name, labels])) > maximumOwnWordsBytes) {
    throw new CarbonOpsError(
      "USAGE",
      `Name and labels take more than ${maximumOwnWordsBytes} bytes, which is too much for a record; shorten them.`,
    );
  }
}

/** Everything that can be wrong is found before the command starts; what fails after its end costs at most its own result. */
async function run(request: RunRequest): Promise<void> {
  const { context, settings, flags, estimator } = request;
  checkOwnWords(flags, settings);
  const level = settings.level ?? defaultLevel;
  const json = flags.json === undefined ? null : outputTarget("--json", flags.json, context);
  refuseOneFileForBoth(json, settings, context);
  const recorder = await recorderFor(settings, context);
  // An application that records its own tasks says which record holds their energy too.
  const recordId = recorder === null ? undefined : `run-${randomUUID()}`;
  const subscriptions: (() => void)[] = [];
  const stopListening = (): void => {
    for (const unsubscribe of subscriptions.splice(0)) unsubscribe();
  };
  try {
    const environment = recordId === undefined ? context.environment : partOfRecord(context.environment, recordId);
    const { outcome, baselineNote } = await measure(request, environment, (listener) =>
      subscriptions.push(context.onSignal(listener)),
    );
    context.setExitCode(outcome.exitStatus);
    const name = flags.name ?? basename(request.program);
    const failures: CarbonOpsError[] = [];
    const assessment = await settled(failures, async () =>
      assessRun({
        outcome,
        name,
        labels: settings.labels ?? {},
        estimator,
        level,
        recordId,
        partOf: wholeRecordId(context.environment),
      }),
    );
    await publish({ request, name, outcome, baselineNote, assessment, json, recorder, failures, stopListening });
  } finally {
    stopListening();
    await recorder?.close();
  }
}

/** The ledger's code is loaded only where one is kept: it would delay every command's start. */
async function recorderFor(settings: Settings, context: CommandContext): Promise<Recorder | null> {
  if (settings.ledger === undefined) return null;
  const { prepareRecorder } = await import("../../ledger/recorder.ts");
  return prepareRecorder(settings.ledger, settings, context);
}

async function measure(
  { program, programArguments, settings, context }: RunRequest,
  environment: Readonly<Record<string, string | undefined>>,
  onSignal: (listener: (signal: NodeJS.Signals) => void) => void,
): Promise<{ readonly outcome: CommandOutcome; readonly baselineNote: string | null }> {
  const roots = rootsOf(settings, context);
  const source = await openConfiguredSource(settings, { roots, clock: context.clock });
  const { idleBaseline, note: baselineNote } = configuredBaseline(source, settings, { ...context, roots });
  const gpuSources = await openGpuSources({ roots, clock: context.clock, nvmlLibrary: settings.nvmlLibrary });
  try {
    const outcome = await runCommand({
      program,
      programArguments,
      environment,
      source,
      idleBaseline,
      sampleIntervalSeconds: settings.sampleIntervalSeconds ?? defaultSampleIntervalSeconds,
      clock: context.clock,
      roots,
      onSignal,
      gpuSources,
    });
    return { outcome, baselineNote };
  } finally {
    source.close();
    await Promise.all(gpuSources.map((gpus) => gpus.close()));
  }
}

interface Publication {
  readonly request: RunRequest;
  readonly name: string;
  readonly outcome: CommandOutcome;
  /** Why a stored idle baseline is not used, or is doubtful; null when there is nothing to say. */
  readonly baselineNote: string | null;
  readonly assessment: RunAssessment | null;
  readonly json: OutputTarget | null;
  readonly recorder: Recorder | null;
  /** From then on, a signal ends this process again. */
  stopListening(): void;
  /** What has failed already. */
  readonly failures: CarbonOpsError[];
}

const noRecordMessage = "No record was kept, because no energy was read; ask `carbon-ops doctor`.";

/** Record, summary and JSON, each whether or not another one fails; the first failure decides the exit status. */
async function publish(publication: Publication): Promise<void> {
  const { request, name, outcome, baselineNote, assessment, json, recorder, failures } = publication;
  const { context, settings, flags } = request;
  const budget = budgetOf(assessment, settings, failures);
  const place = await settled(failures, async () => {
    if (recorder === null) return null;
    if (assessment === null) throw new CarbonOpsError("ENERGY_READ_FAILED", noRecordMessage);
    return recorder.append(assessment.record);
  });
  // The record is safe; a file that cannot be opened (a FIFO without a reader) may be interrupted.
  publication.stopListening();
  if (flags.quiet !== true) {
    const carbon = assessment === null ? null : { estimate: assessment.estimate, energy: assessment.energy };
    const summary = {
      name,
      outcome,
      baselineNote,
      carbon,
      budget,
      record: place ?? (recorder === null ? "not wanted" : "failed"),
    } as const;
    context.stderr.write(runSummary(summary, outputWidth(context.stderr), outputStyle(context.stderr, context)));
  }
  await settled(failures, async () => {
    await json?.write(resultJson(outcome, assessment, budget, place));
    return null;
  });
  for (const failure of failures) context.stderr.write(`carbon-ops: ${failure.message}\n`);
  const [firstFailure] = failures;
  if (outcome.exitStatus === 0 && firstFailure !== undefined) context.setExitCode(firstFailure.exitCode);
}

function budgetOf(
  assessment: RunAssessment | null,
  { maxGrams, maxWh, budgetOn }: Settings,
  failures: CarbonOpsError[],
): readonly BudgetVerdict[] {
  if (maxGrams === undefined && maxWh === undefined) return [];
  if (assessment === null) {
    failures.push(
      new CarbonOpsError(
        "ENERGY_READ_FAILED",
        "The budget could not be judged, because no energy was read; ask `carbon-ops doctor`.",
      ),
    );
    return [];
  }
  const verdicts = judgeBudget({ maxGrams, maxWh, on: budgetOn ?? "upper" }, assessment.estimate, assessment.energy);
  if (verdicts.some(({ exceeded }) => exceeded)) {
    failures.push(new CarbonOpsError("BUDGET_EXCEEDED", exceededSentence(verdicts)));
  }
  return verdicts;
}

function exceededSentence(verdicts: readonly BudgetVerdict[]): string {
  const parts = verdicts
    .filter(({ exceeded }) => exceeded)
    .map(({ quantity, judged, limit, on }) => {
      const format = quantity === "grams" ? formatGrams : formatEnergyWh;
      const what = on === "upper" ? "the interval's upper limit" : "the mean";
      return `${what} is ${format(judged)} of at most ${format(limit)}`;
    });
  return `The budget was exceeded: ${parts.join(", and ")}.`;
}

/** What the work gives, or null with its failure noted: one part that fails does not cost the others. */
async function settled<Result>(failures: CarbonOpsError[], work: () => Promise<Result | null>): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CarbonOpsError)) throw error;
    failures.push(error);
    return null;
  }
}

/** The record's own members, and beside them what only this run knows. */
function resultJson(
  outcome: CommandOutcome,
  assessment: RunAssessment | null,
  budget: readonly BudgetVerdict[],
  place: RecordPlace | null,
): string {
  const figures = assessment?.record ?? { kind: null, grams: null, energy: toSnakeCase(outcome.energy) };
  const ofThisRun = {
    exit_status: outcome.exitStatus,
    energy_interval: toSnakeCase(assessment?.energy),
    budget_verdicts: toSnakeCase(budget),
    ledger: toSnakeCase(place),
  };
  return `${JSON.stringify({ ...figures, ...ofThisRun }, null, 2)}\n`;
}
