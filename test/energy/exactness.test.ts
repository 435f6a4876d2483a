import { basename } from "node:path";
import { expect, test } from "vitest";
import type { EnergyReading } from "../../src/energy/source.ts";
import { type HostShape, type PartName, type QuirkName, simulatedHost } from "../../src/simulate/host.ts";
import { constantPower } from "../../src/simulate/profile.ts";
import { intelRange } from "../support/kernel-tree.ts";
import { pythonOriginalMicrojoules } from "../support/python-original.ts";
import { countersInMemory, hostShape, type SimulatedCounters } from "../support/simulated-counters.ts";

/** Every topology and unit that hosts are known to have; the figures of each are reached by its own arithmetic in simulate/. */
interface Scene {
  readonly window: "powercap" | "msr";
  readonly vendor?: HostShape["vendor"];
  readonly packages: number;
  readonly parts?: readonly PartName[];
  readonly quirks?: readonly QuirkName[];
  readonly esu?: number;
}

const scenes: readonly Scene[] = [
  { window: "powercap", packages: 1 },
  { window: "powercap", packages: 8 },
  // Ids are hexadecimal: intel-rapl:a follows intel-rapl:9, and intel-rapl:10 is the seventeenth.
  { window: "powercap", packages: 17 },
  { window: "powercap", packages: 1, parts: ["dram", "core", "uncore", "psys"] },
  { window: "powercap", packages: 2, parts: ["dram", "psys"], quirks: ["server-dram"] },
  { window: "powercap", packages: 2, parts: ["dram", "psys"], quirks: ["joule-psys"] },
  { window: "powercap", packages: 2, parts: ["dram", "dies"] },
  { window: "powercap", packages: 1, parts: ["dram", "mmio"] },
  { window: "powercap", packages: 2, parts: ["twin", "core"] },
  { window: "powercap", packages: 1, parts: ["core"], quirks: ["silvermont"], esu: 5 },
  { window: "powercap", packages: 2, parts: ["dram"], quirks: ["uncut-unit"] },
  { window: "powercap", packages: 1, parts: ["dram"], esu: 20 },
  { window: "powercap", vendor: "amd", packages: 2, parts: ["dies", "core"], esu: 16 },
  { window: "powercap", vendor: "amd", packages: 4, esu: 16 },
  { window: "msr", packages: 1, parts: ["dram", "core", "uncore", "psys"] },
  { window: "msr", packages: 8, parts: ["dram"], quirks: ["server-dram", "filtering"] },
  { window: "msr", packages: 2, parts: ["psys"], quirks: ["joule-psys"] },
  { window: "msr", packages: 2, parts: ["dies", "dram"] },
  { window: "msr", packages: 2, parts: ["twin"] },
  { window: "msr", packages: 1, quirks: ["silvermont"], esu: 5 },
  { window: "msr", vendor: "amd", packages: 2, parts: ["dies"], esu: 16 },
];

const wrapsOfAll = 1_000_000;
const wrapsOfOne = wrapsOfAll / scenes.length;

function shapeOf({ vendor = "intel", packages, parts = [], quirks = [], esu = 14 }: Scene): HostShape {
  return hostShape({ vendor, packages, parts, quirks, esu, profile: constantPower(950 * packages) });
}

/**
 * How far apart readings may be: nine tenths of a lap of the fastest counter, and no longer than a package at 1 kW, the most that
 * is taken for possible, needs to fill a counter.
 */
function longestStepSeconds(shape: HostShape): number {
  const host = simulatedHost(shape);
  const probeSeconds = 100;
  host.advanceTo(BigInt(probeSeconds) * 1_000_000_000n);
  const limits = host.counters.map((counter) => {
    const { over, under } = counter.unit.countsPerFemtojoule;
    const lapJoules = (2 ** 32 * Number(under)) / Number(over) / 1e15;
    const lapSeconds = (probeSeconds * 2 ** 32) / Number(counter.counts());
    return Math.min(0.9 * lapSeconds, (0.95 * lapJoules) / 1000);
  });
  return Math.min(...limits);
}

/** Readings at uneven times until the counted counters have gone round so often. */
function readUntilWraps(counters: SimulatedCounters, wraps: number): EnergyReading {
  const longestSeconds = longestStepSeconds(counters.host.shape);
  const counted = counters.host.domains.filter((domain) => domain.counted).map(({ counter }) => counter);
  let step = 0;
  let reading = counters.source.read();
  while (counted.reduce((sum, counter) => sum + counter.wraps(), 0) < wraps) {
    step += 1;
    counters.advanceSeconds(longestSeconds * (0.5 + 0.5 * ((step * 0.618) % 1)));
    reading = counters.source.read();
  }
  return reading;
}

function nameOf({ window, vendor = "intel", packages, parts = [], quirks = [], esu = 14 }: Scene): string {
  return [window, vendor, `${packages} packages`, ...parts, ...quirks, `2^-${esu} J`].join(", ");
}

test.each(scenes.map((scene) => ({ scene, name: nameOf(scene) })))(
  "over its part of a million wraps, energy is the truth to one count of each domain: $name",
  { timeout: 15_000 },
  ({ scene }) => {
    const counters = countersInMemory(scene.window, shapeOf(scene));
    const reading = readUntilWraps(counters, wrapsOfOne);
    const truth = counters.truth();
    expect(truth.wraps).toBeGreaterThanOrEqual(wrapsOfOne);
    expect(reading.gaps).toBe(0);
    const counted = truth.domains.filter(({ counted: isCounted }) => isCounted);
    const largestCount = counted.map(({ microjoules, counts }) => Number(microjoules) / Number(counts));
    for (const domain of reading.domains) {
      const expected = truth.domains.find(({ id }) => id === domain.id || id === basename(domain.id));
      const microjoulesOfCount = Number(expected?.microjoules) / Number(expected?.counts);
      expect(Math.abs(Number(domain.microjoules - (expected?.microjoules ?? 0n)))).toBeLessThanOrEqual(
        microjoulesOfCount,
      );
      expect(domain).toMatchObject({ counted: expected?.counted, wraps: expected?.wraps });
    }
    const hostError = Math.abs(Number(reading.hostMicrojoules - truth.hostMicrojoules));
    expect(hostError).toBeLessThanOrEqual(largestCount.reduce((sum, microjoules) => sum + microjoules, 0));
  },
);

const faultyScenes: readonly Scene[] = [
  { window: "powercap", packages: 2, parts: ["dram", "core", "psys", "mmio"] },
  { window: "powercap", vendor: "amd", packages: 2, parts: ["dies"], esu: 16 },
  { window: "msr", packages: 2, parts: ["dram", "core"] },
];

test.each(faultyScenes.map((scene) => ({ scene, name: nameOf(scene) })))(
  "over 5,000 wraps in which every fourth reading of a domain fails, each failure is a gap and no energy is lost: $name",
  ({ scene }) => {
    const counters = countersInMemory(scene.window, {
      ...shapeOf(scene),
      profile: constantPower(400 * scene.packages),
    });
    // Two of these are below what 1 kW would need for a lap, so that one reading may fail between two good ones.
    const stepSeconds = 0.4 * longestStepSeconds(counters.host.shape);
    const wrapsSoFar = (): number => counters.truth().wraps;
    let failures = 0;
    for (let step = 1; wrapsSoFar() < 5_000; step += 1) {
      counters.fail((domain) => (step + domain) % 4 === 0);
      counters.advanceSeconds(stepSeconds);
      counters.source.read();
      failures += 1;
    }
    counters.fail(() => false);
    counters.advanceSeconds(stepSeconds);
    const reading = counters.source.read();
    expect(failures).toBeGreaterThan(200);
    expect(reading.gaps).toBeGreaterThan(failures / 8);
    const truth = counters.truth();
    const counted = truth.domains.filter((domain) => domain.counted).length;
    const microjoulesOfCount = 61.1;
    expect(Math.abs(Number(reading.hostMicrojoules - truth.hostMicrojoules))).toBeLessThanOrEqual(
      counted * microjoulesOfCount,
    );
  },
);

test("a minute at 800 W is 48 kJ here, where the Python original reports 0 J", () => {
  const counters = countersInMemory("powercap", hostShape({ profile: constantPower(800) }));
  const shown = [counters.host.domains[0]?.counter.shownMicrojoules() ?? 0n];
  for (let tick = 0; tick < 600; tick += 1) {
    counters.advanceSeconds(0.1);
    shown.push(counters.host.domains[0]?.counter.shownMicrojoules() ?? 0n);
    counters.source.read();
  }
  expect(Number(counters.source.read().hostMicrojoules) / 1e6).toBeCloseTo(48_000, 0);
  expect(counters.source.read().hostMicrojoules).toBe(counters.truth().hostMicrojoules);
  expect(pythonOriginalMicrojoules(shown, intelRange)).toBe(0n);
});

test("a laptop at 20 W is 20 W here, where adding up every zone finds more than three times that", () => {
  const parts = ["dram", "core", "uncore", "psys", "mmio"] as const;
  const counters = countersInMemory("powercap", hostShape({ parts, profile: constantPower(20) }));
  for (let tick = 0; tick < 600; tick += 1) {
    counters.advanceSeconds(0.1);
    counters.source.read();
  }
  const reading = counters.source.read();
  const everyZone = reading.domains.reduce((sum, { microjoules }) => sum + microjoules, 0n);
  expect(reading.hostMicrojoules).toBe(counters.truth().hostMicrojoules);
  expect(Number(reading.hostMicrojoules) / 60e6).toBeCloseTo(20, 2);
  expect(Number(everyZone) / 60e6).toBeGreaterThan(3 * 20);
});
