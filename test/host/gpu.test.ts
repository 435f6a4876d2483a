import { join } from "node:path";
import { expect, test } from "vitest";
import { readGpus } from "../../src/host/gpu.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

function writeCard(roots: HostRoots, card: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    writeKernelFile(join(roots.sys, "class", "drm", card, "device", name), `${text}\n`);
  }
}

test("an AMD GPU shows utilisation and memory", () => {
  const roots = kernelTree();
  writeCard(roots, "card1", {
    vendor: "0x1002",
    product_name: "Instinct MI210",
    gpu_busy_percent: "37",
    mem_info_vram_used: "1024",
    mem_info_vram_total: "4096",
  });
  expect(readGpus(roots)).toEqual([
    {
      id: "card1",
      name: "Instinct MI210",
      vendor: "amd",
      busyPercent: 37,
      memoryUsedBytes: 1024,
      memoryTotalBytes: 4096,
      note: null,
    },
  ]);
});

test("figures that a driver does not show are null, with the reason", () => {
  const roots = kernelTree();
  writeCard(roots, "card0", { vendor: "0x8086" });
  writeCard(roots, "card1", { vendor: "0x1002", gpu_busy_percent: "garbage" });
  const [intel, amd] = readGpus(roots);
  expect(intel).toMatchObject({ vendor: "intel", busyPercent: null, memoryUsedBytes: null });
  expect(intel?.note).not.toBeNull();
  expect(amd).toMatchObject({ vendor: "amd", busyPercent: null });
  expect(amd?.note).not.toBeNull();
});

test.each([
  ["a BMC's display (ASPEED)", "0x1a03"],
  ["QEMU's screen (bochs)", "0x1234"],
  ["a virtio screen", "0x1af4"],
])("%s is no GPU", (_, vendor) => {
  const roots = kernelTree();
  writeCard(roots, "card0", { vendor });
  expect(readGpus(roots)).toEqual([]);
});

test("connectors and render nodes are not further GPUs", () => {
  const roots = kernelTree();
  writeCard(roots, "card0", { vendor: "0x1002" });
  writeCard(roots, "card0-HDMI-A-1", { vendor: "0x1002" });
  writeCard(roots, "renderD128", { vendor: "0x1002" });
  expect(readGpus(roots)).toHaveLength(1);
});

test("an NVIDIA GPU is named, with a note that its use and energy need NVML", () => {
  const roots = kernelTree();
  const information = "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 10\nGPU UUID: \t GPU-0\n";
  writeKernelFile(join(roots.proc, "driver/nvidia/gpus/0000:17:00.0/information"), information);
  const [gpu] = readGpus(roots);
  expect(gpu).toMatchObject({ name: "NVIDIA H100 80GB HBM3", vendor: "nvidia", busyPercent: null });
  expect(gpu?.note).toContain("NVML");
});

test("a host without any of these files has no GPUs", () => {
  expect(readGpus({ proc: "/nonexistent", sys: "/nonexistent" })).toEqual([]);
});
