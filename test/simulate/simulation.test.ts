import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, readSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openEnergySource } from "../../src/discovery/discover.ts";
import type { EnergyReading, EnergySource } from "../../src/energy/source.ts";
import { parseFault } from "../../src/simulate/fault.ts";
import type { HostShape } from "../../src/simulate/host.ts";
import { failingFiles } from "../../src/simulate/live-file.ts";
import { constantPower, noisyPower } from "../../src/simulate/profile.ts";
import { type Simulation, startSimulation } from "../../src/simulate/simulation.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";
import { hostShape, simulationDirectory } from "../support/simulated-counters.ts";
import { canBecomeNobody } from "../support/unprivileged.ts";

interface Bench {
  readonly directory: string;
  readonly simulation: Simulation;
  readonly source: EnergySource;
  readonly clock: ManualClock;
  /** Half seconds pass, each with a reading of the real files; the last reading is given. */
  readonly readFor: (seconds: number) => EnergyReading;
}

/** The program's own source over the real files of a simulation; the clock of both moves when the test says so. */
function bench(window: "powercap" | "msr", shape: Partial<HostShape>, faults: readonly string[] = []): Bench {
  const directory = simulationDirectory();
  const clock = manualClock();
  const simulation = startSimulation({
    window,
    directory,
    shape: hostShape(shape),
    faults: faults.map(parseFault),
    mode: 0o444,
    speed: 1,
    durationSeconds: null,
    tickMilliseconds: 10_000,
    clock,
    roots: { proc: "/proc", sys: "/sys" },
  });
  const roots = { proc: join(directory, "proc"), sys: join(directory, "sys"), msr: join(directory, "dev", "cpu") };
  const { source } = openEnergySource({ roots, clock, wanted: window });
  onTestFinished(() => {
    source.close();
    simulation.stop();
  });
  const readFor = (seconds: number): EnergyReading => {
    let reading = source.read();
    for (let half = 0; half < seconds * 2; half += 1) {
      clock.advanceSeconds(0.5);
      simulation.truth();
      reading = source.read();
    }
    return reading;
  };
  return { directory, simulation, source, clock, readFor };
}

test.each([
  ["powercap", { parts: ["dram", "core", "uncore", "psys", "mmio"], startBelowWrapJoules: 30 }],
  ["powercap", { packages: 8, parts: ["dram", "twin"], quirks: ["server-dram"], startBelowWrapJoules: 30 }],
  ["powercap", { vendor: "amd", packages: 2, parts: ["dies"], esu: 16, startBelowWrapJoules: 30 }],
  ["msr", { packages: 2, parts: ["dram", "core", "psys"], startBelowWrapJoules: 30 }],
  ["msr", { vendor: "amd", packages: 2, esu: 16, startBelowWrapJoules: 30 }],
] as const)("what the program reads from the files is what the simulation says is true: %s %o", (window, shape) => {
  const { simulation, readFor } = bench(window, { ...shape, profile: noisyPower(constantPower(300), 0.5, 4) });
  const reading = readFor(20);
  const truth = simulation.truth();
  expect(truth.wraps).toBeGreaterThan(0);
  expect(reading.hostMicrojoules).toBe(truth.hostMicrojoules);
  expect(reading.gaps).toBe(0);
});

test.each(["eio", "einval", "enoent", "text", "stuck", "vanish"])(
  "%s for two seconds loses no energy: the reading after it covers the time",
  (kind) => {
    const { simulation, readFor } = bench("powercap", { packages: 2 }, [`${kind}@3+2=intel-rapl:1`]);
    const during = readFor(4);
    expect(during.hostMicrojoules).toBeLessThan(simulation.truth().hostMicrojoules);
    const after = readFor(6);
    expect(after.hostMicrojoules).toBe(simulation.truth().hostMicrojoules);
    expect(after.gaps > 0).toBe(kind !== "stuck");
  },
);

test("a reset is a gap: the energy around it is a lower bound, and no wrap is invented", () => {
  const { simulation, readFor } = bench("powercap", { packages: 2 }, ["reset@3=intel-rapl:0"]);
  const reading = readFor(10);
  const truth = simulation.truth();
  expect(reading.gaps).toBe(1);
  expect(reading.hostMicrojoules).toBeLessThan(truth.hostMicrojoules);
  expect(Number(truth.hostMicrojoules - reading.hostMicrojoules) / 1e6).toBeLessThan(51);
  expect(reading.domains[0]?.wraps).toBe(0);
});

test("a zone that comes late is counted from then on", () => {
  const { simulation, readFor } = bench("powercap", { packages: 2 }, ["vanish@0+5=intel-rapl:1"]);
  const beforeIt = readFor(4);
  expect(beforeIt.domains).toHaveLength(1);
  const withIt = readFor(40);
  expect(withIt.domains).toHaveLength(2);
  const last = readFor(10);
  expect(last.gaps).toBe(1);
  expect(simulation.truth().hostMicrojoules).toBeGreaterThan(last.hostMicrojoules);
});

test("without a range, a wrap is a gap, and never guessed", () => {
  const { simulation, readFor } = bench("powercap", { quirks: ["no-range"], startBelowWrapJoules: 500 });
  const reading = readFor(20);
  expect(reading).toMatchObject({ gaps: 1, domains: [{ wraps: 0 }] });
  expect(reading.hostMicrojoules).toBeLessThan(simulation.truth().hostMicrojoules);
});

test("a CPU that goes offline is replaced by its neighbour, without a break", () => {
  const { simulation, readFor } = bench("msr", { packages: 2 }, ["enoent@2=cpu0", "enoent@4=cpu1", "eio@5+2=cpu4"]);
  const reading = readFor(10);
  expect(reading.hostMicrojoules).toBe(simulation.truth().hostMicrojoules);
});

test("a value is written over at constant width: a reader never finds less of it", () => {
  const { directory, clock, simulation } = bench("powercap", { startBelowWrapJoules: 30 });
  const path = join(directory, "sys/class/powercap/intel-rapl:0/energy_uj");
  const { size, ino } = statSync(path);
  for (let tick = 0; tick < 20; tick += 1) {
    clock.advanceSeconds(0.1);
    simulation.truth();
    expect(statSync(path)).toMatchObject({ size, ino });
    expect(readFileSync(path, "utf8")).toMatch(/^\d{12}\n$/);
  }
});

test("the tree is the kernel's: nested zones, one link to each in the class, and one back", () => {
  const { directory } = bench("powercap", { parts: ["dram"] });
  const zone = realpathSync(join(directory, "sys/class/powercap/intel-rapl:0:0"));
  expect(zone.endsWith("/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/intel-rapl:0:0")).toBe(true);
  expect(realpathSync(join(zone, "subsystem"))).toBe(realpathSync(join(directory, "sys/class/powercap")));
});

test("a virtual machine's registers, which answer 0, are no source", () => {
  expect(() => bench("msr", { quirks: ["zero-unit"] })).toThrow("unit register reads 0");
});

test("a directory with other files in it is not touched", () => {
  const directory = simulationDirectory();
  mkdirSync(join(directory, "sys"));
  writeFileSync(join(directory, "sys", "precious"), "mine");
  const request = { window: "powercap", directory, shape: hostShape(), faults: [], mode: 0o444, speed: 1 } as const;
  const start = () =>
    startSimulation({
      ...request,
      durationSeconds: null,
      tickMilliseconds: 10,
      clock: manualClock(),
      roots: { proc: "/proc", sys: "/sys" },
    });
  expect(start).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  expect(readFileSync(join(directory, "sys", "precious"), "utf8")).toBe("mine");
});

test("it ends by itself when its time is over, with the truth to the nanosecond", async () => {
  const clock = manualClock();
  const simulation = startSimulation({
    window: "powercap",
    directory: simulationDirectory(),
    shape: hostShape({ profile: constantPower(100) }),
    faults: [],
    mode: 0o400,
    speed: 50,
    durationSeconds: 2,
    tickMilliseconds: 1,
    clock,
    roots: { proc: "/proc", sys: "/sys" },
  });
  clock.advanceSeconds(2.7);
  expect(await simulation.end).toMatchObject({ elapsedNs: 100_000_000_000n, physicalMicrojoules: 10_000_000_000n });
});

test("AMD's unit and package registers, two bytes apart in a plain file, both read right", () => {
  const { directory, simulation, clock } = bench("msr", { vendor: "amd", esu: 16 });
  const path = join(directory, "dev/cpu/0/msr");
  clock.advanceSeconds(1);
  const [domain] = simulation.truth().domains;
  const descriptor = openSync(path, "r");
  onTestFinished(() => closeSync(descriptor));
  const register = Buffer.alloc(8);
  readSync(descriptor, register, 0, 8, 0xc0010299);
  expect((register.readUInt32LE(0) >> 8) & 0x1f).toBe(16);
  readSync(descriptor, register, 0, 8, 0xc001029b);
  expect(register.readUInt32LE(0)).toBe(Number(domain?.raw));
});

test("AMD's cores have no register in the file: the package shows its own energy beside them", () => {
  const { simulation, readFor } = bench("msr", { vendor: "amd", parts: ["core"], esu: 16 });
  const reading = readFor(5);
  expect(reading.hostMicrojoules).toBe(simulation.truth().hostMicrojoules);
});

const { eio } = failingFiles({ proc: "/proc", sys: "/sys" });
/** Where this kernel has no better file, the one in /proc has to do, which docs/simulate.md says. */
const publicFailures = canBecomeNobody && eio.startsWith("/sys") ? [eio] : [];

test.each(publicFailures)("a simulated EIO, from %s, is EIO for a process that has given up root too", (path) => {
  const read = `try { require("node:fs").readFileSync(${JSON.stringify(path)}) } catch ({ code }) { console.log(code) }`;
  const script = `process.setgid(65534); process.setuid(65534); ${read}`;
  const { stdout } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  expect(stdout).toBe("EIO\n");
});
