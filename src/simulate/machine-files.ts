import { join } from "node:path";
import type { HostShape, QuirkName } from "./host.ts";
import { writeStill } from "./place.ts";

/** Logical CPUs of a package: enough that one can go and another show its counters, on each of two dies. */
export const cpusPerPackage = 4;

/** Packages that the machine shows, with the one that is the first one again. */
export function shownPackages({ packages, parts }: HostShape): number {
  return packages + (parts.includes("twin") ? 1 : 0);
}

/** /proc/cpuinfo and the CPUs' places below /sys, as a machine of that shape has them. */
export function writeMachine(directory: string, shape: HostShape): void {
  const cpuCount = shownPackages(shape) * cpusPerPackage;
  writeStill(join(directory, "proc"), "cpuinfo", cpuInfo(shape, cpuCount));
  writeStill(join(directory, "proc", "sys", "kernel"), "hostname", "simulated\n");
  const cpuDirectory = join(directory, "sys", "devices", "system", "cpu");
  for (let cpu = 0; cpu < cpuCount; cpu += 1) {
    const topology = join(cpuDirectory, `cpu${cpu}`, "topology");
    writeStill(topology, "physical_package_id", `${Math.floor(cpu / cpusPerPackage)}\n`);
    writeStill(topology, "die_id", `${shape.parts.includes("dies") ? dieOf(cpu) : 0}\n`);
  }
  writeOnline(
    directory,
    Array.from({ length: cpuCount }, (_, cpu) => cpu),
  );
}

/** Die of its package that a CPU sits on, where packages have two. */
export function dieOf(cpu: number): number {
  return Math.floor((cpu % cpusPerPackage) / (cpusPerPackage / 2));
}

export function writeOnline(directory: string, cpus: readonly number[]): void {
  writeStill(join(directory, "sys", "devices", "system", "cpu"), "online", `${cpus.join(",")}\n`);
}

/** Family 6 models that have the quirk in their units: Ice Lake, Sapphire Rapids, Silvermont. Without one: Alder Lake. */
const modelsByQuirk: readonly (readonly [QuirkName, number])[] = [
  ["server-dram", 106],
  ["joule-psys", 143],
  ["silvermont", 55],
];
const plainModel = 151;

function cpuInfo({ vendor, quirks }: HostShape, cpuCount: number): string {
  const model = modelsByQuirk.find(([quirk]) => quirks.includes(quirk))?.[1] ?? plainModel;
  const isGuest = quirks.includes("zero-unit");
  const fields = [
    ...(vendor === "amd"
      ? ["vendor_id\t: AuthenticAMD", "cpu family\t: 25", "model\t\t: 17"]
      : ["vendor_id\t: GenuineIntel", "cpu family\t: 6", `model\t\t: ${model}`]),
    "model name\t: simulated processor",
    "stepping\t: 1",
    `flags\t\t: fpu msr${isGuest ? " hypervisor" : ""}`,
  ];
  return Array.from({ length: cpuCount }, (_, cpu) => `processor\t: ${cpu}\n${fields.join("\n")}\n\n`).join("");
}
