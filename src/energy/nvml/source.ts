import type { Clock } from "../../clock.ts";
import type { GpuBoard, GpuBoardReading, GpuEnergySource } from "../gpu.ts";
import type { SourceUncertainty } from "../source.ts";
import { NvmlBoard } from "./board.ts";
import {
  type Answer,
  type DeviceHandle,
  deviceByIndex,
  deviceCount,
  deviceName,
  devicePciAddress,
  deviceUuid,
  driverVersion,
  initialise,
  isDivided,
  permanentTrouble,
  powerLimitWatts,
  powerMilliwatts,
  shutDown,
  totalMillijoules,
} from "./calls.ts";
import { defaultNvmlLibrary, type NvmlLibrary, openNvmlLibrary } from "./library.ts";
import { nvmlStatus, statusWords } from "./status.ts";

export interface NvmlRequest {
  readonly clock: Clock;
  readonly hostname: string | null;
  /** File or name of NVIDIA's library; default: as the driver installs it. */
  readonly libraryPath?: string | undefined;
  /** Time after which a call into the driver counts as failed. */
  readonly callLimitMs?: number | undefined;
}

/** A board that is there and whose energy cannot be read, with why. */
export interface BoardWithoutEnergy {
  readonly name: string;
  readonly why: string;
}

export type NvmlOpening =
  | {
      readonly source: GpuEnergySource;
      readonly driver: string | null;
      readonly libraryPath: string;
      readonly withoutEnergy: readonly BoardWithoutEnergy[];
    }
  | { readonly source: null; readonly problem: string; readonly missing: "koffi" | "library" | "driver" | "boards" };

/** Opens every NVIDIA board of this host. Never rejects: what is missing is a clause of a sentence. */
export async function openNvml(request: NvmlRequest): Promise<NvmlOpening> {
  const path = request.libraryPath ?? defaultNvmlLibrary;
  const { library, ...absence } = await openNvmlLibrary(path, request.callLimitMs);
  if (library === null) return { source: null, problem: absence.problem ?? "", missing: missingPart(absence) };
  const code = await initialise(library);
  if (code !== nvmlStatus.success) {
    return { source: null, problem: `${path} does not start: ${initialisationWords(code)}`, missing: "driver" };
  }
  const driver = (await driverVersion(library)).value;
  const { boards, withoutEnergy } = await findBoards(library, request);
  if (boards.length === 0) {
    await shutDown(library);
    const why = withoutEnergy.map(({ name, why: reason }) => `${name}: ${reason}`).join("; ");
    return { source: null, problem: why === "" ? `${path} knows no board` : why, missing: "boards" };
  }
  return { source: sourceOf(library, boards), driver, libraryPath: path, withoutEnergy };
}

function missingPart(absence: object): "koffi" | "library" {
  return "missing" in absence && absence.missing === "koffi" ? "koffi" : "library";
}

function initialisationWords(code: number): string {
  if (code === nvmlStatus.driverNotLoaded) return "the NVIDIA kernel driver is not loaded";
  if (code === nvmlStatus.versionMismatch)
    return "it is of another version than the loaded driver; reboot to load its own";
  if (code === nvmlStatus.timeout) return "the driver did not answer in time";
  return statusWords(code);
}

function sourceOf(library: NvmlLibrary, boards: readonly NvmlBoard[]): GpuEnergySource {
  return {
    id: "nvml",
    boards: boards.map(({ board }) => board),
    needsPolling: boards.some(({ board }) => board.method === "integrated_power"),
    poll: async () => {
      for (const board of boards) await board.poll();
    },
    read: async () => {
      const readings: GpuBoardReading[] = [];
      for (const board of boards) {
        const reading = await board.read();
        if (reading !== null) readings.push(reading);
      }
      if (boards.some(({ isLost }) => isLost)) await restart(library, boards);
      return readings;
    },
    close: async () => {
      await shutDown(library);
    },
  };
}

/** After a driver reload or a board's reset: handles are void, and indices may have changed, so boards are found by UUID. */
async function restart(library: NvmlLibrary, boards: readonly NvmlBoard[]): Promise<void> {
  await shutDown(library);
  const handles = new Map<string, DeviceHandle>();
  if ((await initialise(library)) === nvmlStatus.success) {
    for (const handle of await allHandles(library)) {
      const uuid = await deviceUuid(library, handle);
      if (uuid.value !== null) handles.set(uuid.value, handle);
    }
  }
  for (const board of boards) board.restartWith(handles.get(board.board.id) ?? null);
}

async function allHandles(library: NvmlLibrary): Promise<DeviceHandle[]> {
  const count = (await deviceCount(library)).value ?? 0;
  const handles: DeviceHandle[] = [];
  for (let index = 0; index < Math.min(count, largestBoardCount); index += 1) {
    const handle = await deviceByIndex(library, index);
    // One that this user may not see (NO_PERMISSION) does not hide the others.
    if (handle.value !== null) handles.push(handle.value);
  }
  return handles;
}

const largestBoardCount = 64;

interface FoundBoards {
  readonly boards: readonly NvmlBoard[];
  readonly withoutEnergy: readonly BoardWithoutEnergy[];
}

async function findBoards(library: NvmlLibrary, request: NvmlRequest): Promise<FoundBoards> {
  const boards: NvmlBoard[] = [];
  const withoutEnergy: BoardWithoutEnergy[] = [];
  for (const handle of await allHandles(library)) {
    const name = (await deviceName(library, handle)).value ?? "NVIDIA GPU";
    const uuid = await deviceUuid(library, handle);
    if (uuid.value === null) {
      withoutEnergy.push({ name, why: `it does not say who it is (${statusWords(uuid.code)})` });
      continue;
    }
    const method = await methodOf(library, handle);
    if (method === null) {
      withoutEnergy.push({ name, why: "it shows neither energy nor power" });
      continue;
    }
    const divided = (await isDivided(library, handle)).value === true;
    const board: GpuBoard = {
      id: uuid.value,
      pciAddress: (await devicePciAddress(library, handle)).value,
      name,
      vendor: "nvidia",
      method,
      uncertainty: uncertaintyOf(method, request.hostname),
      note: divided ? dividedNote : null,
    };
    const largestWatts = largestStepWatts(await powerLimitWatts(library, handle));
    boards.push(new NvmlBoard(board, handle, largestWatts, !divided, library, request.clock));
  }
  return { boards, withoutEnergy };
}

const dividedNote =
  "it is divided into instances (MIG): energy is counted for the whole board, and nobody can say which instance took it";

/** Counted joules where there are any; an error that may pass is no reason to settle for less. */
async function methodOf(library: NvmlLibrary, handle: DeviceHandle): Promise<GpuBoard["method"] | null> {
  if (permanentTrouble(await totalMillijoules(library, handle)) === null) return "energy_counter";
  return permanentTrouble(await powerMilliwatts(library, handle)) === null ? "integrated_power" : null;
}

/** Twice what the board is held to, since limits hold over milliseconds; 3 kW, more than any board on sale, where none is told. */
function largestStepWatts(limit: Answer<number>): number {
  return limit.value === null || limit.value <= 0 ? 3000 : limit.value * 2;
}

/**
 * Against external meters the counter is within 5 to 10 % over a second or more (Yang, Adámek, Armour, SC24, arXiv 2312.02741), read
 * as +-7 % rectangular: 0.04. Watts sampled ten times a second miss what happens in between: 0.1, a judgement.
 */
function uncertaintyOf(method: GpuBoard["method"], hostname: string | null): SourceUncertainty {
  return {
    gainLnSigma: method === "energy_counter" ? 0.04 : 0.1,
    sourceId: `nvml.gain/host=${hostname ?? "unknown"}`,
    citation: "Yang, Adámek, Armour, SC24, arXiv 2312.02741: GPU sensors against external meters",
  };
}
