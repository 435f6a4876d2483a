import { expect, test } from "vitest";
import { readCpuInfo } from "../../src/host/cpuinfo.ts";
import { parseCpuInfo } from "../../src/host/cpuinfo-text.ts";
import { kernelTree, writeProc } from "../support/kernel-tree.ts";

test("vendor, numbers and name of an x86 processor are read", () => {
  const roots = kernelTree();
  writeProc(roots, {
    vendorId: "AuthenticAMD",
    family: 25,
    model: 17,
    stepping: 1,
    modelName: "AMD EPYC 9654",
    cpuCount: 2,
  });
  expect(readCpuInfo(roots)).toEqual({
    vendor: "amd",
    family: 25,
    model: 17,
    stepping: 1,
    modelName: "AMD EPYC 9654",
    isGuest: false,
    logicalCpuCount: 2,
  });
});

test("the hypervisor flag tells a guest", () => {
  const roots = kernelTree();
  writeProc(roots, { isGuest: true });
  expect(readCpuInfo(roots).isGuest).toBe(true);
});

test("an ARM processor has an implementer and a part instead of family and model, and no name", () => {
  const text = "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\nprocessor\t: 1\n";
  expect(parseCpuInfo(text)).toMatchObject({
    vendor: "arm",
    family: 0x41,
    model: 0xd0c,
    modelName: null,
    logicalCpuCount: 2,
  });
});

test("a file that names no processor is an error", () => {
  expect(parseCpuInfo("nothing here\n")).toBeNull();
  expect(() => readCpuInfo(kernelTree())).toThrow(expect.objectContaining({ code: "HOST_UNREADABLE" }));
});
