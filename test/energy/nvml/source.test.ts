import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { GpuBoardReading, GpuEnergySource } from "../../../src/energy/gpu.ts";
import { openNvml } from "../../../src/energy/nvml/source.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { oneBoard, type StandIn, type StandInState, withNvmlStandIn } from "../../support/nvml-stand-in.ts";

test("without NVIDIA's library the opening says so in a clause, and throws nothing", async () => {
  const opening = await openNvml({ clock: manualClock(), hostname: "h", libraryPath: "/nowhere/libnvidia-ml.so.1" });
  expect(opening).toMatchObject({ source: null, missing: "library" });
  expect(opening.source === null && opening.problem).toMatch(/^\/nowhere\/libnvidia-ml\.so\.1 cannot be loaded/);
});

withNvmlStandIn("NVML through FFI", (standIn) => {
  async function opened(nvml: StandIn, callLimitMs = 5000) {
    const clock = manualClock();
    const opening = await openNvml({ clock, hostname: "h", libraryPath: nvml.path, callLimitMs });
    if (opening.source === null) throw new Error(opening.problem);
    return { ...opening, clock, source: opening.source };
  }

  async function onlyReading(source: GpuEnergySource): Promise<GpuBoardReading> {
    const [reading] = await source.read();
    if (reading === undefined) throw new Error("the board was not read");
    return reading;
  }

  const changed = (differences: StandInState): StandInState => ({ ...oneBoard, ...differences });

  test("a board is known by UUID, PCI address and name", async () => {
    const { source, driver } = await opened(standIn());
    expect(driver).toBe("550.54.15");
    expect(source.boards).toMatchObject([
      {
        id: "GPU-11111111-2222-3333-4444-555555555555",
        pciAddress: "0000:0a:00.0",
        name: "NVIDIA H100 80GB HBM3",
        method: "energy_counter",
        uncertainty: { gainLnSigma: 0.04 },
      },
    ]);
    await source.close();
  });

  test("energy is what the counter gained since opening, to the millijoule", async () => {
    const nvml = standIn();
    const { source, clock } = await opened(nvml);
    expect((await onlyReading(source)).microjoules).toBe(0n);
    clock.advanceSeconds(1);
    nvml.set(changed({ "0.energy": 1_250_001 }));
    expect(await onlyReading(source)).toMatchObject({ microjoules: 250_001_000n, gaps: 0 });
    await source.close();
  });

  test("a counter beyond 2^53 is read exactly", async () => {
    const nvml = standIn({ state: changed({ "0.energy": 2n ** 60n }) });
    const { source, clock } = await opened(nvml);
    await onlyReading(source);
    clock.advanceSeconds(1);
    nvml.set(changed({ "0.energy": 2n ** 60n + 7n }));
    expect((await onlyReading(source)).microjoules).toBe(7000n);
    await source.close();
  });

  test("a counter that goes backwards is a driver that was loaded anew: a gap, and counting goes on", async () => {
    const nvml = standIn();
    const { source, clock } = await opened(nvml);
    await onlyReading(source);
    clock.advanceSeconds(1);
    nvml.set(changed({ "0.energy": 5000 }));
    expect(await onlyReading(source)).toMatchObject({ microjoules: 0n, gaps: 1 });
    clock.advanceSeconds(1);
    nvml.set(changed({ "0.energy": 105_000 }));
    expect(await onlyReading(source)).toMatchObject({ microjoules: 100_000_000n, gaps: 1 });
    await source.close();
  });

  test("more energy than the board's power limit allows is garbage, and adds nothing", async () => {
    const nvml = standIn();
    const { source, clock } = await opened(nvml);
    await onlyReading(source);
    clock.advanceSeconds(1);
    nvml.set(changed({ "0.energy": 9_000_000 }));
    expect(await onlyReading(source)).toMatchObject({ microjoules: 0n, gaps: 1 });
    await source.close();
  });

  test("a failed reading is no reading, and the next one covers its time", async () => {
    const nvml = standIn();
    const { source, clock } = await opened(nvml);
    await onlyReading(source);
    clock.advanceSeconds(1);
    nvml.set(changed({ "0.energy.code": 999 }));
    expect(await source.read()).toEqual([]);
    clock.advanceSeconds(1);
    nvml.set(changed({ "0.energy": 1_200_000 }));
    expect(await onlyReading(source)).toMatchObject({ microjoules: 200_000_000n, gaps: 1 });
    await source.close();
  });

  test.each([1, 15, 16, 18])(
    "after code %i the library is started again, and the board found by its UUID",
    async (code) => {
      const nvml = standIn();
      const { source, clock } = await opened(nvml);
      await onlyReading(source);
      clock.advanceSeconds(1);
      nvml.set(changed({ lost: code }));
      expect(await source.read()).toEqual([]);
      // The driver is back, with another board in front of ours.
      const other = Object.entries(oneBoard).filter(([name]) => name.startsWith("0."));
      const moved = Object.fromEntries(other.map(([name, value]) => [name.replace("0.", "1."), value]));
      nvml.set({ ...changed({ count: 2, "0.uuid": "GPU-other", "0.energy": 77 }), ...moved, "1.energy": 4000 });
      await source.read();
      clock.advanceSeconds(1);
      nvml.set({ ...changed({ count: 2, "0.uuid": "GPU-other", "0.energy": 77 }), ...moved, "1.energy": 54_000 });
      const reading = await onlyReading(source);
      expect(reading.board.id).toBe("GPU-11111111-2222-3333-4444-555555555555");
      clock.advanceSeconds(1);
      nvml.set({ ...changed({ count: 2, "0.uuid": "GPU-other", "0.energy": 77 }), ...moved, "1.energy": 104_000 });
      const later = await onlyReading(source);
      expect(later.microjoules - reading.microjoules).toBe(50_000_000n);
      expect(later.gaps).toBeGreaterThan(0);
      await source.close();
    },
  );

  test("one lost board leaves the energy of the others whole", async () => {
    const second = { "1.name": "B", "1.uuid": "GPU-b", "1.energy": 0, "1.limit": 300_000 };
    const nvml = standIn({ state: { ...oneBoard, count: 2, ...second } });
    const { source, clock } = await opened(nvml);
    await source.read();
    clock.advanceSeconds(1);
    nvml.set({ ...oneBoard, count: 2, ...second, "1.energy.code": 15, "0.energy": 1_100_000 });
    await source.read();
    clock.advanceSeconds(1);
    nvml.set({ ...oneBoard, count: 2, ...second, "1.energy.code": 15, "0.energy": 1_200_000 });
    expect(await onlyReading(source)).toMatchObject({ microjoules: 200_000_000n, gaps: 0 });
    await source.close();
  });

  test("a board without a counter has its watts summed up, and says so", async () => {
    const { "0.energy": _, ...state } = oneBoard;
    const nvml = standIn({ state });
    const { source, clock } = await opened(nvml);
    expect(source).toMatchObject({ needsPolling: true, boards: [{ method: "integrated_power" }] });
    await onlyReading(source);
    clock.advanceSeconds(0.1);
    nvml.set({ ...state, "0.power": 90_000 });
    await source.poll();
    clock.advanceSeconds(0.1);
    const { microjoules } = await onlyReading(source);
    // 0.1 s at 80 W on average, then 0.1 s at 90 W.
    expect(microjoules).toBe(17_000_000n);
    await source.close();
  });

  test("a board that shows neither energy nor power is named with why", async () => {
    const { "0.energy": _, "0.power": __, ...state } = oneBoard;
    const opening = await openNvml({ clock: manualClock(), hostname: "h", libraryPath: standIn({ state }).path });
    expect(opening).toMatchObject({ source: null, missing: "boards" });
    expect(opening.source === null && opening.problem).toContain("shows neither energy nor power");
  });

  test.each([
    [9, "kernel driver is not loaded"],
    [18, "reboot"],
    [999, "UNKNOWN (999)"],
  ])("a library that does not start (%i) says why", async (init, words) => {
    const opening = await openNvml({
      clock: manualClock(),
      hostname: "h",
      libraryPath: standIn({ state: { init } }).path,
    });
    expect(opening.source === null && opening.problem).toContain(words);
  });

  test("work of processes since the last look: older samples are not counted twice", async () => {
    const nvml = standIn({ state: changed({ "0.samples": "10:1000:90" }) });
    const { source } = await opened(nvml);
    await onlyReading(source);
    nvml.set(changed({ "0.samples": "10:1000:90,10:2000:40,10:3000:20,11:3000:50" }));
    expect((await onlyReading(source)).processes).toEqual([
      { pid: 10, smPercent: 30 },
      { pid: 11, smPercent: 50 },
    ]);
    nvml.set(changed({ "0.samples": " " }));
    expect((await onlyReading(source)).processes).toEqual([]);
    await source.close();
  });

  test("more processes than were expected are all read", async () => {
    const pids = Array.from({ length: 60 }, (_, index) => 100 + index);
    const nvml = standIn({ state: changed({ "0.samples": pids.map((pid) => `${pid}:5:1`).join(",") }) });
    const { source } = await opened(nvml);
    expect((await onlyReading(source)).processes?.map(({ pid }) => pid)).toEqual(pids);
    await source.close();
  });

  test("a divided board (MIG) counts for the whole board and tells no processes apart", async () => {
    const nvml = standIn({ state: changed({ "0.mig": 1, "0.samples": "10:1000:90" }) });
    const { source } = await opened(nvml);
    expect(source.boards[0]?.note).toContain("MIG");
    expect((await onlyReading(source)).processes).toBeNull();
    await source.close();
  });

  test.each([false, true])(
    "memory and idle watts are read by the layout the library has (old driver: %s)",
    async (isOldDriver) => {
      const nvml = standIn({ isOldDriver });
      const { source } = await opened(nvml);
      const memory = { memoryUsedBytes: 1_073_741_824, memoryTotalBytes: 85_899_345_920 };
      expect(await onlyReading(source)).toMatchObject({ ...memory, idleWatts: 70 });
      nvml.set(changed({ "0.running": "4242:1000,4343:2000" }));
      expect(await onlyReading(source)).toMatchObject({ ...memory, idleWatts: null });
      await source.close();
    },
  );

  test("what a board will never answer is null, and the rest is read", async () => {
    const { "0.memory.total": _, "0.busy": __, ...state } = oneBoard;
    const { source } = await opened(standIn({ state }));
    expect(await onlyReading(source)).toMatchObject({ microjoules: 0n, busyPercent: null, memoryUsedBytes: null });
    await source.close();
  });

  test("a call into the driver that takes its time does not stop this process", async () => {
    const nvml = standIn();
    const { source } = await opened(nvml);
    nvml.set(changed({ "0.energy.sleep_ms": 300 }));
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 10);
    await source.read();
    clearInterval(counting);
    expect(turns).toBeGreaterThan(0);
    await source.close();
  });

  test("a call that does not come back in time is a failed reading, and later ones succeed again", async () => {
    const nvml = standIn();
    const { source } = await opened(nvml, 100);
    await onlyReading(source);
    nvml.set(changed({ "0.energy.sleep_ms": 400 }));
    expect(await source.read()).toEqual([]);
    nvml.set(oneBoard);
    expect(await source.read()).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await onlyReading(source)).gaps).toBe(2);
    await source.close();
  });

  test("whatever a driver answers, reading rejects nothing and energy never decreases", async () => {
    const nvml = standIn();
    const { source, clock } = await opened(nvml);
    let last = 0n;
    let readingCount = 0;
    const mostly = (usual: number, others: readonly number[]) =>
      fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
    const anyState = fc.record({
      "0.energy": fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 2_000_000 })),
      "0.energy.code": mostly(0, [3, 6, 10, 15, 999, 4711, -1]),
      "0.samples": fc.constantFrom(" ", "1:1:101", "4294967295:18446744073709551615:100", "10:5:3"),
      "0.memory.used": fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      lost: mostly(0, [1, 16, 27]),
      count: mostly(1, [0, 4_000_000_000]),
    });
    await fc.assert(
      fc.asyncProperty(anyState, fc.double({ min: 0, max: 5, noNaN: true }), async (state, seconds) => {
        nvml.set(changed(state));
        clock.advanceSeconds(seconds);
        for (const { microjoules } of await source.read()) {
          expect(microjoules).toBeGreaterThanOrEqual(last);
          last = microjoules;
          readingCount += 1;
        }
      }),
    );
    expect(readingCount).toBeGreaterThan(10);
    await source.close();
  });
});
