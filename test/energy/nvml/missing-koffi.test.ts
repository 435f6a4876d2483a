import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { examineGpuSources, openGpuSources } from "../../../src/discovery/gpu-examination.ts";
import { kernelTree, writeKernelFile } from "../../support/kernel-tree.ts";
import { manualClock } from "../../support/manual-clock.ts";

vi.mock("koffi", () => {
  throw new Error("Cannot find package 'koffi'");
});

test("without koffi, doctor says in a sentence what is missing and which command brings it", async () => {
  const roots = kernelTree();
  writeKernelFile(join(roots.proc, "driver/nvidia/gpus/0000:01:00.0/information"), "Model: NVIDIA L4\n");
  const [nvml] = await examineGpuSources({ roots, clock: manualClock() });
  expect(nvml).toMatchObject({ usable: false, mend: "npm install koffi" });
  expect(nvml?.why).toContain("the optional package koffi, which calls NVIDIA's library, is not installed");
});

test("without koffi on a host without NVIDIA GPUs there is nothing to mend, and a run goes on", async () => {
  const request = { roots: kernelTree(), clock: manualClock() };
  expect((await examineGpuSources(request))[0]).toMatchObject({ usable: false, mend: null });
  expect(await openGpuSources(request)).toEqual([]);
});
