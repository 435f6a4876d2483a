import { expect, test } from "vitest";
import { packageLimits } from "../../src/energy/counter.ts";
import type { RawCounter } from "../../src/energy/counter-domain.ts";
import { energyReading, missAll, newDomain, sweep } from "../../src/energy/counter-domain.ts";
import { holdBackMirrors } from "../../src/energy/mirrors.ts";
import type { EnergyReading } from "../../src/energy/source.ts";
import { manualClock } from "../support/manual-clock.ts";

/** One count is 61 µJ: 2 J, the most that two readings of one counter may differ by, are 32772 counts and a few. */
const rule = { unitNanojoules: 61_035n, modulus: 2n ** 32n, limits: packageLimits };

/** Two packages that show what the test says; a second passes between readings. Null: the reading fails. */
function twoPackages(): (first: bigint, second: bigint | null) => EnergyReading {
  const clock = manualClock();
  const shown: (bigint | null)[] = [null, null];
  const counter = (index: number): RawCounter => ({
    read: () => {
      const raw = shown[index] ?? null;
      if (raw === null) throw new Error("not there");
      return raw;
    },
    close: () => undefined,
  });
  const domains = ["package-0", "package-1"].map((id, index) =>
    newDomain({ id, kind: "package", rule, countable: true, counter: counter(index) }),
  );
  return (first, second) => {
    [shown[0], shown[1]] = [first, second];
    clock.advanceSeconds(1);
    missAll(sweep(domains, clock));
    holdBackMirrors(domains, 0n);
    return energyReading(clock.monotonicNs(), domains);
  };
}

function counted(reading: EnergyReading): boolean[] {
  return reading.domains.map((domain) => domain.counted);
}

test("a counter that is shown twice under two names is counted once", () => {
  const read = twoPackages();
  for (let count = 1_000_000n; count < 11_000_000n; count += 1_000_000n) {
    const reading = read(count, count + 3n);
    expect(counted(reading)).toEqual([true, false]);
    expect(reading.hostMicrojoules).toBe(reading.domains[0]?.microjoules);
  }
});

test("it is the same counter too where only one of them has gone round", () => {
  const read = twoPackages();
  read(2n ** 32n - 10n, 2n ** 32n - 8n);
  expect(counted(read(2n ** 32n - 1n, 1n))).toEqual([true, false]);
});

test("two counters that differ at the first reading are two, and stay so when they meet", () => {
  const read = twoPackages();
  read(1_000_000n, 2_000_000n);
  expect(counted(read(2_500_000n, 2_500_000n))).toEqual([true, true]);
});

test("two counters that start alike, as after a boot, are both counted once they part: nothing is lost", () => {
  const read = twoPackages();
  read(0n, 0n);
  expect(counted(read(10_000n, 11_000n))).toEqual([true, false]);
  const reading = read(500_000n, 900_000n);
  expect(counted(reading)).toEqual([true, true]);
  expect(reading.hostMicrojoules).toBe((1_400_000n * 61_035n) / 1000n);
});

test("one reading that came a little late does not make two counters of one", () => {
  const read = twoPackages();
  read(0n, 0n);
  read(1_000_000n, 1_050_000n);
  read(2_000_000n, 2_050_000n);
  expect(counted(read(3_000_000n, 3_000_000n))).toEqual([true, false]);
  expect(counted(read(4_000_000n, 4_000_000n))).toEqual([true, false]);
});

test("three such readings in a row do", () => {
  const read = twoPackages();
  read(0n, 0n);
  for (const count of [1_000_000n, 2_000_000n]) expect(counted(read(count, count + 50_000n))).toEqual([true, false]);
  expect(counted(read(3_000_000n, 3_050_000n))).toEqual([true, true]);
});

test("a copy that cannot be read is no gap of the total, for its original was", () => {
  const read = twoPackages();
  read(0n, 0n);
  expect(read(1_000_000n, null)).toMatchObject({ gaps: 0 });
});

test("totals never decrease, whether counters are held back or let go", () => {
  const read = twoPackages();
  let before = 0n;
  for (let step = 0n; step < 40n; step += 1n) {
    const reading = read(step * 1_000_000n, step < 20n ? step * 1_000_000n : step * 1_200_000n);
    expect(reading.hostMicrojoules >= before).toBe(true);
    before = reading.hostMicrojoules;
  }
});
