import { expect, test } from "vitest";
import { recogniseFamily } from "../../../src/energy/model/recognise.ts";
import type { CpuInfo } from "../../../src/host/cpuinfo.ts";

const nameless: CpuInfo = {
  vendor: "intel",
  family: null,
  model: null,
  stepping: null,
  modelName: null,
  isGuest: true,
  logicalCpuCount: 2,
};

test.each([
  [
    "a guest that hides the name: AMD EPYC",
    { vendor: "amd", family: 25, model: 17, modelName: "AMD EPYC" },
    "epyc-gen4",
  ],
  ["AMD Rome", { vendor: "amd", family: 23, model: 49, modelName: "AMD EPYC 7R32" }, "epyc-gen2"],
  ["AMD Milan", { vendor: "amd", family: 25, model: 1, modelName: "AMD EPYC 7R13 Processor" }, "epyc-gen3"],
  ["AMD Turin", { vendor: "amd", family: 26, model: 2, modelName: "AMD EPYC 9755" }, "epyc-gen5"],
  ["Intel Skylake server", { vendor: "intel", family: 6, model: 85, stepping: 4 }, "skylake"],
  ["Intel Cascade Lake, same model", { vendor: "intel", family: 6, model: 85, stepping: 7 }, "cascade-lake"],
  ["Intel Ice Lake server", { vendor: "intel", family: 6, model: 106, stepping: 6 }, "ice-lake"],
  ["Intel Coffee Lake", { vendor: "intel", family: 6, model: 158, stepping: 10 }, "coffee-lake"],
  ["AWS Graviton 2", { vendor: "arm", family: 0x41, model: 0xd0c }, "arm-neoverse"],
] as const)("%s is known by its numbers", (_, cpu, family) => {
  expect(recogniseFamily({ ...nameless, ...cpu })?.id).toBe(family);
});

test.each([
  ["amd", "AMD EPYC 7551 32-Core Processor", "epyc-gen1"],
  ["amd", "AMD EPYC 7B12", "epyc-gen2"],
  ["amd", "AMD EPYC 9R14", "epyc-gen4"],
  ["intel", "Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz", "sandy-bridge"],
  ["intel", "Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz", "broadwell"],
  ["intel", "Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz", "skylake"],
  ["intel", "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz", "cascade-lake"],
  ["intel", "Intel(R) Xeon(R) Gold 6348 CPU @ 2.60GHz", "ice-lake"],
  ["intel", "Intel(R) Xeon(R) Platinum 8488C", "sapphire-rapids"],
  ["intel", "INTEL(R) XEON(R) PLATINUM 8592+", "emerald-rapids"],
] as const)("without numbers, the %s name %s is enough", (vendor, modelName, family) => {
  expect(recogniseFamily({ ...nameless, vendor, modelName })?.id).toBe(family);
});

test.each([
  [
    "a desktop that shares EPYC's numbers",
    { vendor: "amd", family: 23, model: 1, modelName: "AMD Ryzen Threadripper 1950X" },
  ],
  ["Kaby Lake, which shares Coffee Lake's model", { vendor: "intel", family: 6, model: 158, stepping: 9 }],
  ["a laptop", { vendor: "intel", family: 6, model: 142, modelName: "Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz" }],
  ["an ARM core of a phone", { vendor: "arm", family: 0x41, model: 0xd03 }],
  ["another maker", { vendor: "other", family: 6, model: 106 }],
] as const)("%s is no server family", (_, cpu) => {
  expect(recogniseFamily({ ...nameless, ...cpu })).toBeNull();
});
