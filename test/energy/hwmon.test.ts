import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { GpuBoardReading, GpuEnergySource } from "../../src/energy/gpu.ts";
import { findHwmonGpus, openHwmon } from "../../src/energy/hwmon.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";
import { manualClock } from "../support/manual-clock.ts";

const address = "0000:03:00.0";

/** A hardware monitor as the kernel shows it: a directory of its device, with a link back to the device. */
function writeMonitor(
  roots: HostRoots,
  number: number,
  files: Readonly<Record<string, string>>,
  device = address,
): string {
  const deviceDirectory = join(roots.sys, "devices", "pci0000:00", device);
  const directory = join(deviceDirectory, "hwmon", `hwmon${number}`);
  for (const [name, text] of Object.entries(files)) writeKernelFile(join(directory, name), `${text}\n`);
  symlinkSync(deviceDirectory, join(directory, "device"));
  const classDirectory = join(roots.sys, "class", "hwmon");
  mkdirSync(classDirectory, { recursive: true });
  symlinkSync(directory, join(classDirectory, `hwmon${number}`));
  return directory;
}

const amdBoard = { name: "amdgpu", power1_average: "100000000", power1_cap: "300000000" };
const intelBoard = { name: "i915", energy1_input: "5000000" };

function opened(roots: HostRoots) {
  const clock = manualClock();
  return { clock, source: openHwmon(findHwmonGpus(roots.sys, "h").boards, clock) };
}

async function onlyReading(source: GpuEnergySource): Promise<GpuBoardReading> {
  const [reading] = await source.read();
  if (reading === undefined) throw new Error("the board was not read");
  return reading;
}

test("boards are known by driver and device, whatever their monitor's number", () => {
  const roots = kernelTree();
  writeMonitor(roots, 11, amdBoard);
  writeMonitor(roots, 2, intelBoard, "0000:04:00.0");
  writeMonitor(roots, 3, { name: "coretemp", power1_input: "5" }, "0000:05:00.0");
  const { boards } = findHwmonGpus(roots.sys, "h");
  expect(boards.map(({ board }) => [board.id, board.vendor, board.method])).toEqual([
    ["0000:04:00.0", "intel", "energy_counter"],
    [address, "amd", "integrated_power"],
  ]);
});

test("an Intel board's joules are what its counter gained", async () => {
  const roots = kernelTree();
  const directory = writeMonitor(roots, 0, intelBoard);
  const { source, clock } = opened(roots);
  await onlyReading(source);
  clock.advanceSeconds(1);
  writeKernelFile(join(directory, "energy1_input"), "55000001\n");
  expect(await onlyReading(source)).toMatchObject({ microjoules: 50_000_001n, gaps: 0 });
});

test("of xe's two counters the card's is taken, which holds the package's", () => {
  const roots = kernelTree();
  const files = { energy1_input: "1", energy1_label: "pkg", energy2_input: "2", energy2_label: "card" };
  writeMonitor(roots, 0, { name: "xe", ...files });
  expect(findHwmonGpus(roots.sys, "h").boards[0]?.file).toMatch(/energy2_input$/);
});

test("an AMD board's watts are summed up over time", async () => {
  const roots = kernelTree();
  const directory = writeMonitor(roots, 0, amdBoard);
  const { source, clock } = opened(roots);
  await onlyReading(source);
  clock.advanceSeconds(0.1);
  writeKernelFile(join(directory, "power1_average"), "200000000\n");
  await source.poll();
  clock.advanceSeconds(0.1);
  // 0.1 s at 150 W on average, then 0.1 s at 200 W.
  expect(await onlyReading(source)).toMatchObject({ microjoules: 35_000_000n, gaps: 0 });
});

test("newer AMD drivers call it power1_input", () => {
  const roots = kernelTree();
  writeMonitor(roots, 0, { name: "amdgpu", power1_input: "1000000", power1_cap: "1" });
  expect(findHwmonGpus(roots.sys, "h").boards[0]?.file).toMatch(/power1_input$/);
});

test("graphics inside an AMD processor is not counted twice", () => {
  const roots = kernelTree();
  writeMonitor(roots, 0, { name: "amdgpu", power1_input: "15000000" });
  const { boards, leftOut } = findHwmonGpus(roots.sys, "h");
  expect(boards).toEqual([]);
  expect(leftOut[0]?.why).toContain("part of the CPU package");
});

test.each(["4294967295", "4294967295000", "18446744073709551615", "-1", "", "nan"])(
  "a monitor that shows %j shows no value",
  (text) => {
    const roots = kernelTree();
    writeMonitor(roots, 0, { name: "i915", energy1_input: text });
    const { boards, leftOut } = findHwmonGpus(roots.sys, "h");
    expect(boards).toEqual([]);
    expect(leftOut).toHaveLength(1);
  },
);

test.each(["4294967295000", "65535000000"])("%s microwatts later on is a failed reading, not power", async (text) => {
  const roots = kernelTree();
  const directory = writeMonitor(roots, 0, amdBoard);
  const { source, clock } = opened(roots);
  await onlyReading(source);
  clock.advanceSeconds(1);
  writeKernelFile(join(directory, "power1_average"), `${text}\n`);
  expect(await source.read()).toEqual([]);
  clock.advanceSeconds(1);
  writeKernelFile(join(directory, "power1_average"), "100000000\n");
  expect(await onlyReading(source)).toMatchObject({ microjoules: 200_000_000n, gaps: 1 });
});

test("samples too far apart say nothing about the time between them", async () => {
  const roots = kernelTree();
  writeMonitor(roots, 0, amdBoard);
  const { source, clock } = opened(roots);
  await onlyReading(source);
  clock.advanceSeconds(60);
  expect(await onlyReading(source)).toMatchObject({ microjoules: 0n, gaps: 1 });
});

test("a counter that goes backwards adds nothing", async () => {
  const roots = kernelTree();
  const directory = writeMonitor(roots, 0, intelBoard);
  const { source, clock } = opened(roots);
  await onlyReading(source);
  clock.advanceSeconds(1);
  writeKernelFile(join(directory, "energy1_input"), "1\n");
  expect(await onlyReading(source)).toMatchObject({ microjoules: 0n, gaps: 1 });
});

test("a board that vanishes is left out, and comes back with a gap", async () => {
  const roots = kernelTree();
  const directory = writeMonitor(roots, 0, intelBoard);
  const { source, clock } = opened(roots);
  await onlyReading(source);
  rmSync(join(directory, "energy1_input"));
  expect(await source.read()).toEqual([]);
  clock.advanceSeconds(1);
  writeKernelFile(join(directory, "energy1_input"), "6000000\n");
  expect(await onlyReading(source)).toMatchObject({ microjoules: 1_000_000n, gaps: 1 });
});
