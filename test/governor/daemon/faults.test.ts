import { rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { ask, governorPlace, showMicrojoules } from "../../support/governor.ts";
import { live, ticksLater, unshifted } from "../../support/governor-life.ts";
import { energyFile, packageZone } from "../../support/kernel-tree.ts";

/** To less than one count of 61 µJ, which is lost where the first reading is converted. */
const joules = (count: number): unknown => expect.closeTo(count * 1e6, -2.3);

test.each([
  ["forward by a year", 31_536_000],
  ["back by a year", -31_536_000],
])("the wall clock set %s changes no total and no window", async (_, seconds) => {
  const place = governorPlace();
  const clocks = unshifted();
  await live(place, clocks);
  const first = await ticksLater(place);
  showMicrojoules(place.roots, "intel-rapl:0", 3_000_000n);
  clocks.wallSeconds = seconds;
  await ticksLater(place);
  showMicrojoules(place.roots, "intel-rapl:0", 6_000_000n);
  const last = await ticksLater(place);
  expect(last["counters_uj"]).toEqual({ "intel-rapl:0": joules(5) });
  expect(last["gaps"]).toBe(0);
  expect(Number(last["sequence"])).toBeGreaterThan(Number(first["sequence"]));
  expect(Number(last["timestamp"]) - Number(first["timestamp"])).toBeCloseTo(seconds, -3);
  const [from, to] = [first["monotonic_ns"], last["monotonic_ns"]];
  const window = await ask(place.socketPath, JSON.stringify({ op: "window", from_ns: from, to_ns: to }));
  expect(window).toMatchObject({ counters_uj: { "intel-rapl:0": joules(5) }, gaps: 0 });
});

test.each([
  ["were reset", 1_200_000n],
  ["went on, as if it had been a moment", 4_000_000n],
  ["went on for hours", 9_000_000_000n],
])("a suspend, after which counters %s, adds nothing and is a gap of each", async (_, microjoules) => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  const clocks = unshifted();
  const { log } = await live(place, clocks);
  showMicrojoules(place.roots, "intel-rapl:0", 3_000_000n);
  await ticksLater(place);
  clocks.asleepSeconds = 60;
  clocks.wallSeconds = 60;
  showMicrojoules(place.roots, "intel-rapl:0", microjoules);
  expect(await ticksLater(place)).toMatchObject({ gaps: 2, counters_uj: { "intel-rapl:0": joules(2) } });
  showMicrojoules(place.roots, "intel-rapl:0", microjoules + 1_000_000n);
  expect(await ticksLater(place)).toMatchObject({ gaps: 2, counters_uj: { "intel-rapl:0": joules(3) } });
  expect(log.filter((event) => event === "slept")).toHaveLength(1);
});

test.each([
  ["goes backwards", 10n],
  ["jumps by more than any hardware draws", 9_000_000_000n],
])("a zone that %s while it is read adds nothing and is a gap; the others go on", async (_, microjoules) => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  showMicrojoules(place.roots, "intel-rapl:0", 500_000_000n);
  await live(place, unshifted());
  await ticksLater(place);
  showMicrojoules(place.roots, "intel-rapl:0", microjoules);
  showMicrojoules(place.roots, "intel-rapl:1", 3_000_000n);
  expect(await ticksLater(place)).toMatchObject({
    gaps: 1,
    counters_uj: { "intel-rapl:0": 0, "intel-rapl:1": joules(2) },
  });
  showMicrojoules(place.roots, "intel-rapl:0", microjoules + 4_000_000n);
  expect(await ticksLater(place)).toMatchObject({
    gaps: 1,
    counters_uj: { "intel-rapl:0": joules(4), "intel-rapl:1": joules(2) },
  });
});

test("a zone that sticks is one gap, however long, and counts on when it moves", async () => {
  const place = governorPlace([packageZone(0)]);
  const clocks = unshifted();
  await live(place, clocks);
  await ticksLater(place);
  for (let look = 0; look < 3; look += 1) {
    clocks.monotonicSeconds += 10;
    expect((await ticksLater(place))["gaps"]).toBe(1);
  }
  showMicrojoules(place.roots, "intel-rapl:0", 3_000_000n);
  expect(await ticksLater(place)).toMatchObject({ gaps: 1, counters_uj: { "intel-rapl:0": joules(2) } });
});

test("a zone whose files are taken away keeps its total, its absence is a gap, and the others go on", async () => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  const { log } = await live(place, unshifted());
  showMicrojoules(place.roots, "intel-rapl:1", 3_000_000n);
  await ticksLater(place);
  const file = energyFile(place.roots, "intel-rapl:1");
  // sysfs gives ENODEV to who holds the file; an ordinary file that lost its name shows its last content.
  writeFileSync(file, "");
  rmSync(file);
  rmSync(dirname(file), { recursive: true });
  showMicrojoules(place.roots, "intel-rapl:0", 5_000_000n);
  const after = await ticksLater(place);
  expect(after["counters_uj"]).toEqual({ "intel-rapl:0": joules(4), "intel-rapl:1": joules(2) });
  expect(Number(after["gaps"])).toBeGreaterThan(0);
  expect(log).toContain("counter_unreadable");
});

test.each([
  ["that is so old that a counter may have gone round since", 3600],
  ["of a later time than now", -3600],
])("a state %s is not continued: another id, from 0", async (_, seconds) => {
  const place = governorPlace();
  const clocks = { ...unshifted(), monotonicSeconds: 10_000 };
  const first = await live(place, clocks);
  showMicrojoules(place.roots, "intel-rapl:0", 11_000_000n);
  const before = await ticksLater(place);
  expect(before["counters_uj"]).toEqual({ "intel-rapl:0": joules(10) });
  first.stop();
  clocks.monotonicSeconds += seconds;
  showMicrojoules(place.roots, "intel-rapl:0", 12_000_000n);
  const second = await live(place, clocks);
  const after = await ticksLater(place);
  expect(second.log).toContain("not_resumed");
  expect(after["governor_id"]).not.toBe(before["governor_id"]);
  expect(after["counters_uj"]).toEqual({ "intel-rapl:0": 0 });
});
