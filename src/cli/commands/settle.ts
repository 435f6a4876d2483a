import { resolve } from "node:path";
import { Command } from "commander";
import { parseDurationSeconds } from "../../config/duration.ts";
import { CarbonOpsError } from "../../errors.ts";
import { type OpenedIntensity, openIntensity } from "../../intensity/open-intensity.ts";
import { Ledger } from "../../ledger/index.ts";
import { noLedgerToRead } from "../../ledger/ledger-files.ts";
import { acquireLock } from "../../ledger/lock.ts";
import { genesisForReading } from "../../ledger/read-genesis.ts";
import { verifierKeyFor } from "../../ledger/verifier-key.ts";
import { verifySegments } from "../../ledger/verify-segments.ts";
import { type SettlementReport, settlementPage } from "../../report/terminal/settlement.ts";
import type { CommandContext } from "../context.ts";
import { intensitySettingNames } from "../intensity-settings.ts";
import { jsonText, outputStyle, outputWidth } from "../output.ts";
import { addSettingFlags, settingsOf } from "../setting-flags.ts";
import { noProgress, type SettlementProgress, settleLedger } from "../settlement.ts";
import { ownSigner } from "./ledger/key-choice.ts";

interface SettleFlags {
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly olderThan: string;
  readonly json?: boolean;
}

export function build(context: CommandContext): Command {
  const command = new Command("settle")
    .description(
      "Asks again for the intensities of estimates in a ledger and its segments that were provisional or estimated, and " +
        "appends a restatement " +
        "where there is a better value: the first record stays as it is, and totals count the latest.",
    )
    .argument("<ledger>", "the ledger")
    .option("--key <file>", "private key that signs the ledger (default: your own key)")
    .option("--dry-run", "say what would be restated, and write nothing; needs no key, and checks the chain alone")
    .option("--older-than <time>", "leave out energy that was used later than this long ago", "48h")
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      "\nRunning it twice appends nothing new. A service's values of an hour settle within two days as a rule.\n" +
        "\nExit status: 0 done, or nothing better is known; 1 a service could not be asked (key, network), or the ledger was touched;\n" +
        "2 it cannot be read, or a setting is wrong.\n" +
        "\nExample: carbon-ops settle carbon.ndjson --dry-run",
    );
  addSettingFlags(command, intensitySettingNames);
  return command.action(async (file: string, flags: SettleFlags) => {
    const olderThanSeconds = parseDurationSeconds(flags.olderThan);
    if (olderThanSeconds === null) {
      throw new CarbonOpsError(
        "USAGE",
        `--older-than is "${flags.olderThan}", but must be a time such as 48h, 7d or 0.`,
      );
    }
    const settings = await settingsOf(command, context);
    const { environment, clock } = context;
    const intensity = openIntensity(settings, { environment, clock });
    const progress = noProgress();
    const report = (): void => {
      const found = reportOf(file, flags, settings.intensityOffline === "yes", intensity, progress);
      if (flags.json === true) context.stdout.write(jsonText({ ...found, intensityCounters: counters(intensity) }));
      else {
        const { stdout } = context;
        stdout.write(settlementPage(found, outputWidth(stdout), outputStyle(stdout, context)));
      }
    };
    try {
      await settleFile(
        file,
        flags,
        { intensity, endedBeforeMs: clock.wallMs() - olderThanSeconds * 1000 },
        context,
        progress,
      );
    } catch (error) {
      // What was appended before the failure stands in the ledger.
      if (progress.restated.length > 0) report();
      throw error;
    }
    report();
    if (progress.unreachedCount > 0) throw unreached(progress);
  });
}

/** After the report: a timer has to show a key that is dead, or a network that is gone. */
function unreached({ unreachedCount, unreachedWhy, estimateCount }: SettlementProgress): CarbonOpsError {
  const why = (unreachedWhy ?? "").replace(/\.$/, "");
  return new CarbonOpsError(
    "INTENSITY_UNAVAILABLE",
    `${unreachedCount} of ${estimateCount} estimates could not be asked for, because no service could be asked (${why}); \`carbon-ops doctor --online\` tells what each service needs.`,
  );
}

/**
 * All segments, oldest first. Without a key there is still the chain: what is touched clumsily is not settled in a trial either.
 * Throws LEDGER_INVALID.
 */
async function checkSegments(file: string, path: string, keys: readonly string[]): Promise<void> {
  const last = (await verifySegments(path, { keys })).at(-1);
  if (last === undefined || (last.valid && last.linkProblem === null)) return;
  const { firstBadLine, checkpoints, linkProblem } = last;
  const where = firstBadLine === null ? "" : ` at line ${firstBadLine.line}`;
  const why = firstBadLine?.reason ?? linkProblem ?? checkpoints.problems[0]?.reason ?? "a checkpoint does not hold";
  throw new CarbonOpsError(
    "LEDGER_INVALID",
    `${last.path.replace(path, file)} was altered or damaged${where} (${why.replace(/\.$/, "")}), so nothing is settled; \`carbon-ops ledger verify\` tells more.`,
  );
}

interface Asking {
  readonly intensity: OpenedIntensity;
  readonly endedBeforeMs: number;
}

const lockWaitSeconds = 30;

async function settleFile(
  file: string,
  { key, dryRun = false }: SettleFlags,
  asking: Asking,
  context: CommandContext,
  progress: SettlementProgress,
): Promise<void> {
  const { clock } = context;
  const path = resolve(context.workingDirectory, file);
  const genesis = await genesisForReading(path);
  if (typeof genesis === "string") throw noLedgerToRead(path, genesis);
  if (dryRun) {
    await checkSegments(file, path, []);
    return settleLedger({ ...asking, path, clock, append: null }, progress);
  }
  const signer = await ownSigner(key, context);
  // Opening the ledger looks at its newest segment alone.
  if (genesis.segment > 1) await checkSegments(file, path, [verifierKeyFor(signer.name, signer.publicKey).vkey]);
  await using ledger = await Ledger.open(path, { signer, clock });
  // Two settlements at once would both find the same record: the second waits, on the file itself, since writers lock another.
  const lock = await acquireLock(path, lockWaitSeconds, clock);
  try {
    await settleLedger({ ...asking, path, clock, append: (record) => ledger.append(record) }, progress);
  } finally {
    await lock.release();
  }
}

function reportOf(
  path: string,
  { dryRun = false }: SettleFlags,
  isOffline: boolean,
  intensity: OpenedIntensity,
  { estimateCount, restated, kept, unreachedCount }: SettlementProgress,
): SettlementReport {
  const providers = Object.keys(intensity.counters);
  const verifiedAgainst = dryRun ? "chain" : "key";
  const done = { estimateCount, restated, unreachedCount, kept: [...kept.values()] };
  return { path, isDryRun: dryRun, isOffline, providers, verifiedAgainst, ...done };
}

/** Provider ids are data, and keep their spelling. */
function counters({ counters: byProvider }: OpenedIntensity): ReadonlyMap<string, object> {
  return new Map(Object.entries(byProvider));
}
