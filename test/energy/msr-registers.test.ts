import { expect, test } from "vitest";
import { msrCount, msrLayoutOf, msrRule } from "../../src/energy/msr-registers.ts";
import type { CpuInfo } from "../../src/host/cpuinfo.ts";

function processor(wanted: Partial<CpuInfo> = {}): CpuInfo {
  const plain = { vendor: "intel", family: 6, model: 151, stepping: 0, modelName: null, isGuest: false } as const;
  return { ...plain, logicalCpuCount: 1, ...wanted };
}

/** Bits 12:8 of the unit register, beside a power unit of 3 and a time unit of 10, as usual. */
function unitValue(esu: number): bigint {
  return 0xa0003n | (BigInt(esu) << 8n);
}

/** Microjoules of one count. */
function microjoules(kind: "package" | "dram" | "psys", cpu: CpuInfo, esu: number): number {
  const { unitNanojoules, countsPerUnit = 1n } = msrRule(kind, cpu, unitValue(esu));
  return Number(unitNanojoules) / Number(countsPerUnit) / 1000;
}

test("the energy unit of 0xA0E03, the value of most Intel processors, is 2^-14 J, without rounding", () => {
  expect(msrRule("package", processor(), 0xa0e03n)).toMatchObject({
    unitNanojoules: 1_000_000_000n,
    countsPerUnit: 2n ** 14n,
    modulus: 2n ** 32n,
  });
});

test.each([63, 79, 85, 87, 106, 108, 133])(
  "memory of the Intel server of model %i counts 15.3 µJ, its package does not",
  (model) => {
    expect(microjoules("dram", processor({ model }), 14)).toBe(15.3);
    expect(microjoules("package", processor({ model }), 14)).toBeCloseTo(61.035, 3);
  },
);

test.each([86, 143, 207])("memory of model %i counts the normal unit", (model) => {
  expect(microjoules("dram", processor({ model }), 14)).toBeCloseTo(61.035, 3);
});

test.each([143, 207])("the platform rail of model %i counts joules", (model) => {
  expect(microjoules("psys", processor({ model }), 14)).toBe(1e6);
});

test.each([55, 74, 76, 90])("the Atom of model %i counts 2^ESU µJ", (model) => {
  expect(microjoules("package", processor({ model }), 5)).toBe(32);
});

test("a model number means nothing on another vendor's processor", () => {
  expect(microjoules("package", processor({ vendor: "amd", family: 25, model: 55 }), 16)).toBeCloseTo(15.259, 3);
});

test("AMD and Hygon have the package's register above 2^31, and no other that is a package's", () => {
  for (const cpu of [processor({ vendor: "amd", family: 25 }), processor({ vendor: "hygon", family: 24 })]) {
    expect(msrLayoutOf(cpu)).toMatchObject({
      unitRegister: 0xc0010299,
      domains: [{ kind: "package", register: 0xc001029b }],
    });
  }
});

test.each([
  ["an ARM processor", processor({ vendor: "arm", family: 0x41 })],
  ["an AMD processor before Zen", processor({ vendor: "amd", family: 0x15 })],
  ["a Pentium 4", processor({ family: 15 })],
])("%s has none", (_, cpu) => {
  expect(msrLayoutOf(cpu)).toBeNull();
});

test("only the low 32 bits of an energy register count", () => {
  expect(msrCount(0xdead_beef_0000_0007n)).toBe(7n);
  expect(msrCount(0xffff_ffffn)).toBe(0xffff_ffffn);
});
