import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDirectories } from "../directories.ts";
import type { EnergySource } from "../energy/source.ts";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import { toSnakeCase } from "../snake-case.ts";
import { formatRatioAsPercent } from "../units.ts";
import { idleBusyRatioLimit } from "./idle-calibration.ts";

/** An idle power that `carbon-ops calibrate` measured. */
export interface StoredBaseline {
  readonly host: string;
  readonly energySource: EnergySource["id"];
  /** The source's own words for what it counts: with other packages or without memory, the figure means something else. */
  readonly energySourceLabel: string;
  readonly watts: number;
  /** Standard uncertainty of the mean, from its scatter. */
  readonly standardUncertaintyWatts: number;
  readonly hostBusyRatio: number;
  readonly durationSeconds: number;
  /** ISO 8601, UTC. */
  readonly measuredAt: string;
  readonly carbonOpsVersion: string;
}

/** What the file says for a host and source, and what a person should know of it, as one sentence. */
export interface BaselineFinding {
  readonly baseline: StoredBaseline | null;
  /** Why a stored baseline is not used, or is doubtful; null when there is nothing to say. */
  readonly note: string | null;
}

const fileVersion = 1;

/** Idle power moves with the seasons, kernels and firmware of a host. A judgement. */
const staleAfterDays = 30;
const millisecondsPerDay = 86_400_000;

/**
 * Where baselines are kept: the state directory of the XDG Base Directory Specification. Null where neither XDG_STATE_HOME nor
 * HOME names a directory.
 */
export function baselineFilePath(environment: Readonly<Record<string, string | undefined>>): string | null {
  const state = environment["XDG_STATE_HOME"];
  if (state?.startsWith("/") === true) return join(state, "carbon-ops", "baseline.json");
  const home = environment["HOME"];
  return home?.startsWith("/") === true ? join(home, ".local", "state", "carbon-ops", "baseline.json") : null;
}

/** The baseline of this host and source, when it may be used now. Never throws: a bad file is a note. */
export function findBaseline(
  path: string | null,
  source: Pick<EnergySource, "id" | "label">,
  host: string | null,
  wallMs: number,
): BaselineFinding {
  if (path === null || host === null) return { baseline: null, note: null };
  let stored: readonly StoredBaseline[];
  try {
    stored = readBaselines(path);
  } catch (error) {
    return { baseline: null, note: messageOf(error) };
  }
  const ofHost = stored.filter((baseline) => baseline.host === host);
  const ofSource = ofHost.find((baseline) => isOf(baseline, source));
  if (ofSource === undefined) {
    const [other] = ofHost;
    return { baseline: null, note: other === undefined ? null : ofAnotherSource(other) };
  }
  const ageDays = (wallMs - Date.parse(ofSource.measuredAt)) / millisecondsPerDay;
  if (ageDays > staleAfterDays) return { baseline: null, note: tooOld(ofSource, ageDays) };
  return { baseline: ofSource, note: ofSource.hostBusyRatio < idleBusyRatioLimit ? null : notIdle(ofSource) };
}

/**
 * Puts a baseline in the place of the earlier one of the same host and source; those of other hosts, which may share this
 * home directory, stay. Throws OUTPUT_FAILED.
 */
export function storeBaseline(path: string, baseline: StoredBaseline): void {
  const others = readOrNone(path).filter(
    (stored) =>
      stored.host !== baseline.host || !isOf(stored, { id: baseline.energySource, label: baseline.energySourceLabel }),
  );
  const text = `${JSON.stringify(toSnakeCase({ version: fileVersion, baselines: [...others, baseline] }), null, 2)}\n`;
  const temporaryPath = `${path}.tmp`;
  try {
    makeDirectories(dirname(path));
    writeFileSync(temporaryPath, text);
    renameSync(temporaryPath, path);
  } catch (error) {
    removeIfThere(temporaryPath);
    throw new CarbonOpsError(
      "OUTPUT_FAILED",
      `The baseline could not be written to ${path} (${messageOf(error)}); name a writable directory in XDG_STATE_HOME.`,
      { cause: error },
    );
  }
}

/** Tidying up after a failure must not hide it. */
function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The failure that is being reported says why nothing can be done here.
  }
}

function isOf(baseline: StoredBaseline, { id, label }: Pick<EnergySource, "id" | "label">): boolean {
  return baseline.energySource === id && baseline.energySourceLabel === label;
}

function ofAnotherSource({ energySourceLabel }: StoredBaseline): string {
  return `The stored idle baseline is of another source (${energySourceLabel}) and is not used; \`carbon-ops calibrate\` measures one for this source.`;
}

function notIdle({ hostBusyRatio }: StoredBaseline): string {
  return `The stored idle baseline was measured while the CPUs were busy for ${formatRatioAsPercent(hostBusyRatio)} of the time, so it is too high and tasks are charged too little.`;
}

function tooOld({ measuredAt }: StoredBaseline, ageDays: number): string {
  return `The stored idle baseline of ${measuredAt.slice(0, 10)} is ${Math.floor(ageDays)} days old and is not used after ${staleAfterDays}; \`carbon-ops calibrate\` measures it anew.`;
}

/** A file that cannot be understood holds nothing worth keeping when a new baseline is there to replace it. */
function readOrNone(path: string): readonly StoredBaseline[] {
  try {
    return readBaselines(path);
  } catch {
    return [];
  }
}

function readBaselines(path: string): readonly StoredBaseline[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw unusable(path, messageOf(error));
  }
  const baselines = parseFile(text);
  if (baselines === null) throw unusable(path, `it is not a baseline file of version ${fileVersion}`);
  return baselines;
}

function unusable(path: string, why: string): CarbonOpsError {
  return new CarbonOpsError(
    "CONFIG_UNREADABLE",
    `The stored idle baseline in ${path} is not used (${why}); \`carbon-ops calibrate\` writes a new one.`,
  );
}

function parseFile(text: string): readonly StoredBaseline[] | null {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return null;
  }
  const file = fieldsOf(content);
  const members = file?.get("baselines");
  if (file?.get("version") !== fileVersion || !Array.isArray(members)) return null;
  const baselines = members.map(parseBaseline).filter((baseline) => baseline !== null);
  return baselines.length === members.length ? baselines : null;
}

function parseBaseline(content: unknown): StoredBaseline | null {
  const fields = fieldsOf(content);
  const text = (name: string): string | null => {
    const value = fields?.get(name);
    return typeof value === "string" ? value : null;
  };
  const amount = (name: string): number | null => {
    const value = fields?.get(name);
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
  };
  const host = text("host");
  const energySource = energySourceIds.find((id) => id === text("energy_source")) ?? null;
  const energySourceLabel = text("energy_source_label");
  const measuredAt = text("measured_at");
  const carbonOpsVersion = text("carbon_ops_version");
  const watts = amount("watts");
  const standardUncertaintyWatts = amount("standard_uncertainty_watts");
  const hostBusyRatio = amount("host_busy_ratio");
  const durationSeconds = amount("duration_seconds");
  if (host === null || energySource === null || energySourceLabel === null || carbonOpsVersion === null) return null;
  if (measuredAt === null || Number.isNaN(Date.parse(measuredAt))) return null;
  if (watts === null || standardUncertaintyWatts === null || hostBusyRatio === null || durationSeconds === null) {
    return null;
  }
  return {
    host,
    energySource,
    energySourceLabel,
    watts,
    standardUncertaintyWatts,
    hostBusyRatio,
    durationSeconds,
    measuredAt,
    carbonOpsVersion,
  };
}

const energySourceIds = ["governor", "powercap", "msr", "model"] as const satisfies readonly EnergySource["id"][];

function fieldsOf(content: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return null;
  return new Map(Object.entries(content));
}
