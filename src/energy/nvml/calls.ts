import type { NvmlArgument, NvmlFunction, NvmlLibrary } from "./library.ts";
import { nvmlStatus, statusWords, troubleOf } from "./status.ts";

/**
 * The functions that are used, with their structures read from and written to buffers: layouts of nvml.h for 64-bit Linux, all
 * little endian. Each answer is a value or the code that stands in its place.
 */
export type Answer<Value> =
  | { readonly value: Value; readonly code: 0 }
  | { readonly value: null; readonly code: number };

/** An opaque device handle. It is valid until the library is shut down. */
export type DeviceHandle = bigint;

export interface ProcessSample {
  readonly pid: number;
  /** Wall time of the sample in microseconds, by the driver's clock. */
  readonly timestampMicroseconds: bigint;
  /** Share of time in which the process had work on streaming multiprocessors, 0 to 100. */
  readonly smPercent: number;
}

export interface RunningProcess {
  readonly pid: number;
  /** Null where the driver does not say (all ones). */
  readonly memoryBytes: number | null;
}

export interface DeviceMemory {
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** Name and UUID buffers of nvml.h: 96 bytes each hold every older length too. */
const textLength = 96;

export async function initialise(library: NvmlLibrary): Promise<number> {
  return library.call("nvmlInit_v2");
}

export async function shutDown(library: NvmlLibrary): Promise<number> {
  return library.call("nvmlShutdown");
}

export async function driverVersion(library: NvmlLibrary): Promise<Answer<string>> {
  const text = Buffer.alloc(textLength);
  return answered(await library.call("nvmlSystemGetDriverVersion", text, text.length), () => textOf(text));
}

export async function deviceCount(library: NvmlLibrary): Promise<Answer<number>> {
  return numberFrom(library, "nvmlDeviceGetCount_v2");
}

export async function deviceByIndex(library: NvmlLibrary, index: number): Promise<Answer<DeviceHandle>> {
  const handle = Buffer.alloc(8);
  const code = await library.call("nvmlDeviceGetHandleByIndex_v2", index, handle);
  return answered(code, () => handle.readBigUInt64LE());
}

export async function deviceName(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<string>> {
  const text = Buffer.alloc(textLength);
  return answered(await library.call("nvmlDeviceGetName", device, text, text.length), () => textOf(text));
}

/** "GPU-…": the same over reboots, which the index is not. */
export async function deviceUuid(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<string>> {
  const text = Buffer.alloc(textLength);
  return answered(await library.call("nvmlDeviceGetUUID", device, text, text.length), () => textOf(text));
}

/** As /sys writes it, "0000:0a:00.0"; NVML's own has eight digits of domain and capitals (nvmlPciInfo_t, busId at 36). */
export async function devicePciAddress(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<string>> {
  const information = Buffer.alloc(128);
  const code = await library.call("nvmlDeviceGetPciInfo_v3", device, information);
  return answered(code, () =>
    textOf(information.subarray(36, 68))
      .toLowerCase()
      .replace(/^0{4}(?=[0-9a-f]{4}:)/, ""),
  );
}

/** Whether the board is divided into instances (MIG) now. */
export async function isDivided(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<boolean>> {
  const [current, pending] = [Buffer.alloc(4), Buffer.alloc(4)];
  const code = await library.call("nvmlDeviceGetMigMode", device, current, pending);
  return answered(code, () => current.readUInt32LE() === 1);
}

/** Watts that the board is held to. */
export async function powerLimitWatts(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<number>> {
  return scaled(await numberFrom(library, "nvmlDeviceGetEnforcedPowerLimit", device), 1e-3);
}

/** Millijoules of the whole board since the driver was loaded; Volta and later. */
export async function totalMillijoules(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<bigint>> {
  const energy = Buffer.alloc(8);
  const code = await library.call("nvmlDeviceGetTotalEnergyConsumption", device, energy);
  return answered(code, () => energy.readBigUInt64LE());
}

/** Milliwatts of the whole board: the mean of the last second on Ampere (but GA100) and later, momentary before. */
export async function powerMilliwatts(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<number>> {
  return numberFrom(library, "nvmlDeviceGetPowerUsage", device);
}

/** Share of time with any kernel running, 0 to 100 (nvmlUtilization_t: gpu at 0, memory at 4). */
export async function busyPercent(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<number>> {
  return numberFrom(library, "nvmlDeviceGetUtilizationRates", device);
}

/** nvmlMemory_v2_t keeps the driver's reserve apart; the first version counts it as used. */
export async function deviceMemory(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<DeviceMemory>> {
  const second = Buffer.alloc(40);
  second.writeUInt32LE(versioned(second.length, 2), 0);
  const code = await library.call("nvmlDeviceGetMemoryInfo_v2", device, second);
  if (code === nvmlStatus.success)
    return answered(code, () => ({ totalBytes: size(second, 8), usedBytes: size(second, 32) }));
  if (code !== nvmlStatus.functionNotFound) return { value: null, code };
  const first = Buffer.alloc(24);
  return answered(await library.call("nvmlDeviceGetMemoryInfo", device, first), () => ({
    totalBytes: size(first, 0),
    usedBytes: size(first, 16),
  }));
}

interface ProcessLayout {
  readonly name: NvmlFunction;
  readonly entryBytes: number;
}

/**
 * Newest first. The symbol without a suffix fills the first structure, {pid, memory} of 16 bytes, whatever the header's macro says;
 * _v2 and _v3 add two instance ids.
 */
const runningProcessLayouts: readonly ProcessLayout[] = [
  { name: "nvmlDeviceGetComputeRunningProcesses_v3", entryBytes: 24 },
  { name: "nvmlDeviceGetComputeRunningProcesses_v2", entryBytes: 24 },
  { name: "nvmlDeviceGetComputeRunningProcesses", entryBytes: 16 },
];

/** Processes that hold a compute context on the board. */
export async function runningProcesses(library: NvmlLibrary, device: DeviceHandle): Promise<Answer<RunningProcess[]>> {
  const layout = runningProcessLayouts.find(({ name }) => library.has(name));
  if (layout === undefined) return { value: null, code: nvmlStatus.functionNotFound };
  const filled = await filledList(layout.entryBytes, (entries, count) =>
    library.call(layout.name, device, count, entries),
  );
  return mapped(filled, (entry) => ({
    pid: entry.readUInt32LE(0),
    memoryBytes: entry.readBigUInt64LE(8) === allOnes ? null : size(entry, 8),
  }));
}

/** Processes that had work since `lastSeenMicroseconds`; none is no error. nvmlProcessUtilizationSample_t, 32 bytes. */
export async function processSamples(
  library: NvmlLibrary,
  device: DeviceHandle,
  lastSeenMicroseconds: bigint,
): Promise<Answer<ProcessSample[]>> {
  const filled = await filledList(32, (entries, count) =>
    library.call("nvmlDeviceGetProcessUtilization", device, entries, count, lastSeenMicroseconds),
  );
  if (filled.code === nvmlStatus.notFound) return { value: [], code: nvmlStatus.success };
  return mapped(filled, (entry) => ({
    pid: entry.readUInt32LE(0),
    timestampMicroseconds: entry.readBigUInt64LE(8),
    smPercent: entry.readUInt32LE(16),
  }));
}

/** Where a permanent trouble stands in a value's place, its words; else null. */
export function permanentTrouble(answer: Answer<unknown>): string | null {
  if (answer.value !== null || troubleOf(answer.code) !== "permanent") return null;
  return statusWords(answer.code);
}

const allOnes = 2n ** 64n - 1n;

/** Asked for its length first, a list may have grown by the second question: some room to spare, and a few attempts. */
async function filledList(
  entryBytes: number,
  ask: (entries: Buffer | null, count: Buffer) => Promise<number>,
): Promise<Answer<Buffer[]>> {
  const count = Buffer.alloc(4);
  let code = await ask(null, count);
  for (let attempt = 0; attempt < 3 && code === nvmlStatus.insufficientSize; attempt += 1) {
    const capacity = Math.min(count.readUInt32LE(), largestList) + 16;
    const entries = Buffer.alloc(capacity * entryBytes);
    count.writeUInt32LE(capacity);
    code = await ask(entries, count);
    if (code !== nvmlStatus.success) continue;
    const length = Math.min(count.readUInt32LE(), capacity);
    return answered(code, () =>
      Array.from({ length }, (_, index) => entries.subarray(index * entryBytes, (index + 1) * entryBytes)),
    );
  }
  return answered(code, () => []);
}

/** No board runs more processes; a count beyond it is garbage, and must not become an allocation. */
const largestList = 4096;

function mapped<From, To>(answer: Answer<From[]>, map: (value: From) => To): Answer<To[]> {
  return answer.value === null ? answer : { ...answer, value: answer.value.map(map) };
}

/** The version word of a versioned structure: its size, and the version in the top byte (nvml.h, NVML_STRUCT_VERSION). */
function versioned(bytes: number, version: number): number {
  return bytes + version * 2 ** 24;
}

async function numberFrom(
  library: NvmlLibrary,
  name: NvmlFunction,
  ...before: readonly NvmlArgument[]
): Promise<Answer<number>> {
  const result = Buffer.alloc(8);
  return answered(await library.call(name, ...before, result), () => result.readUInt32LE());
}

function scaled(answer: Answer<number>, factor: number): Answer<number> {
  return answer.value === null ? answer : { ...answer, value: answer.value * factor };
}

function answered<Value>(code: number, value: () => Value): Answer<Value> {
  return code === nvmlStatus.success ? { value: value(), code } : { value: null, code };
}

function size(buffer: Buffer, offset: number): number {
  return Number(buffer.readBigUInt64LE(offset));
}

function textOf(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString("utf8", 0, end === -1 ? buffer.length : end);
}
