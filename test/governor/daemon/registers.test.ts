import { chmodSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { simulatedHost } from "../../../src/simulate/host.ts";
import { failingFiles } from "../../../src/simulate/live-file.ts";
import { msrTree } from "../../../src/simulate/msr-tree.ts";
import { constantPower } from "../../../src/simulate/profile.ts";
import {
  ask,
  type GovernorPlace,
  governorPlace,
  spawnGovernor,
  startGovernor,
  totalsOf,
  until,
} from "../../support/governor.ts";
import { writeProc } from "../../support/kernel-tree.ts";
import { failReading, type MsrRoots, placeCpus, setRegisters, takeOffline } from "../../support/msr-tree.ts";
import { hostShape, simulationDirectory } from "../../support/simulated-counters.ts";

const unit = 0x606;
const packageEnergy = 0x611;
const memoryEnergy = 0x619;
/** 2^-14 J a count. */
const usualUnit = 0xa0e03n;
const countsOfJoule = 2n ** 14n;

interface MsrPlace extends GovernorPlace {
  readonly roots: MsrRoots;
}

/** A host with registers and no powercap; `packages` has the package of each CPU. */
function msrPlace(packages: readonly number[]): MsrPlace {
  const place = governorPlace([]);
  const roots = { ...place.roots, msr: join(dirname(place.roots.sys), "cpu") };
  writeProc(roots, { model: 151 });
  placeCpus(roots, packages);
  return { ...place, roots };
}

function registerFlags({ roots }: MsrPlace, more: readonly string[] = []): string[] {
  return ["--rapl-mode=msr", `--msr-root=${roots.msr}`, `--sys-root=${roots.sys}`, ...more];
}

test("in MSR mode, the governor counts the simulated host's registers to the count", async () => {
  const directory = simulationDirectory();
  const host = simulatedHost(hostShape({ packages: 2, parts: ["dram", "core", "psys"], profile: constantPower(300) }));
  const tree = msrTree({
    directory,
    host,
    faults: [],
    failing: failingFiles({ proc: "/proc", sys: "/sys" }),
    mode: 0o444,
  });
  onTestFinished(() => tree.close());
  // A counter that shows 0 is none: let each have counted.
  host.advanceTo(1_000_000_000n);
  tree.show(0n, 1_000_000_000n);
  const start = host.domains.map(({ counter }) => counter.raw());
  const place = governorPlace([]);
  const roots = { proc: join(directory, "proc"), sys: join(directory, "sys"), msr: join(directory, "dev", "cpu") };
  const simulated = { ...place, roots };
  await startGovernor(simulated, registerFlags(simulated));
  host.advanceTo(1_400_000_000n);
  tree.show(1_000_000_000n, 1_400_000_000n);
  const expected = Object.fromEntries(
    host.domains.map(({ counter }, index) => [
      tree.ids[index] ?? "",
      Number(((counter.raw() - (start[index] ?? 0n)) * 1_000_000n) / countsOfJoule),
    ]),
  );
  expect(Object.keys(expected).length).toBe(7);
  await until(async () => isDeepStrictEqual(await totalsOf(place.socketPath), expected));
  const info = await ask(place.socketPath, '{"op":"info"}');
  expect(info).toMatchObject({ mode: "msr" });
});

test("one CPU of each package is read, whatever --msr-cpus lists", async () => {
  const place = msrPlace([0, 0, 0, 1, 1]);
  for (const cpu of [0, 1, 2, 3, 4]) setRegisters(place.roots, cpu, { [unit]: usualUnit, [packageEnergy]: 5n });
  await startGovernor(place, registerFlags(place, ["--msr-cpus=1,2,4"]));
  expect(await totalsOf(place.socketPath)).toEqual({ "package-0": 0, "package-1": 0 });
  // CPU 1 and CPU 4 were chosen: what the others show is not looked at.
  for (const cpu of [0, 2, 3]) setRegisters(place.roots, cpu, { [packageEnergy]: 5n + 90n * countsOfJoule });
  for (const cpu of [1, 4]) setRegisters(place.roots, cpu, { [packageEnergy]: 5n + 7n * countsOfJoule });
  await until(async () => Object.values(await totalsOf(place.socketPath)).every((total) => total !== 0));
  expect(await totalsOf(place.socketPath)).toEqual({ "package-0": 7_000_000, "package-1": 7_000_000 });
});

test("a package whose CPU goes offline is read through the next one, without a break", async () => {
  const place = msrPlace([0, 0]);
  for (const cpu of [0, 1]) setRegisters(place.roots, cpu, { [unit]: usualUnit, [packageEnergy]: 5n });
  await startGovernor(place, registerFlags(place));
  takeOffline(place.roots, 0, [1]);
  setRegisters(place.roots, 1, { [packageEnergy]: 5n + 3n * countsOfJoule });
  await until(async () => (await totalsOf(place.socketPath))["package-0"] === 3_000_000);
  expect(await ask(place.socketPath, "{}")).toMatchObject({ gaps: 0, counters_uj: { "package-0": 3_000_000 } });
});

test("registers go on after a restart; powercap's totals do not become theirs", async () => {
  const place = msrPlace([0]);
  const show = (counts: bigint): void =>
    setRegisters(place.roots, 0, { [unit]: usualUnit, [packageEnergy]: counts, [memoryEnergy]: counts });
  show(5n);
  const governor = await startGovernor(place, registerFlags(place));
  const { governor_id: id } = await ask(place.socketPath, "{}");
  await governor.end("SIGKILL");
  show(5n + 2n * countsOfJoule);
  const again = await startGovernor(place, registerFlags(place));
  await until(async () => (await totalsOf(place.socketPath))["package-0"] === 2_000_000);
  expect(await ask(place.socketPath, "{}")).toMatchObject({
    governor_id: id,
    totals_uj: { "package-0": 2_000_000, "package-0/dram": 2_000_000 },
  });
  const info = await ask(place.socketPath, '{"op":"info"}');
  expect(info["domains"]).toMatchObject([
    {
      id: "package-0",
      name: "package-0",
      parent: null,
      counted: true,
      unit_nj: 1_000_000_000,
      counts_per_unit: 16_384,
    },
    { id: "package-0/dram", name: "dram", parent: "package-0", counted: true },
  ]);
  await again.end("SIGTERM");
  const powercap = await startGovernor(place, ["--allow-empty"]);
  expect((await ask(place.socketPath, "{}"))["governor_id"]).not.toBe(id);
  expect(powercap.log()).toContain("it was counted in the mode msr");
});

test.each([
  ["no register device", () => undefined, "sudo modprobe msr"],
  [
    "a hypervisor's empty registers",
    (place: MsrPlace) => setRegisters(place.roots, 0, { [unit]: 0n }),
    "shows no RAPL",
  ],
  ["registers that fail", (place: MsrPlace) => failReading(place.roots, 0), "reading the counters fails (EIO)"],
])("with %s it ends with status 5 and says why", async (_, lay, sentence) => {
  const place = msrPlace([0]);
  lay(place);
  const governor = spawnGovernor(place, registerFlags(place));
  await until(() => governor.child.exitCode !== null);
  expect(governor.child.exitCode).toBe(5);
  expect(governor.log()).toContain(sentence);
});

const canDropRoot = process.getuid?.() === 0;

test.each(canDropRoot ? ["65534:65534"] : [])(
  "as %s, registers opened before are read on, and a CPU that comes back is counted on",
  async (user) => {
    const place = msrPlace([0]);
    setRegisters(place.roots, 0, { [unit]: usualUnit, [packageEnergy]: 5n });
    const device = join(place.roots.msr, "0", "msr");
    chmodSync(device, 0o400);
    mkdirSync(dirname(place.stateFile), { recursive: true });
    chmodSync(dirname(place.stateFile), 0o777);
    chmodSync(dirname(place.socketPath), 0o755);
    const governor = await startGovernor(place, registerFlags(place, [`--user=${user}`]));
    setRegisters(place.roots, 0, { [packageEnergy]: 5n + 4n * countsOfJoule });
    await until(async () => (await totalsOf(place.socketPath))["package-0"] === 4_000_000);
    // A reading that fails, as of a CPU that is offline: the file is short, then whole again.
    truncateSync(device, 0);
    await until(async () => Number((await ask(place.socketPath, "{}"))["gaps"]) > 0);
    setRegisters(place.roots, 0, { [unit]: usualUnit, [packageEnergy]: 5n + 6n * countsOfJoule });
    await until(async () => (await totalsOf(place.socketPath))["package-0"] === 6_000_000);
    const status = readFileSync(`/proc/${governor.child.pid}/status`, "utf8");
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  },
);
