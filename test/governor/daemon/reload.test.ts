import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type GovernorPlace, governorPlace, showMicrojoules } from "../../support/governor.ts";
import { live, ticksLater } from "../../support/governor-life.ts";
import { intelRange, packageZone, writePowercap, type Zone } from "../../support/kernel-tree.ts";

const platformZone: Zone = { name: "psys", microjoules: 1_000_000n, range: intelRange };

/** The module is loaded anew: the counters in the processor have gone on, the kernel deals out the indices as it finds the zones. */
function reloadModule({ roots }: GovernorPlace, zones: readonly Zone[], joules: readonly bigint[]): void {
  rmSync(join(roots.sys, "class/powercap"), { recursive: true });
  rmSync(join(roots.sys, "devices/virtual/powercap"), { recursive: true });
  const shown = zones.map((zone, index) => ({ ...zone, microjoules: (joules[index] ?? 0n) * 1_000_000n }));
  writePowercap(roots, shown);
}

/** To less than one count of 61 µJ for each baseline. */
const joules = (count: number): unknown => expect.closeTo(count * 1e6, -2.3);

test("a module reload that swaps two zones' indices lets neither domain count the other's energy", async () => {
  const place = governorPlace([packageZone(0), platformZone]);
  const { rediscover } = await live(place);
  await ticksLater(place);
  reloadModule(place, [platformZone, packageZone(0)], [51n, 3n]);
  const unasked = await ticksLater(place);
  expect(unasked["counters_uj"]).toEqual({ "intel-rapl:0": 0 });
  expect(Number(unasked["gaps"])).toBeGreaterThan(0);
  rediscover();
  showMicrojoules(place.roots, "intel-rapl:0", 101_000_000n);
  showMicrojoules(place.roots, "intel-rapl:1", 6_000_000n);
  expect(await ticksLater(place)).toMatchObject({
    counters_uj: { "intel-rapl:0": joules(5) },
    nested_uj: { "intel-rapl:1": joules(100) },
  });
});

test("a governor that starts again after such a reload goes on with each domain's own energy", async () => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  const first = await live(place);
  const { governor_id: id } = await ticksLater(place);
  first.stop();
  reloadModule(place, [packageZone(1), packageZone(0)], [41n, 3n]);
  await live(place);
  expect(await ticksLater(place)).toMatchObject({
    governor_id: id,
    counters_uj: { "intel-rapl:0": joules(2), "intel-rapl:1": joules(40) },
    gaps: 0,
  });
});

test("a new zone that gets the index of a known one is a domain of its own, under its name", async () => {
  const place = governorPlace([packageZone(0)]);
  const { rediscover } = await live(place);
  await ticksLater(place);
  reloadModule(place, [platformZone, packageZone(0)], [51n, 3n]);
  rediscover();
  expect(await ticksLater(place)).toMatchObject({
    counters_uj: { "intel-rapl:0": joules(2) },
    nested_uj: { "intel-rapl/psys": 0 },
  });
});

test("a zone that is taken in late is a gap: what it used until then is unknown", async () => {
  const place = governorPlace([packageZone(0)]);
  const { rediscover } = await live(place);
  expect(await ticksLater(place)).toMatchObject({ gaps: 0 });
  writePowercap(place.roots, [packageZone(1)], "intel-rapl-mmio");
  rediscover();
  const withIt = await ticksLater(place);
  expect(withIt).toMatchObject({ gaps: 1, counters_uj: { "intel-rapl:0": 0, "intel-rapl-mmio:0": 0 } });
  expect(await ticksLater(place)).toMatchObject({ gaps: 1 });
});

test("a zone that is new after a restart under the same id is a gap too", async () => {
  const place = governorPlace([packageZone(0)]);
  const first = await live(place);
  const { governor_id: id } = await ticksLater(place);
  first.stop();
  writePowercap(place.roots, [packageZone(1)], "intel-rapl-mmio");
  await live(place);
  expect(await ticksLater(place)).toMatchObject({ governor_id: id, gaps: 1 });
});

test("a package that shows up through a second window is counted once", async () => {
  const place = governorPlace([]);
  writePowercap(place.roots, [packageZone(0)], "intel-rapl-mmio");
  const { rediscover } = await live(place);
  await ticksLater(place);
  writePowercap(place.roots, [packageZone(0)]);
  rediscover();
  await ticksLater(place);
  showMicrojoules(place.roots, "intel-rapl-mmio:0", 3_000_000n);
  showMicrojoules(place.roots, "intel-rapl:0", 3_000_000n);
  expect(await ticksLater(place)).toMatchObject({
    counters_uj: { "intel-rapl-mmio:0": joules(2) },
    nested_uj: { "intel-rapl:0": joules(2) },
    gaps: 0,
  });
});
