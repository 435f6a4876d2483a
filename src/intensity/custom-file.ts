import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { type Clock, isoFromWallMs } from "../clock.ts";
import { CarbonOpsError, messageOf } from "../errors.ts";
import { placeError } from "./annual-errors.ts";
import { type CustomRow, type CustomTable, customTable } from "./custom-table.ts";
import type { IntensityError, IntensityProvider, IntensityRequest, IntensitySeries } from "./intensity.ts";
import { findZone } from "./zones.ts";

interface ReadFile {
  readonly table: CustomTable;
  readonly sha256: string;
  readonly readAtMs: number;
  readonly changedAtMs: number;
}

const largestFileBytes = 64_000_000;

/**
 * The same, of a file that is read at once: a wrong file of one's own is a mistake to mend, and no reason to let another
 * provider answer. Throws CONFIG_INVALID for a file that cannot be used.
 */
export function openCustomFile(path: string, clock: Pick<Clock, "wallMs">): IntensityProvider {
  try {
    const { mtimeMs: changedAtMs, size } = statSync(path);
    refuseLarge(size);
    return customFile(path, clock, readTable(path, readFileSync(path), changedAtMs, clock));
  } catch (error) {
    throw new CarbonOpsError("CONFIG_INVALID", unreadable(path, error).message, { cause: error });
  }
}

/**
 * A user's own intensities from a JSON or CSV file (docs/providers.md has the form), read again whenever the file changes.
 * Rejects with CONFIG_UNREADABLE and INTENSITY_ANSWER_INVALID for a file that cannot be used, INTENSITY_NO_DATA where it has
 * nothing.
 */
export function customFile(
  path: string,
  clock: Pick<Clock, "wallMs">,
  first: ReadFile | null = null,
): IntensityProvider {
  let known = first;
  return {
    id: "custom-file",
    kinds: ["average", "marginal"],
    async series(request) {
      known = await currentFile(path, known, clock);
      return seriesOf(path, known, request);
    },
  };
}

async function currentFile(path: string, known: ReadFile | null, clock: Pick<Clock, "wallMs">): Promise<ReadFile> {
  try {
    const { mtimeMs: changedAtMs, size } = await stat(path);
    if (known?.changedAtMs === changedAtMs) return known;
    refuseLarge(size);
    return readTable(path, await readFile(path), changedAtMs, clock);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function refuseLarge(size: number): void {
  if (size > largestFileBytes) throw new Error(`it has more than ${largestFileBytes} bytes`);
}

function readTable(path: string, bytes: Buffer, changedAtMs: number, clock: Pick<Clock, "wallMs">): ReadFile {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const table = customTable(path, bytes.toString("utf8").replace(/^\ufeff/, ""));
  return { table, sha256, readAtMs: clock.wallMs(), changedAtMs };
}

function unreadable(path: string, error: unknown): CarbonOpsError {
  if (error instanceof CarbonOpsError) return error;
  const words = `The file of intensities ${path} cannot be read (${messageOf(error)}); name another in intensityFile.`;
  return new CarbonOpsError("CONFIG_UNREADABLE", words, { cause: error });
}

function seriesOf(
  path: string,
  { table, sha256, readAtMs }: ReadFile,
  { kind, interval, zone: key }: IntensityRequest,
): IntensitySeries {
  const zone = findZone(key);
  const isHolding = ({ startMs, endMs }: CustomRow): boolean =>
    startMs === null || endMs === null || (interval !== null && startMs <= interval.endMs && endMs > interval.startMs);
  const periods = table.rows
    .filter((row) => row.zone === key && row.kind === kind && isHolding(row))
    .map(({ startMs, endMs, gramsPerKwh, isEstimated, relativeUncertainty }) => ({
      startMs: startMs ?? interval?.startMs ?? 0,
      endMs: endMs ?? interval?.endMs ?? 0,
      gramsPerKwh,
      isEstimated,
      estimationMethod: isEstimated ? "as the file says" : null,
      relativeUncertainty,
      updatedAt: null,
    }))
    .sort((left, right) => left.startMs - right.startMs);
  if (periods.length === 0) {
    const words = `The file of intensities ${path} has no ${kind} value of ${key} for that time; add one, or use another provider.`;
    throw new CarbonOpsError("INTENSITY_NO_DATA", words);
  }
  const place = zone === undefined ? null : placeError(zone);
  return {
    kind,
    scope: table.scope,
    basis: table.basis,
    source: table.source,
    providerId: "custom-file",
    providerVersion: table.version ?? `sha256 ${sha256.slice(0, 16)}`,
    endpoint: null,
    licence: table.licence,
    zone: key,
    zoneName: zone?.name ?? key,
    providerZone: key,
    isFallback: false,
    periodSeconds: Math.min(...periods.map(({ startMs, endMs }) => endMs - startMs)) / 1000,
    year: null,
    retrievedAt: isoFromWallMs(readAtMs),
    bodySha256: sha256,
    cache: "none",
    cacheAgeSeconds: null,
    isProvisional: false,
    periods,
    errors: [...sourceErrors(path, table), ...(place === null ? [] : [place])],
    autocorrelationPerHour: 0.9,
    hourSourceId: `intensity.hour/kind=${kind}/zone=${key}/provider=custom-file`,
  };
}

function sourceErrors(path: string, { relativeUncertainty }: CustomTable): IntensityError[] {
  if (relativeUncertainty === 0) return [];
  return [
    {
      name: "source",
      sourceId: `intensity.source/provider=custom-file/file=${basename(path)}`,
      relativeUncertainty,
      scope: "everything estimated with this file's figures",
      citation: "the file's own statement",
    },
  ];
}
