import { Command, Option } from "commander";
import { CgroupCpuMeter } from "../../attribution/cgroup-cpu.ts";
import { type CpuMeter, ProcessCpuMeter } from "../../attribution/process-cpu.ts";
import type { CarbonEstimator } from "../../carbon/estimator.ts";
import { isoFromWallMs } from "../../clock.ts";
import type { Settings } from "../../config/settings.ts";
import { openGpuSources } from "../../discovery/gpu-examination.ts";
import type { EnergySource } from "../../energy/source.ts";
import { CarbonOpsError } from "../../errors.ts";
import { readGpus } from "../../host/gpu.ts";
import { readHostname } from "../../host/hostname.ts";
import { readNamespacePids } from "../../host/namespace-pids.ts";
import type { HostRoots } from "../../host/roots.ts";
import { readCpuTimes } from "../../host/stat.ts";
import { openConfiguredSource } from "../../monitor/configured-source.ts";
import { attributionModeFor, type IdleBaseline, idleBaselineFor } from "../../monitor/energy-figures.ts";
import { type GpuPower, GpuWatch } from "../../monitor/gpu-watch.ts";
import { type HostView, HostWatch } from "../../monitor/host-watch.ts";
import { baselineFilePath, findBaseline } from "../../monitor/stored-baseline.ts";
import { gpuPowerByPid, inOrder, type TopOrder, type TopPage, thatUsed, topPage } from "../../report/terminal/top.ts";
import { toSnakeCase } from "../../snake-case.ts";
import type { CommandContext } from "../context.ts";
import { estimatorFor } from "../estimator.ts";
import { type LiveScreen, openLiveScreen } from "../live-screen.ts";
import { jsonText, outputStyle, terminalColumns } from "../output.ts";
import { addSettingFlags, foundSettingsOf, rootsOf } from "../setting-flags.ts";

interface TopFlags {
  readonly cgroups?: boolean;
  readonly sort: TopOrder;
  readonly once?: boolean;
  readonly json?: boolean;
}

const orders = ["w", "j", "p"] as const satisfies readonly TopOrder[];
/** Shorter ticks are noisier: CPU clocks are cut to 10 ms. */
const defaultIntervalSeconds = 2;
const defaultWidth = 80;
/** Lines of a frame where there is no terminal to fit into. */
const defaultHeight = 40;

export function build(context: CommandContext): Command {
  const command = new Command("top")
    .description(
      "Shows what draws how much power on this host: its counters, and each process or control group by CPU time.",
    )
    .option("--cgroups", "one row a control group instead of one a process")
    .addOption(
      new Option("--sort <key>", "order: w (watts now), j (joules so far) or p (process id, or path)")
        .choices(orders)
        .default("w"),
    )
    .option("--once", "print one table, after one interval, and end")
    .option("--json", "print JSON: one value with --once, otherwise one line an interval")
    .addHelpText(
      "after",
      "\nKeys: w, j and p sort, q ends. Rows, idle, ended and unattributed power add up to the host's." +
        "\n\nExample: carbon-ops top --region GB --sort j",
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
    "sampleIntervalSeconds",
  ]);
  return command.action(async (flags: TopFlags) => {
    const found = await foundSettingsOf(command, context);
    const { settings } = found;
    const estimator = settings.region === undefined ? null : estimatorFor(found, context);
    const roots = rootsOf(settings, context);
    const source = await openConfiguredSource(settings, { roots, clock: context.clock });
    const gpuSources = await openGpuSources({ roots, clock: context.clock, nvmlLibrary: settings.nvmlLibrary });
    const gpuWatch = await GpuWatch.open(gpuSources);
    try {
      const top = await openTop({ flags, settings, estimator, roots, source, gpuWatch, context });
      await (flags.once === true ? showOnce(top) : showLive(top));
    } finally {
      source.close();
      gpuWatch.stop();
      await Promise.all(gpuSources.map((gpus) => gpus.close()));
    }
  });
}

interface TopRequest {
  readonly flags: TopFlags;
  readonly settings: Settings;
  /** Null without a region: then no grams are shown. */
  readonly estimator: CarbonEstimator | null;
  readonly roots: HostRoots;
  readonly source: EnergySource;
  readonly gpuWatch: GpuWatch;
  readonly context: CommandContext;
}

interface Top extends TopRequest {
  readonly watch: HostWatch;
  readonly idleBaseline: IdleBaseline;
  readonly carbon: TopPage["carbon"];
  readonly notes: readonly string[];
  readonly intervalSeconds: number;
}

async function openTop(request: TopRequest): Promise<Top> {
  const { flags, settings, estimator, roots, source, context } = request;
  const meter: CpuMeter = flags.cgroups === true ? new CgroupCpuMeter(roots) : new ProcessCpuMeter(roots);
  const path = baselineFilePath(context.environment);
  const stored = findBaseline(path, source, readHostname(roots), context.clock.wallMs());
  const configuredWatts = settings.idleBaselineWatts;
  const idleBaseline = idleBaselineFor(source, configuredWatts, stored.baseline);
  const hostBusyCpuSeconds = (): number => readCpuTimes(roots).busySeconds;
  return {
    ...request,
    watch: new HostWatch({ source, meter, hostBusyCpuSeconds, idleBaseline }),
    idleBaseline,
    carbon: await carbonOf(estimator, source),
    notes: configuredWatts === undefined && stored.note !== null ? [stored.note] : [],
    intervalSeconds: settings.sampleIntervalSeconds ?? defaultIntervalSeconds,
  };
}

/** Grams are proportional to energy, so one watt-hour of this source says it for every row. */
async function carbonOf(estimator: CarbonEstimator | null, source: EnergySource): Promise<TopPage["carbon"]> {
  if (estimator === null) return null;
  const { gainLnSigma, sourceId, citation } = source.uncertainty;
  const estimate = await estimator.estimateFromEnergy({
    energy: {
      meanWh: 1,
      additiveWh: 0,
      gainLnSigma,
      gainSourceId: sourceId,
      gainCitation: citation,
      shareLnSigma: 0,
      boundary: source.boundary,
      provenance: source.provenance,
    },
  });
  return { region: estimate.region, gramsPerWattHour: estimate.grams };
}

/** The host, and beside it its GPUs. */
interface Seen {
  readonly view: HostView;
  readonly gpus: readonly GpuPower[];
}

async function look({ source, watch, gpuWatch, roots }: Top): Promise<Seen | null> {
  await source.settle?.();
  const view = watch.advance();
  const gpus = await gpuWatch.advance(readGpus(roots), (pid) => readNamespacePids(roots, pid).length > 0);
  return view === null ? null : { view, gpus };
}

async function showOnce(top: Top): Promise<void> {
  const { context, flags } = top;
  await new Promise((resolve) => setTimeout(resolve, top.intervalSeconds * 1000));
  const seen = await look(top);
  if (seen === null) throw unreadable();
  if (flags.json === true) context.stdout.write(jsonText(topJson(top, seen)));
  else context.stdout.write(frameOf(top, seen, flags.sort, null));
}

/** Leaves the terminal as it was, whatever ends it. */
async function showLive(top: Top): Promise<void> {
  const { context, flags } = top;
  let order = flags.sort;
  let seen: Seen | null = null;
  let isOld = false;
  const help = context.stdout.isTTY === true ? "sort: w watts  j joules  p pid    q quit" : null;
  const show = (screen: LiveScreen): void => {
    if (seen === null) return;
    if (flags.json === true) context.stdout.write(`${JSON.stringify(toSnakeCase(topJson(top, seen)))}\n`);
    else screen.draw(`${frameOf(isOld ? withProblem(top) : top, seen, order, help)}${help === null ? "\n" : ""}`);
  };
  const screen = openLiveScreen(context, top.roots, (key) => {
    const wanted = orders.find((candidate) => candidate === key);
    if (wanted === undefined || flags.json === true) return;
    order = wanted;
    show(screen);
  });
  try {
    if (help !== null && flags.json !== true) screen.draw(`measuring for ${top.intervalSeconds} s …\n`);
    for (;;) {
      const status = await screen.pause(top.intervalSeconds);
      if (status !== null) {
        context.setExitCode(status);
        return;
      }
      const now = await look(top);
      isOld = now === null;
      seen = now ?? seen;
      if (now === null && flags.json === true) context.stdout.write(`${JSON.stringify(unreadJson(top))}\n`);
      else show(screen);
    }
  } finally {
    screen.close();
  }
}

function frameOf(top: Top, { view, gpus }: Seen, order: TopOrder, help: string | null): string {
  const { stdout } = top.context;
  const page: TopPage = {
    view,
    consumerKind: top.flags.cgroups === true ? "cgroup" : "process",
    order,
    source: top.source,
    idleBaseline: top.idleBaseline,
    gpus,
    carbon: top.carbon,
    notes: top.notes,
    help,
  };
  const width = terminalColumns(stdout, defaultWidth);
  // The last line stays free: a terminal would scroll when it is written to the end.
  const height = help === null ? defaultHeight : Math.max(1, (stdout.rows ?? defaultHeight) - 1);
  return topPage(page, width, height, outputStyle(stdout, top.context));
}

/** What scripts get. Consumers that used nothing so far are left out. */
function topJson(top: Top, { view, gpus }: Seen): unknown {
  const { source, idleBaseline, carbon, flags, context } = top;
  const gramsPerHourOf = (watts: number): number | null => (carbon === null ? null : watts * carbon.gramsPerWattHour);
  const gpuPower = gpuPowerByPid(gpus);
  const ofProcess = flags.cgroups === true ? null : gpuPower;
  const consumers = inOrder(thatUsed(view.consumers, ofProcess), flags.sort, ofProcess).map(
    ({ key: _key, ...consumer }) => ({
      ...consumer,
      ...gpuFiguresOf(consumer.pid, ofProcess),
      gramsPerHour: gramsPerHourOf(consumer.watts),
    }),
  );
  return {
    timestamp: isoFromWallMs(context.clock.wallMs()),
    ...view,
    consumers,
    consumerKind: flags.cgroups === true ? "cgroup" : "process",
    gramsPerHour: gramsPerHourOf(view.hostWatts),
    region: carbon?.region ?? null,
    gpus,
    energySource: source.id,
    energySourceLabel: source.label,
    energyProvenance: source.provenance,
    gainLnSigma: source.uncertainty.gainLnSigma,
    idleBaselineWatts: idleBaseline.watts,
    idleBaselineOrigin: idleBaseline.origin,
    attributionMode: attributionModeFor(source),
    notes: top.notes,
  };
}

/** An interval in which nothing could be read: the next line covers its time too. */
function unreadJson({ context, watch }: Top): unknown {
  return toSnakeCase({
    timestamp: isoFromWallMs(context.clock.wallMs()),
    hostWatts: null,
    hostJoules: watch.totals.hostJoules,
    gaps: watch.gaps,
    consumers: null,
    problem: problemOf(watch),
  });
}

function withProblem(top: Top): Top {
  return { ...top, notes: [`These figures are old. ${problemOf(top.watch)}`, ...top.notes] };
}

function problemOf({ lastFailure }: HostWatch): string {
  return lastFailure ?? "There is no newer reading of the energy source yet.";
}

/** Beside `watts` and `joules`, never in them. Null where no driver tells processes apart. */
function gpuFiguresOf(pid: number | null, gpuPower: ReturnType<typeof gpuPowerByPid>) {
  if (pid === null || gpuPower === null) return { gpuWatts: null, gpuJoules: null };
  const { watts, joules } = gpuPower.get(pid) ?? { watts: 0, joules: 0 };
  return { gpuWatts: watts, gpuJoules: joules };
}

function unreadable(): CarbonOpsError {
  return new CarbonOpsError(
    "ENERGY_READ_FAILED",
    "Energy or CPU time could not be read at the end of the interval; ask `carbon-ops doctor`.",
  );
}
