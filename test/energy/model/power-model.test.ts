import { expect, test } from "vitest";
import { serverFamilies } from "../../../src/energy/model/families.ts";
import { choosePowerModel } from "../../../src/energy/model/power-model.ts";
import { fractionOfTdp } from "../../../src/energy/model/thermal-design-power.ts";
import type { CpuInfo } from "../../../src/host/cpuinfo.ts";

const genoa: CpuInfo = {
  vendor: "amd",
  family: 25,
  model: 17,
  stepping: 1,
  modelName: "AMD EPYC 9654 96-Core Processor",
  isGuest: false,
  logicalCpuCount: 4,
};
const laptop: CpuInfo = {
  ...genoa,
  vendor: "intel",
  family: 6,
  model: 142,
  modelName: "Intel(R) Core(TM) i5-8250U CPU",
};
const stranger: CpuInfo = { ...genoa, vendor: "other", family: 1, model: 1, modelName: "Unheard Of" };
const host = { packageCount: 1, memoryBytes: 8e9 };

test("a known family draws its idle power per thread, and the difference to full load per busy CPU", () => {
  const model = choosePowerModel({ ...host, cpu: genoa });
  expect(model.id).toBe("ccf-aws/epyc-gen4");
  expect(model.watts(4, 0)).toBeCloseTo(4 * 0.74, 12);
  expect(model.watts(4, 4)).toBeCloseTo(4 * 2.28, 12);
  expect(model.watts(4, 1)).toBeCloseTo(4 * 0.74 + (2.28 - 0.74), 12);
});

test("a family's power is that of the whole server: its memory is in it, and is not added", () => {
  const small = choosePowerModel({ packageCount: 1, memoryBytes: 0, cpu: genoa });
  const large = choosePowerModel({ packageCount: 1, memoryBytes: 1e12, cpu: genoa });
  expect(large.boundary).toBe("server_wall");
  expect(large.watts(4, 2)).toBe(small.watts(4, 2));
});

test("EPYC gen 5 has the corrected row: less per thread than gen 4, not four times as much", () => {
  expect(serverFamilies.epycGen5).toMatchObject({ idleWattsPerThread: 0.27, fullWattsPerThread: 1.48 });
});

test("a TDP known by name follows the Teads curve, with memory added once", () => {
  const model = choosePowerModel({ ...host, cpu: laptop });
  expect(model.boundary).toBe("package_and_dram");
  expect(model.watts(4, 0)).toBeCloseTo(15 * 0.12 + 8 * 0.392, 12);
  expect(model.watts(4, 4)).toBeCloseTo(15 * 1.02 + 8 * 0.392, 12);
});

test("a TDP that the user names decides, for every package, whatever the CPU is", () => {
  const model = choosePowerModel({ cpu: genoa, packageCount: 2, memoryBytes: null, cpuTdpWatts: 200 });
  expect(model.watts(4, 2)).toBeCloseTo(2 * 200 * 0.75, 12);
  expect(model.description).toContain("2 x TDP 200 W");
});

test("a guest has only its part of a package whose cores are known", () => {
  const guest = choosePowerModel({
    cpu: { ...laptop, isGuest: true, logicalCpuCount: 2 },
    packageCount: 1,
    memoryBytes: 0,
  });
  expect(guest.watts(2, 2)).toBeCloseTo((15 * 1.02 * 2) / 8, 12);
});

test("of an unknown CPU, only the number of CPUs is left", () => {
  const model = choosePowerModel({ ...host, cpu: stranger });
  expect(model.watts(4, 4)).toBeCloseTo(4 * 3.5, 12);
  expect(model.description).toBe("unknown CPU, 4 logical CPUs");
});

test("the less is known, the wider: family, then TDP, then nothing; a guest is wider than a host", () => {
  const sigmas = [genoa, laptop, stranger].map((cpu) => choosePowerModel({ ...host, cpu }).gainLnSigma);
  expect(sigmas).toEqual([0.2, 0.35, 0.55]);
  const inGuests = [genoa, laptop, stranger].map(
    (cpu) => choosePowerModel({ ...host, cpu: { ...cpu, isGuest: true } }).gainLnSigma,
  );
  expect(inGuests).toEqual([0.2, 0.35, 0.55].map((sigma) => Math.hypot(sigma, 0.25)));
});

test("figures borrowed from another family are trusted as little as none", () => {
  const graviton: CpuInfo = { ...genoa, vendor: "arm", family: 0x41, model: 0xd0c, modelName: null };
  expect(choosePowerModel({ ...host, cpu: graviton }).gainLnSigma).toBe(0.55);
});

test("every row has a source, a year, and draws more at full load than idle", () => {
  for (const family of Object.values(serverFamilies)) {
    expect(family.source).not.toBe("");
    expect(family.year).toBeGreaterThan(2000);
    expect(family.fullWattsPerThread).toBeGreaterThan(family.idleWattsPerThread);
  }
});

test.each([
  [0, 0.12],
  [0.05, 0.22],
  [0.1, 0.32],
  [0.3, 0.535],
  [0.5, 0.75],
  [0.75, 0.885],
  [1, 1.02],
])("at utilisation %d a package draws %d of its TDP", (utilisation, fraction) => {
  expect(fractionOfTdp(utilisation)).toBeCloseTo(fraction, 12);
});
