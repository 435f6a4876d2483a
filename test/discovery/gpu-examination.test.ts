import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { examineGpuSources, openGpuSources } from "../../src/discovery/gpu-examination.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";
import { manualClock } from "../support/manual-clock.ts";
import { oneBoard, withNvmlStandIn } from "../support/nvml-stand-in.ts";

const nowhere = "/nowhere/libnvidia-ml.so.1";

async function examined(roots: HostRoots, nvmlLibrary = nowhere) {
  const [nvml, hwmon] = await examineGpuSources({ roots, clock: manualClock(), nvmlLibrary });
  return { nvml, hwmon };
}

test("a host without GPUs has two plain sentences, and nothing to mend", async () => {
  const { nvml, hwmon } = await examined(kernelTree());
  expect(nvml).toMatchObject({ id: "nvml", usable: false, mend: null, uncertainty: null });
  expect(nvml?.why).toMatch(/^NVML cannot be used: .*; no NVIDIA driver shows a GPU on this host\.$/);
  expect(hwmon).toMatchObject({ id: "hwmon", usable: false, mend: null, uncertainty: null });
});

test("an NVIDIA GPU whose library is missing is named, so that its missing energy is no secret", async () => {
  const roots = kernelTree();
  writeKernelFile(join(roots.proc, "driver/nvidia/gpus/0000:01:00.0/information"), "Model: NVIDIA L4\n");
  const { nvml } = await examined(roots);
  expect(nvml?.why).toContain("in no figure: NVIDIA L4");
  expect(nvml?.why).toContain("CARBON_OPS_NVML_LIBRARY");
});

test("where no driver of NVIDIA shows itself, the package that would call its library is not even loaded", async () => {
  vi.resetModules();
  const opened = vi.fn<(path: string) => void>();
  vi.doMock("../../src/energy/nvml/library.ts", () => ({
    defaultNvmlLibrary: nowhere,
    openNvmlLibrary: async (path: string) => {
      opened(path);
      return { library: null, problem: "it was asked for", missing: "library" };
    },
  }));
  onTestFinished(() => {
    vi.doUnmock("../../src/energy/nvml/library.ts");
  });
  const discovery = await import("../../src/discovery/gpu-examination.ts");
  const roots = kernelTree();
  expect(await discovery.openGpuSources({ roots, clock: manualClock() })).toEqual([]);
  expect(opened).not.toHaveBeenCalled();
  writeKernelFile(join(roots.proc, "driver/nvidia/version"), "NVRM version: 550\n");
  await discovery.openGpuSources({ roots, clock: manualClock() });
  expect(opened).toHaveBeenCalledWith(nowhere);
});

test("an Intel board that counts joules is usable", async () => {
  const roots = kernelTree();
  writeKernelFile(join(roots.sys, "class/hwmon/hwmon0/name"), "i915\n");
  writeKernelFile(join(roots.sys, "class/hwmon/hwmon0/energy1_input"), "5\n");
  const { hwmon } = await examined(roots);
  expect(hwmon).toMatchObject({ usable: true, uncertainty: { gainLnSigma: 0.07 } });
  expect(hwmon?.why).toContain("counts its joules");
  expect(await openGpuSources({ roots, clock: manualClock(), nvmlLibrary: nowhere })).toMatchObject([{ id: "hwmon" }]);
});

withNvmlStandIn("what doctor says of NVIDIA GPUs", (standIn) => {
  test("boards are named with driver and kind of counter", async () => {
    const { nvml } = await examined(kernelTree(), standIn().path);
    expect(nvml).toMatchObject({ usable: true, mend: null, uncertainty: { gainLnSigma: 0.04 } });
    expect(nvml?.why).toContain("driver 550.54.15");
    expect(nvml?.why).toContain("NVIDIA H100 80GB HBM3 counts its joules.");
  });

  test("a board that shows watts only is said to be summed up, and one that shows nothing is left out", async () => {
    const { "0.energy": _, ...watts } = oneBoard;
    const { path } = standIn({ state: { ...watts, count: 2, "1.name": "Tesla K10", "1.uuid": "GPU-k" } });
    const { nvml } = await examined(kernelTree(), path);
    expect(nvml?.why).toContain("sampled ten times a second and summed up");
    expect(nvml?.why).toContain("Tesla K10 is left out: it shows neither energy nor power.");
  });

  test("a divided board says that its instances cannot be told apart", async () => {
    const { nvml } = await examined(kernelTree(), standIn({ state: { ...oneBoard, "0.mig": 1 } }).path);
    expect(nvml?.why).toContain("divided into instances (MIG)");
  });

  test("a library without its driver says so", async () => {
    const { nvml } = await examined(kernelTree(), standIn({ state: { init: 9 } }).path);
    expect(nvml?.why).toContain("the NVIDIA kernel driver is not loaded");
  });
});
