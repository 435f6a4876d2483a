import { chmodSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { examineGovernor } from "../../src/discovery/governor-examination.ts";
import { openGovernorSource } from "../../src/discovery/governor-source.ts";
import { openSource } from "../../src/discovery/open-source.ts";
import type { EnergySource } from "../../src/energy/source.ts";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import {
  type GovernorPlace,
  governorPlace,
  setBootId,
  showMicrojoules,
  startGovernor,
  until,
} from "../support/governor.ts";
import { memoryZone, packageZone } from "../support/kernel-tree.ts";
import { asNobody, canBecomeNobody } from "../support/unprivileged.ts";

const requestFor = (place: GovernorPlace) => ({
  ...place,
  clock: systemClock,
  roots: { ...place.roots, msr: place.roots.proc },
});

async function opened(place: GovernorPlace): Promise<EnergySource> {
  const source = await openGovernorSource(requestFor(place));
  onTestFinished(() => source.close());
  return source;
}

/** Host microjoules of the next reading that is newer than the last. */
async function settled(source: EnergySource): Promise<number> {
  await source.settle?.();
  return Number(source.read().hostMicrojoules);
}

test("the governor is used before the counters themselves, and says so", async () => {
  const place = governorPlace([packageZone(0, [memoryZone()])]);
  await startGovernor(place);
  const { source } = await openSource({ ...requestFor(place), wanted: "auto", governorSocket: place.socketPath });
  onTestFinished(() => source.close());
  expect(source).toMatchObject({ id: "governor", provenance: "measured", boundary: "package_and_dram" });
  expect(source.label).toBe("RAPL package-0 + dram through powercap and the governor");
});

test("without a governor the next best source is taken, unless the governor was asked for", async () => {
  const place = governorPlace();
  const request = { ...requestFor(place), governorSocket: place.socketPath };
  const { source } = await openSource({ ...request, wanted: "auto" });
  source.close();
  expect(source.id).toBe("powercap");
  await expect(openSource({ ...request, wanted: "governor" })).rejects.toMatchObject({
    code: "ENERGY_SOURCE_UNAVAILABLE",
  });
});

test("a governor without counters is not used", async () => {
  const place = governorPlace([]);
  await startGovernor(place, ["--allow-empty"]);
  const { source } = await openSource({ ...requestFor(place), wanted: "auto", governorSocket: place.socketPath });
  source.close();
  expect(source.id).toBe("model");
});

test("energy is what the totals grew by since opening; nested domains stand beside it", async () => {
  const core = { name: "core", microjoules: 0n, range: null };
  const place = governorPlace([packageZone(0, [core])]);
  await startGovernor(place);
  showMicrojoules(place.roots, "intel-rapl:0", 5_000_000n);
  const source = await opened(place);
  await settled(source);
  const before = await settled(source);
  showMicrojoules(place.roots, "intel-rapl:0", 35_000_000n);
  showMicrojoules(place.roots, "intel-rapl:0:0", 10_000_000n);
  await until(async () => (await settled(source)) > before);
  await settled(source);
  const reading = source.read();
  expect(Number(reading.hostMicrojoules) - before).toBeCloseTo(30_000_000, -2.5);
  expect(reading.domains.map(({ kind, counted }) => [kind, counted])).toEqual([
    ["package", true],
    ["core", false],
  ]);
  expect(reading.gaps).toBe(0);
});

test("a package that the kernel shows twice is counted once, until the two counters part", async () => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  await startGovernor(place);
  const source = await opened(place);
  const before = await settled(source);
  expect(source.label).toBe("RAPL package-0 (no memory counter) through powercap and the governor");
  showMicrojoules(place.roots, "intel-rapl:0", 31_000_000n);
  showMicrojoules(place.roots, "intel-rapl:1", 31_000_000n);
  await until(async () => (await settled(source)) > before);
  await settled(source);
  expect(Number(source.read().hostMicrojoules) - before).toBeCloseTo(30_000_000, -2.5);
  showMicrojoules(place.roots, "intel-rapl:1", 81_000_000n);
  await until(async () => (await settled(source)) - before > 31_000_000);
  expect((await settled(source)) - before).toBeCloseTo(110_000_000, -2.5);
});

test("until there is a newer tick, the same reading is given again", async () => {
  const place = governorPlace();
  await startGovernor(place, ["--poll-interval=2"]);
  const source = await opened(place);
  expect(source.read()).toBe(source.read());
});

test("a governor that was killed and resumes loses nothing, and is no gap", async () => {
  const place = governorPlace();
  const first = await startGovernor(place);
  const source = await opened(place);
  const before = await settled(source);
  await first.end("SIGKILL");
  showMicrojoules(place.roots, "intel-rapl:0", 21_000_000n);
  await startGovernor(place);
  await until(async () => {
    await source.settle?.();
    try {
      return Number(source.read().hostMicrojoules) > before;
    } catch {
      return false;
    }
  });
  const reading = source.read();
  expect(Number(reading.hostMicrojoules) - before).toBeCloseTo(20_000_000, -2.5);
  expect(reading.gaps).toBe(0);
});

test("a governor that comes back under another id is a gap, and its totals are no consumption", async () => {
  const place = governorPlace();
  const first = await startGovernor(place);
  const source = await opened(place);
  const before = await settled(source);
  await first.end("SIGKILL");
  setBootId(place.roots, "0f0e0d0c-0000-4000-8000-000000000009");
  showMicrojoules(place.roots, "intel-rapl:0", 90_000_000n);
  await startGovernor(place);
  await until(async () => {
    await source.settle?.();
    try {
      return source.read().gaps > 0;
    } catch {
      return false;
    }
  });
  expect(Number(source.read().hostMicrojoules)).toBe(before);
  expect(Number(source.read().uncountedNs)).toBeGreaterThan(0);
});

test("a span that ends while the governor has been away has a gap, and says what is known", async () => {
  const place = governorPlace();
  const governor = await startGovernor(place);
  const { socketPath, roots } = place;
  const logger = await EnergyLogger.open({ energySource: "governor", governorSocket: socketPath });
  onTestFinished(() => logger.close());
  const { metric } = await logger.monitor("known then gone", async () => {
    showMicrojoules(roots, "intel-rapl:0", 31_000_000n);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await logger.logMetrics("so far");
    await governor.end("SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 400));
  });
  expect(metric.energy).toMatchObject({ attributionMode: "governor_cpu_time", energySource: "governor" });
  expect(metric.energy.energyWhTotal).toBeCloseTo(30 / 3600, 5);
  expect(metric.energy.gaps).toBeGreaterThan(0);
});

test("a span that blocks this process has its energy, though no tick could be received meanwhile", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const { socketPath, roots } = place;
  const logger = await EnergyLogger.open({ energySource: "governor", governorSocket: socketPath });
  onTestFinished(() => logger.close());
  const { metric } = await logger.monitor("busy", () => {
    showMicrojoules(roots, "intel-rapl:0", 41_000_000n);
    const end = process.hrtime.bigint() + 600_000_000n;
    while (process.hrtime.bigint() < end);
  });
  expect(metric.energy.energyWhTotal).toBeCloseTo(40 / 3600, 5);
  expect(metric.energy.gaps).toBe(0);
});

test("doctor: no governor, with the command that starts one where there is something to count", async () => {
  expect(await examineGovernor(requestFor(governorPlace()))).toMatchObject({
    usable: false,
    why: expect.stringContaining("No governor is running"),
    mend: expect.stringContaining("sudo carbon-ops governor"),
  });
  expect(await examineGovernor(requestFor(governorPlace([])))).toMatchObject({ usable: false, mend: null });
});

test("doctor: a governor that can be used, with its uncertainty", async () => {
  const place = governorPlace();
  await startGovernor(place);
  expect(await examineGovernor(requestFor(place))).toMatchObject({
    usable: true,
    mend: null,
    uncertainty: { gainLnSigma: 0.03 },
  });
});

test("doctor: a socket that was left behind, and a file in its place", async () => {
  const place = governorPlace();
  await (await startGovernor(place)).end("SIGKILL");
  expect(await examineGovernor(requestFor(place))).toMatchObject({
    usable: false,
    why: expect.stringContaining("left behind"),
  });
  const other = governorPlace();
  writeFileSync(other.socketPath, "");
  expect(await examineGovernor(requestFor(other))).toMatchObject({
    usable: false,
    why: expect.stringContaining("no socket"),
  });
});

const outsiders = canBecomeNobody ? ["nobody"] : [];

test.each(outsiders)("doctor: %s, outside the group, is told which group, and how to join", async () => {
  const place = governorPlace();
  chmodSync(dirname(place.socketPath), 0o755);
  await startGovernor(place);
  // connect(2) happens before the first wait, while this process is nobody.
  const examination = asNobody(() => examineGovernor(requestFor(place)));
  expect(await examination).toMatchObject({
    usable: false,
    why: expect.stringContaining("group root"),
    mend: 'sudo usermod -aG root "$(id -un)"',
  });
});
