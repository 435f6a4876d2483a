import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openGovernorSource } from "../../src/discovery/governor-source.ts";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import {
  type GovernorPlace,
  governorPlace,
  setBootId,
  showMicrojoules,
  startGovernor,
  until,
} from "../support/governor.ts";

/** A counter under a running governor, and a logger that reads it. The counter stands at 1 J. */
async function measuredHost() {
  const place = governorPlace();
  const governor = await startGovernor(place);
  const logger = await EnergyLogger.open({ energySource: "governor", governorSocket: place.socketPath });
  onTestFinished(() => logger.close());
  let microjoules = 1_000_000n;
  const use = (joules: number): void => {
    microjoules += BigInt(joules * 1_000_000);
    showMicrojoules(place.roots, "intel-rapl:0", microjoules);
  };
  return { place, governor, logger, use };
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Keeps this process from receiving anything. */
function block(milliseconds: number): void {
  const end = process.hrtime.bigint() + BigInt(milliseconds) * 1_000_000n;
  while (process.hrtime.bigint() < end);
}

/** Waits until the logger hears the governor. */
async function untilHeard(logger: EnergyLogger): Promise<void> {
  await until(async () => {
    const { metric } = await logger.monitor("probe", () => pause(150));
    return metric.energy.energyWhTotal !== null;
  });
}

const joulesOf = ({ energy }: { readonly energy: { readonly energyWhTotal: number | null } }): number =>
  (energy.energyWhTotal ?? Number.NaN) * 3600;

test("a span pays for nothing that this process did before it, however long it kept the readings waiting", async () => {
  const { logger, use } = await measuredHost();
  await pause(300);
  use(500);
  block(900);
  const { metric } = await logger.monitor("after blocking work", async () => {
    await pause(200);
    use(10);
    await pause(400);
  });
  expect(joulesOf(metric)).toBeCloseTo(10, 2);
  expect(metric.energy.gaps).toBe(0);
});

test("spans that begin one after the other, without a turn for the readings between them, begin each where it began", async () => {
  const { logger, use } = await measuredHost();
  const spans = [20, 30, 40].map((joules) =>
    logger.monitor("blocking", () => {
      block(300);
      use(joules);
      block(600);
    }),
  );
  const metrics = (await Promise.all(spans)).map(({ metric }) => metric);
  // Each one blocks when it is called; but each ends only when all have begun.
  expect(metrics.map((metric) => Math.round(joulesOf(metric)))).toEqual([90, 70, 40]);
  expect(metrics.map(({ energy }) => energy.gaps)).toEqual([0, 0, 0]);
});

test("a span that begins while the governor is away does not pay for what was used in its absence; its known part is reported", async () => {
  const { place, governor, logger, use } = await measuredHost();
  await governor.end("SIGKILL");
  await pause(400);
  use(400);
  const { metric } = await logger.monitor("over its return", async () => {
    await pause(200);
    await startGovernor(place);
    await untilHeard(logger);
    use(7);
    await pause(500);
  });
  expect(joulesOf(metric)).toBeCloseTo(7, 2);
  expect(metric.energy.gaps).toBeGreaterThan(0);
  expect(metric.energy.measuredSeconds).toBeLessThan(metric.durationSeconds);
});

test("the first span after the governor's return pays for none of its absence", async () => {
  const { place, governor, logger, use } = await measuredHost();
  await governor.end("SIGKILL");
  await pause(400);
  const lost = await logger.monitor("in its absence", () => pause(50));
  use(400);
  await startGovernor(place);
  block(1500);
  const { metric } = await logger.monitor("after its return", async () => {
    await untilHeard(logger);
    use(7);
    await pause(500);
  });
  expect(lost.metric.energy).toMatchObject({ energyWhTotal: null, gaps: 1 });
  expect(joulesOf(metric)).toBeCloseTo(7, 2);
});

test("a span around an absence that lost nothing has all of its energy, and no gap", async () => {
  const { place, governor, logger, use } = await measuredHost();
  const { metric } = await logger.monitor("around it", async () => {
    await governor.end("SIGKILL");
    await pause(400);
    use(50);
    await startGovernor(place);
    await untilHeard(logger);
    use(5);
    await pause(500);
  });
  expect(joulesOf(metric)).toBeCloseTo(55, 2);
  expect(metric.energy.gaps).toBe(0);
});

test("a span around an absence in which the totals began anew has what is known, and a gap", async () => {
  const { place, governor, logger, use } = await measuredHost();
  const { metric } = await logger.monitor("around it", async () => {
    use(3);
    await pause(500);
    await governor.end("SIGKILL");
    setBootId(place.roots, "0f0e0d0c-0000-4000-8000-000000000009");
    use(50);
    await startGovernor(place);
    await untilHeard(logger);
    use(5);
    await pause(500);
  });
  expect(joulesOf(metric)).toBeCloseTo(8, 2);
  expect(metric.energy.gaps).toBeGreaterThan(0);
});

test("while the governor is away, its absence is waited for once and not at every end of a span", async () => {
  const place: GovernorPlace = governorPlace();
  const governor = await startGovernor(place);
  const roots = { ...place.roots, msr: place.roots.proc };
  const source = await openGovernorSource({ socketPath: place.socketPath, roots, clock: systemClock, timeoutMs: 2000 });
  onTestFinished(() => source.close());
  await governor.end("SIGKILL");
  const waits: number[] = [];
  for (let index = 0; index < 5; index += 1) {
    const begin = performance.now();
    await source.settle?.();
    waits.push(performance.now() - begin);
  }
  const [first = 0, ...others] = waits;
  expect(others.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(first);
});
