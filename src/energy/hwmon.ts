import { realpathSync } from "node:fs";
import { basename, join } from "node:path";
import type { Clock } from "../clock.ts";
import { listKernelDirectory, readOptionalKernelFile } from "../host/optional-kernel-file.ts";
import { advanceCounter, type CounterRule, microjoulesOf, missReading, unreadCounter } from "./counter.ts";
import type { GpuBoard, GpuBoardReading, GpuEnergySource } from "./gpu.ts";
import { addPower, emptyIntegral, microjoulesOfIntegral, missPower } from "./integrated-power.ts";
import type { SourceUncertainty } from "./source.ts";

/**
 * GPUs whose drivers show energy or power as a hardware monitor (kernel Documentation/hwmon/sysfs-interface.rst): energyN_input in
 * microjoules, powerN_average and powerN_input in microwatts. Monitors are known by their name and the device they belong to, since
 * their numbers change from boot to boot.
 */

export interface HwmonGpu {
  readonly board: GpuBoard;
  /** The file that is read: microjoules or microwatts, as the board's method says. */
  readonly file: string;
}

export interface HwmonGpus {
  readonly boards: readonly HwmonGpu[];
  /** GPUs with a monitor whose energy is not taken from it, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
}

type HwmonVendor = "amd" | "intel";

const drivers: ReadonlyMap<string, HwmonVendor> = new Map([
  ["amdgpu", "amd"],
  ["i915", "intel"],
  ["xe", "intel"],
]);

/** Never throws: a monitor that cannot be read is left out, with why. */
export function findHwmonGpus(sysRoot: string, hostname: string | null): HwmonGpus {
  const boards: HwmonGpu[] = [];
  const leftOut: { name: string; why: string }[] = [];
  const classDirectory = join(sysRoot, "class", "hwmon");
  for (const entry of listKernelDirectory(classDirectory).toSorted(byNumber)) {
    const directory = join(classDirectory, entry);
    const driver = readOptionalKernelFile(join(directory, "name")) ?? "";
    const vendor = drivers.get(driver);
    if (vendor === undefined) continue;
    const id = deviceOf(directory) ?? entry;
    const name = nameOf(directory, vendor, id);
    if (isPartOfCpuPackage(directory, vendor)) {
      leftOut.push({ name, why: "it is part of the CPU package, whose counter holds its energy already" });
      continue;
    }
    const found = fileOf(directory);
    if (found === null) leftOut.push({ name, why: "its driver shows neither energy nor power that makes sense" });
    else boards.push({ file: found.file, board: boardOf(id, name, vendor, driver, found.method, hostname) });
  }
  return { boards, leftOut };
}

/** Opens them as one source, with the first reading as the baseline. */
export function openHwmon(gpus: readonly HwmonGpu[], clock: Clock): GpuEnergySource {
  const meters = gpus.map((gpu) =>
    gpu.board.method === "energy_counter" ? counted(gpu, clock) : integrated(gpu, clock),
  );
  return {
    id: "hwmon",
    boards: gpus.map(({ board }) => board),
    needsPolling: gpus.some(({ board }) => board.method === "integrated_power"),
    poll: async () => {
      for (const meter of meters) meter.poll();
    },
    read: async () => meters.map((meter) => meter.read()).filter((reading) => reading !== null),
    close: async () => undefined,
  };
}

interface HwmonMeter {
  poll(): void;
  /** Null when the file cannot be read now. */
  read(): GpuBoardReading | null;
}

/** Largest power of any board on sale with room to spare; it also refuses all-ones of 32 bits in microwatts (4295 W). */
const largestWatts = 3000;

/**
 * i915 and xe extend a 32-bit register to 64 bits, but only when the file is read (kernel i915_hwmon.c, hwm_energy): a register
 * wraps after many minutes at full power, so any interval of sampling is short enough. A decrease is a reset, and adds nothing.
 */
const counterRule: CounterRule = {
  unitNanojoules: 1000n,
  modulus: null,
  limits: { largestStepWatts: largestWatts, largestSustainedWatts: largestWatts, neverRests: false },
};

function counted({ board, file }: HwmonGpu, clock: Clock): HwmonMeter {
  let state = unreadCounter;
  return {
    poll: () => undefined,
    read: () => {
      const microjoules = countIn(file);
      const monotonicNs = clock.monotonicNs();
      if (microjoules === null) {
        state = missReading(state);
        return null;
      }
      state = advanceCounter(state, counterRule, microjoules, monotonicNs);
      return readingOf(board, monotonicNs, microjoulesOf(state, counterRule), state.gaps);
    },
  };
}

function integrated({ board, file }: HwmonGpu, clock: Clock): HwmonMeter {
  let integral = emptyIntegral;
  const sample = (): bigint | null => {
    const microwatts = countIn(file);
    const monotonicNs = clock.monotonicNs();
    if (microwatts === null || microwatts > BigInt(largestWatts) * 1_000_000n) {
      integral = missPower(integral);
      return null;
    }
    integral = addPower(integral, Number(microwatts / 1000n), monotonicNs, largestWatts);
    return monotonicNs;
  };
  return {
    poll: sample,
    read: () => {
      const monotonicNs = sample();
      if (monotonicNs === null) return null;
      return readingOf(board, monotonicNs, microjoulesOfIntegral(integral), integral.gaps);
    },
  };
}

function readingOf(board: GpuBoard, monotonicNs: bigint, microjoules: bigint, gaps: number): GpuBoardReading {
  return {
    board,
    monotonicNs,
    microjoules,
    gaps,
    busyPercent: null,
    memoryUsedBytes: null,
    memoryTotalBytes: null,
    processes: null,
    idleWatts: null,
  };
}

interface FoundFile {
  readonly file: string;
  readonly method: GpuBoard["method"];
}

/** Counted joules first. xe has one counter for the card and one for the package on it, told apart by their labels. */
function fileOf(directory: string): FoundFile | null {
  const energyFiles = ["energy1_input", "energy2_input"].filter((name) => isSensible(join(directory, name)));
  const card = energyFiles.find((name) => labelOf(directory, name) === "card") ?? energyFiles[0];
  if (card !== undefined) return { file: join(directory, card), method: "energy_counter" };
  const power = ["power1_average", "power1_input"].find((name) => isSensible(join(directory, name)));
  return power === undefined ? null : { file: join(directory, power), method: "integrated_power" };
}

function labelOf(directory: string, inputName: string): string | null {
  return readOptionalKernelFile(join(directory, inputName.replace("_input", "_label")));
}

function isSensible(file: string): boolean {
  return countIn(file) !== null;
}

/** What drivers and BMCs show for "no value": all ones of 32 and 64 bits, and of 32 bits in thousands. */
const sentinels: ReadonlySet<bigint> = new Set([2n ** 32n - 1n, (2n ** 32n - 1n) * 1000n, 2n ** 64n - 1n]);

function countIn(file: string): bigint | null {
  const text = readOptionalKernelFile(file);
  if (text === null || !/^\d{1,20}$/.test(text)) return null;
  const count = BigInt(text);
  return sentinels.has(count) ? null : count;
}

/**
 * An AMD processor with graphics shows the power of the whole processor under its GPU's name. Only boards of their own have a power
 * cap (kernel amdgpu_pm.c, hwmon_attributes_visible). i915 and xe have monitors for boards of their own alone (i915_hwmon.c, xe_hwmon.c).
 */
function isPartOfCpuPackage(directory: string, vendor: HwmonVendor): boolean {
  return vendor === "amd" && readOptionalKernelFile(join(directory, "power1_cap")) === null;
}

/** The name of the device that the monitor belongs to: a PCI address. */
function deviceOf(directory: string): string | null {
  try {
    return basename(realpathSync(join(directory, "device")));
  } catch {
    return null;
  }
}

function nameOf(directory: string, vendor: HwmonVendor, id: string): string {
  const product = readOptionalKernelFile(join(directory, "device", "product_name"));
  return product || `${vendor === "amd" ? "AMD" : "Intel"} GPU ${id}`;
}

function boardOf(
  id: string,
  name: string,
  vendor: HwmonVendor,
  driver: string,
  method: GpuBoard["method"],
  hostname: string | null,
): GpuBoard {
  return { id, pciAddress: id, name, vendor, method, uncertainty: uncertaintyOf(driver, method, hostname), note: null };
}

/** Nobody published these sensors against a meter: a judgement, with room for what sampled watts miss. */
function uncertaintyOf(driver: string, method: GpuBoard["method"], hostname: string | null): SourceUncertainty {
  return {
    gainLnSigma: method === "energy_counter" ? 0.07 : 0.1,
    sourceId: `hwmon.${driver}.gain/host=${hostname ?? "unknown"}`,
    citation: "judgement: no comparison of this driver's sensor with a meter is published",
  };
}

function byNumber(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true });
}
