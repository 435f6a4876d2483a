import * as fc from "fast-check";
import { expect, test } from "vitest";
import { jouleUnit, nanojouleUnit, simulatedCounter } from "../../src/simulate/counter.ts";
import { simulatedHost } from "../../src/simulate/host.ts";
import { powercapZones } from "../../src/simulate/powercap-layout.ts";
import { constantPower, noisyPower, steppedPower } from "../../src/simulate/profile.ts";
import { hostShape } from "../support/simulated-counters.ts";

const whole = { over: 1n, under: 1n };
const joule = 10n ** 15n;
const second = 1_000_000_000n;

test("a counter of 2^-14 J counts 16384 for a joule, and not one before it is full", () => {
  const counter = simulatedCounter("package-0", jouleUnit(14), whole, 0n);
  counter.follow(joule);
  expect(counter.counts()).toBe(16_384n);
  counter.follow(2n * joule - 1n);
  expect(counter.counts()).toBe(32_767n);
});

test("powercap shows it cut to whole nanojoules a count, and then to microjoules", () => {
  const counter = simulatedCounter("package-0", jouleUnit(14), whole, 0n);
  counter.follow(joule);
  expect(counter.shownMicrojoules()).toBe((16_384n * 61_035n) / 1000n);
});

test("after 2^32 counts it starts again at 0, and says how often it did", () => {
  const counter = simulatedCounter("dram", nanojouleUnit(15_300n), whole, 2n ** 32n - 5n);
  counter.follow(15_300n * 1_000_000n * 7n);
  expect(counter).toSatisfy(() => counter.raw() === 2n && counter.wraps() === 1 && counter.counts() === 7n);
});

test("a reset starts it at 0 without hiding what it has counted", () => {
  const counter = simulatedCounter("package-0", jouleUnit(14), whole, 2n ** 32n - 1n);
  counter.follow(joule);
  counter.reset();
  expect(counter.raw()).toBe(0n);
  counter.follow(3n * joule);
  expect([counter.raw(), counter.counts(), counter.wraps(), counter.resets()]).toEqual([32_768n, 49_152n, 1, 1]);
});

test("energy is power times time, to the femtojoule, however it is cut into steps", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3_000_000_000 }), { minLength: 1, maxLength: 30 }), (steps) => {
      const profile = noisyPower(steppedPower([30, 170.25], 0.7), 0.4, 3);
      const [often, once] = [simulatedHost(hostShape({ profile })), simulatedHost(hostShape({ profile }))];
      let atNs = 0n;
      for (const step of steps) {
        atNs += BigInt(step);
        often.advanceTo(atNs);
      }
      once.advanceTo(atNs);
      expect(often.femtojoules()).toBe(once.femtojoules());
    }),
  );
});

test("packages and memory together use what the profile says", () => {
  const host = simulatedHost(
    hostShape({ packages: 3, parts: ["dram", "core", "psys", "mmio"], profile: constantPower(250) }),
  );
  host.advanceTo(60n * second);
  const counted = host.domains.filter((domain) => domain.counted);
  const joules = counted.reduce((sum, { counter }) => sum + Number(counter.counts()) / 16_384, 0);
  expect(host.femtojoules()).toBe(15_000n * joule);
  expect(joules).toBeGreaterThan(15_000 - counted.length / 16_384);
  expect(joules).toBeLessThanOrEqual(15_000);
});

test("counters can be made to start closely below their wrap", () => {
  const host = simulatedHost(hostShape({ startBelowWrapJoules: 10, profile: constantPower(100) }));
  host.advanceTo(second / 20n);
  expect(host.counters[0]?.wraps()).toBe(0);
  host.advanceTo(second / 5n);
  expect(host.counters[0]?.wraps()).toBe(1);
});

test("zones lie as the kernel lays them: the rail between the packages, parts below theirs, indices hexadecimal", () => {
  const host = simulatedHost(hostShape({ packages: 2, parts: ["psys", "dram", "core", "mmio"] }));
  expect(powercapZones(host).map(({ directory, domain }) => `${directory} ${domain.name}`)).toEqual([
    "intel-rapl/intel-rapl:0 package-0",
    "intel-rapl/intel-rapl:0/intel-rapl:0:0 core",
    "intel-rapl/intel-rapl:0/intel-rapl:0:1 dram",
    "intel-rapl/intel-rapl:1 psys",
    "intel-rapl/intel-rapl:2 package-1",
    "intel-rapl/intel-rapl:2/intel-rapl:2:0 core",
    "intel-rapl/intel-rapl:2/intel-rapl:2:1 dram",
    "intel-rapl-mmio/intel-rapl-mmio:0 package-0",
    "intel-rapl-mmio/intel-rapl-mmio:1 package-1",
  ]);
});

test("the largest value of each zone is the one that real drivers show", () => {
  const shape = hostShape({ parts: ["dram", "psys"], quirks: ["server-dram", "joule-psys"] });
  const ranges = powercapZones(simulatedHost(shape)).map(({ rangeMicrojoules }) => rangeMicrojoules);
  expect(ranges).toEqual([262_143_328_850n, 65_712_999_613n, 4_294_967_295_000_000n]);
});

test("dies are two counters on Intel, and one shown twice on AMD", () => {
  const intel = simulatedHost(hostShape({ parts: ["dies"] }));
  const amd = simulatedHost(hostShape({ vendor: "amd", parts: ["dies"], esu: 16 }));
  expect([intel.domains.length, intel.counters.length]).toEqual([2, 2]);
  expect([amd.domains.length, amd.counters.length]).toEqual([2, 1]);
  expect(amd.domains.map(({ counted }) => counted)).toEqual([true, false]);
});
