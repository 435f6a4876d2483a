import type { Provenance } from "../../energy/source.ts";
import type { IdleBaseline } from "../../monitor/energy-figures.ts";
import type { GpuPower } from "../../monitor/gpu-watch.ts";
import type { ConsumerPower, HostView, PartPower } from "../../monitor/host-watch.ts";
import { formatDurationSeconds, formatSignificant, formatWatts } from "../../units.ts";
import { type TextStyle, wrapText } from "./style.ts";

export type TopOrder = "w" | "j" | "p";

export interface TopPage {
  readonly view: HostView;
  readonly consumerKind: "process" | "cgroup";
  readonly order: TopOrder;
  readonly source: { readonly label: string; readonly provenance: Provenance };
  readonly idleBaseline: IdleBaseline;
  readonly gpus: readonly GpuPower[];
  /** Null where no region was named: then there is no column of grams. */
  readonly carbon: { readonly region: string; readonly gramsPerWattHour: number } | null;
  readonly notes: readonly string[];
  /** The line that says which keys there are; null where there are none. */
  readonly help: string | null;
}

/** By process id, what processes draw on the boards whose drivers tell them apart; null where no driver does. */
export function gpuPowerByPid(gpus: readonly GpuPower[]): ReadonlyMap<number, PartPower> | null {
  const told = gpus.flatMap(({ processes }) => (processes === null ? [] : [processes]));
  if (told.length === 0) return null;
  const byPid = new Map<number, PartPower>();
  for (const { pid, watts, joules } of told.flat()) {
    const other = byPid.get(pid);
    byPid.set(pid, { watts: watts + (other?.watts ?? 0), joules: joules + (other?.joules ?? 0) });
  }
  return byPid;
}

/** Those that used anything so far. */
export function thatUsed(
  consumers: readonly ConsumerPower[],
  gpuPower: ReadonlyMap<number, PartPower> | null,
): ConsumerPower[] {
  return consumers.filter(
    ({ joules, busyCpus, pid }) => joules !== 0 || busyCpus !== 0 || (pid !== null && gpuPower?.has(pid) === true),
  );
}

/** Sorted for the table: by watts now, by joules so far (largest first, on CPU and GPU together), or by process id (by path for groups). */
export function inOrder(
  consumers: readonly ConsumerPower[],
  order: TopOrder,
  gpuPower: ReadonlyMap<number, PartPower> | null,
): ConsumerPower[] {
  const withGpu = consumers.map((consumer) => {
    const gpu = consumer.pid === null ? undefined : gpuPower?.get(consumer.pid);
    return {
      consumer,
      key: consumer.key,
      pid: consumer.pid,
      watts: consumer.watts + (gpu?.watts ?? 0),
      joules: consumer.joules + (gpu?.joules ?? 0),
    };
  });
  return sorted(withGpu, order).map(({ consumer }) => consumer);
}

function sorted<Row extends Pick<ConsumerPower, "key" | "pid" | "watts" | "joules">>(
  consumers: readonly Row[],
  order: TopOrder,
): Row[] {
  const byName = (left: Row, right: Row): number =>
    (left.pid ?? 0) - (right.pid ?? 0) || Number(left.key > right.key) - Number(left.key < right.key);
  return consumers.toSorted((left, right) => {
    if (order === "w") return right.watts - left.watts || right.joules - left.joules || byName(left, right);
    if (order === "j") return right.joules - left.joules || byName(left, right);
    return byName(left, right);
  });
}

/** One frame of `carbon-ops top`, at most `height` lines of at most `width` characters. The rows add up to the host's line. */
export function topPage(page: TopPage, width: number, height: number, style: TextStyle): string {
  const head = headLines(page, width, style);
  const gpuPower = page.consumerKind === "process" ? gpuPowerByPid(page.gpus) : null;
  const foot = page.help === null ? [] : [style.faint(cut(page.help, width))];
  const columns = columnsOf(page, gpuPower !== null, width);
  const { idle, exited, unattributed } = page.view;
  const gpuOf = (watts: number | null): Cells => (gpuPower === null ? [] : [watts === null ? "" : watts.toFixed(2)]);
  const parts = [
    partRow("idle, nobody's", idle, gpuOf(null), page),
    partRow(`${exited.count} that ended`, exited, gpuOf(null), page),
    partRow("unattributed", unattributed, gpuOf(unsharedGpuWatts(page, gpuPower)), page),
  ].map((cells) => style.faint(lineOf(cells, columns, width)));
  const room = Math.max(1, height - head.length - 1 - parts.length - foot.length);
  const consumers = inOrder(thatUsed(page.view.consumers, gpuPower), page.order, gpuPower);
  const rows = consumers.slice(0, room).map((consumer) => {
    const gpuWatts = consumer.pid === null ? 0 : (gpuPower?.get(consumer.pid)?.watts ?? 0);
    return lineOf(consumerRow(consumer, gpuOf(gpuWatts), page), columns, width);
  });
  const title = style.strong(lineOf(titlesOf(page, gpuPower !== null), columns, width));
  const lines = [...head, title, ...rows, ...parts, ...foot].slice(0, Math.max(1, height));
  return lines.map((line) => `${line}\n`).join("");
}

/** What the told boards draw, less the rows: their idle power, and processes that this host's /proc does not show. */
function unsharedGpuWatts({ gpus, view }: TopPage, gpuPower: ReadonlyMap<number, PartPower> | null): number {
  const told = gpus.filter(({ processes }) => processes !== null);
  const boards = told.reduce((sum, { watts }) => sum + (watts ?? 0), 0);
  return view.consumers.reduce((rest, { pid }) => rest - (pid === null ? 0 : (gpuPower?.get(pid)?.watts ?? 0)), boards);
}

function headLines({ view, source, idleBaseline, carbon, gpus, notes }: TopPage, width: number, style: TextStyle) {
  const grams =
    carbon === null
      ? ""
      : `  ${gramsPerHour(view.hostWatts, carbon.gramsPerWattHour)} g/h (${printable(carbon.region)})`;
  const first = `host ${formatWatts(view.hostWatts)}  ${joulesText(view.hostJoules)} J in ${formatDurationSeconds(view.durationSeconds)}${grams}  CPUs busy ${view.busyCpus.toFixed(2)}`;
  const idle = idleBaseline.watts === null ? "idle power not known" : `idle ${formatWatts(idleBaseline.watts)}`;
  const kind = source.provenance === "measured" ? "measured" : "modelled, not measured";
  const second = [...domainTexts(view), idle].join("  ");
  const third = `${kind}: ${printable(source.label)}`;
  const gaps = view.gaps === 0 ? [] : [`${view.gaps} readings are missing: figures are lower bounds`];
  const cautions = [...gaps, ...notes].flatMap((note) => wrapText(printable(note), width));
  return [
    style.strong(cut(first, width)),
    cut(second, width),
    ...gpus.map((gpu) => cut(gpuText(gpu), width)),
    style.faint(cut(third, width)),
    ...cautions.map((line) => style.caution(line)),
  ];
}

/** Packages one by one; memory, GPUs and the platform each summed up. A single domain is the host, which has its line. */
function domainTexts({ domains }: HostView): string[] {
  if (domains.length === 1) return [];
  const packages = domains.filter(({ kind, counted }) => kind === "package" && counted);
  const names = packages.map(({ watts }, index) => `package ${index} ${formatWatts(watts)}`);
  const sums = (["dram", "gpu", "psys"] as const).flatMap((kind) => {
    const ofKind = domains.filter((domain) => domain.kind === kind && (domain.counted || kind !== "dram"));
    if (ofKind.length === 0) return [];
    return [`${titleOf[kind]} ${formatWatts(ofKind.reduce((sum, { watts }) => sum + watts, 0))}`];
  });
  return [...names, ...sums];
}

const titleOf = { dram: "DRAM", gpu: "GPU", psys: "platform" } as const;

/** Beside the host's line, not inside it. */
function gpuText({ name, watts, joules, busyPercent }: GpuPower): string {
  const power = watts === null ? "power not known" : formatWatts(watts);
  const used = joules === null ? "" : `  ${joulesText(joules)} J`;
  const busy = busyPercent === null ? "" : `  ${formatSignificant(busyPercent)} % busy`;
  return `beside it ${printable(name)}: ${power}${used}${busy}`;
}

type Cells = readonly string[];

function titlesOf({ consumerKind, carbon }: TopPage, hasGpuPower: boolean): Cells {
  const names = consumerKind === "process" ? ["PID", "COMMAND"] : ["CGROUP"];
  return [...names, "CPUs", ...(hasGpuPower ? ["GPU W"] : []), "WATTS", "JOULES", ...(carbon === null ? [] : ["g/h"])];
}

function consumerRow(consumer: ConsumerPower, gpu: Cells, page: TopPage): Cells {
  const names =
    page.consumerKind === "process"
      ? [String(consumer.pid ?? ""), printable(consumer.name)]
      : [printable(consumer.name)];
  return [...names, consumer.busyCpus.toFixed(2), ...gpu, ...powerCells(consumer, page)];
}

function partRow(name: string, part: PartPower, gpu: Cells, page: TopPage): Cells {
  return [...(page.consumerKind === "process" ? [""] : []), name, "", ...gpu, ...powerCells(part, page)];
}

function powerCells({ watts, joules }: PartPower, { carbon }: TopPage): Cells {
  const cells = [watts.toFixed(2), joulesText(joules)];
  return carbon === null ? cells : [...cells, gramsPerHour(watts, carbon.gramsPerWattHour)];
}

function gramsPerHour(watts: number, gramsPerWattHour: number): string {
  return formatSignificant(watts * gramsPerWattHour);
}

function joulesText(joules: number): string {
  return Math.abs(joules) < 1e5 ? joules.toFixed(1) : joules.toExponential(3);
}

interface Column {
  readonly width: number;
  readonly isNumber: boolean;
}

function columnsOf({ consumerKind, carbon }: TopPage, hasGpuPower: boolean, width: number): readonly Column[] {
  const numbers = [6, ...(hasGpuPower ? [8] : []), 9, 10, ...(carbon === null ? [] : [9])].map((size) => ({
    width: size,
    isNumber: true,
  }));
  const pid = consumerKind === "process" ? [{ width: 7, isNumber: true }] : [];
  const taken = [...pid, ...numbers].reduce((sum, column) => sum + column.width + 1, 0);
  return [...pid, { width: Math.max(8, width - taken), isNumber: false }, ...numbers];
}

function lineOf(cells: Cells, columns: readonly Column[], width: number): string {
  const line = columns
    .map((column, index) => {
      const cell = cells[index] ?? "";
      return column.isNumber ? cell.padStart(column.width) : cut(cell, column.width).padEnd(column.width);
    })
    .join(" ");
  return cut(line.trimEnd(), width);
}

function cut(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** Whoever starts a process chooses its name: bytes that would steer the terminal are shown as "?". */
function printable(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{P}\p{S}\p{Zs}]/gu, "?");
}
