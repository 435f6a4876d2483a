import { expect, test } from "vitest";
import type { CpuMeter, CpuUse } from "../../src/attribution/process-cpu.ts";
import type { DomainReading } from "../../src/energy/source.ts";
import { CarbonOpsError } from "../../src/errors.ts";
import { type HostView, HostWatch } from "../../src/monitor/host-watch.ts";
import { exampleSource } from "./scripted-host.ts";

/** A host whose moments are written down: seconds, joules of two domains, busy CPU seconds and those of each process. */
function scriptedWatch(idleWatts: number | null) {
  const now = { seconds: 0, packageJoules: 0, coreJoules: 0, busySeconds: 50, isFailing: false };
  let use: CpuUse = { names: new Map(), cpuSecondsByConsumer: new Map(), heirs: new Map() };
  const domain = (id: string, joules: number, counted: boolean): DomainReading => ({
    id,
    kind: counted ? "package" : "core",
    counted,
    microjoules: BigInt(Math.round(joules * 1e6)),
    wraps: 0,
    gaps: 0,
  });
  const source = exampleSource({
    read: () => {
      if (now.isFailing) throw new CarbonOpsError("ENERGY_READ_FAILED", "It fails.");
      return {
        monotonicNs: BigInt(now.seconds * 1e9),
        hostMicrojoules: BigInt(Math.round(now.packageJoules * 1e6)),
        domains: [domain("p0", now.packageJoules, true), domain("p0/core", now.coreJoules, false)],
        gaps: 0,
      };
    },
  });
  const meter: CpuMeter = { sample: () => use };
  const watch = new HostWatch({
    source,
    meter,
    hostBusyCpuSeconds: () => now.busySeconds,
    idleBaseline: { watts: idleWatts, origin: idleWatts === null ? "none" : "calibrated" },
  });
  const advance = (
    spent: Readonly<Record<string, number>>,
    heirs: Readonly<Record<string, string>> = {},
  ): HostView | null => {
    use = {
      names: new Map(Object.keys(spent).map((key, index) => [key, { pid: index + 1, name: key }])),
      cpuSecondsByConsumer: new Map(Object.entries(spent)),
      heirs: new Map(Object.entries(heirs)),
    };
    return watch.advance();
  };
  return { now, advance };
}

function sumOfParts(view: HostView, of: "watts" | "joules"): number {
  const consumers = view.consumers.reduce((sum, consumer) => sum + consumer[of], 0);
  return consumers + view.idle[of] + view.exited[of] + view.unattributed[of];
}

test("watts and joules of processes, idle, ended and unattributed add up to the host's, also when a process ends", () => {
  const { now, advance } = scriptedWatch(20);
  Object.assign(now, { seconds: 2, packageJoules: 100, busySeconds: 53 });
  const first = advance({ a: 1.5, b: 0.75 });
  expect(first?.hostWatts).toBe(50);
  expect(first?.consumers.find(({ name }) => name === "a")).toMatchObject({ watts: 15, joules: 30, busyCpus: 0.75 });
  Object.assign(now, { seconds: 3, packageJoules: 190, busySeconds: 54 });
  const second = advance({ b: 0.5 });
  expect(second?.exited).toEqual({ watts: 0, joules: 30, count: 1 });
  for (const view of [first, second]) {
    if (view === null) throw new Error("a tick is missing");
    expect(sumOfParts(view, "watts")).toBeCloseTo(view.hostWatts, 9);
    expect(sumOfParts(view, "joules")).toBeCloseTo(view.hostJoules, 9);
  }
});

test("a parent inherits the joules of a child that ended, but not as power of now", () => {
  const { now, advance } = scriptedWatch(0);
  Object.assign(now, { seconds: 1, packageJoules: 100, busySeconds: 51 });
  advance({ make: 0.1, cc: 0.9 });
  Object.assign(now, { seconds: 2, packageJoules: 150, busySeconds: 52 });
  const view = advance({ make: 1 }, { cc: "make" });
  expect(view?.consumers).toMatchObject([{ name: "make", watts: 50, joules: 150, busyCpus: 1 }]);
  expect(view?.exited).toEqual({ watts: 0, joules: 0, count: 0 });
});

test("domains show their power in the tick and their joules so far, nested ones beside the sum", () => {
  const { now, advance } = scriptedWatch(null);
  Object.assign(now, { seconds: 2, packageJoules: 100, coreJoules: 60, busySeconds: 52 });
  expect(advance({})?.domains).toEqual([
    { id: "p0", kind: "package", counted: true, watts: 50, joules: 100 },
    { id: "p0/core", kind: "core", counted: false, watts: 30, joules: 60 },
  ]);
});

test("a tick that cannot be read is counted as a gap, and its energy is in the next one", () => {
  const { now, advance } = scriptedWatch(null);
  Object.assign(now, { seconds: 1, packageJoules: 50, isFailing: true });
  expect(advance({ a: 0.5 })).toBeNull();
  Object.assign(now, { seconds: 2, packageJoules: 100, busySeconds: 52, isFailing: false });
  const view = advance({ a: 2 });
  expect(view).toMatchObject({ gaps: 1, tickSeconds: 2, hostJoules: 100 });
});

test("each process's joules have their uncertainty: gain, share, clocks and idle baseline", () => {
  const { now, advance } = scriptedWatch(20);
  Object.assign(now, { seconds: 100, packageJoules: 6000, busySeconds: 150 });
  const [consumer] = advance({ a: 50 })?.consumers ?? [];
  // Half of 4000 J: gain 0.025, share 0.12 x (1 - 1/2), clocks 40 J/s x 5.8 ms, idle 5 % of 20 W over half of 100 s.
  expect(consumer?.joules).toBe(2000);
  expect(consumer?.standardUncertaintyJoules).toBeCloseTo(Math.hypot(50, 120, 0.23, 50), 0);
});
