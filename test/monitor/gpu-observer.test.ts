import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GpuObserver } from "../../src/monitor/gpu-observer.ts";
import { plantTree } from "../checks/planted-tree.ts";

const card = "class/drm/card0/device";

/** One AMD GPU, as the amdgpu driver shows it in /sys. */
const amdFiles = {
  [`${card}/vendor`]: "0x1002\n",
  [`${card}/product_name`]: "Instinct MI210\n",
  [`${card}/gpu_busy_percent`]: "0\n",
  [`${card}/mem_info_vram_used`]: "1000\n",
  [`${card}/mem_info_vram_total`]: "64000\n",
};

function observerOn(files: Readonly<Record<string, string>>) {
  const sys = plantTree(files);
  const show = (name: string, text: string) => writeFileSync(join(sys, card, name), `${text}\n`);
  return { sys, show, observer: new GpuObserver({ sys, proc: plantTree({}) }) };
}

test("a GPU is as busy as the mean of its samples, and took as much memory as the largest", () => {
  const { show, observer } = observerOn(amdFiles);
  for (const [busy, used] of [
    ["10", "2000"],
    ["80", "9000"],
    ["30", "3000"],
  ] as const) {
    show("gpu_busy_percent", busy);
    show("mem_info_vram_used", used);
    observer.sample();
  }
  expect(observer.use).toEqual([
    {
      id: "card0",
      name: "Instinct MI210",
      vendor: "amd",
      busyPercent: 40,
      memoryUsedBytes: 9000,
      memoryTotalBytes: 64_000,
      note: null,
    },
  ]);
});

test("a sample that cannot be read does not count as idle", () => {
  const { sys, show, observer } = observerOn(amdFiles);
  show("gpu_busy_percent", "60");
  observer.sample();
  rmSync(join(sys, card, "gpu_busy_percent"));
  rmSync(join(sys, card, "mem_info_vram_used"));
  observer.sample();
  expect(observer.use).toMatchObject([{ busyPercent: 60, memoryUsedBytes: 1000 }]);
});

test("a GPU whose use no sample could read is listed with nulls and the reason", () => {
  const { observer } = observerOn({ [`${card}/vendor`]: "0x8086\n" });
  observer.sample();
  expect(observer.use).toMatchObject([
    { vendor: "intel", busyPercent: null, memoryUsedBytes: null, note: expect.stringContaining("no utilisation") },
  ]);
});

test("each of several GPUs has figures of its own", () => {
  const second = "class/drm/card1/device";
  const { observer } = observerOn({
    ...amdFiles,
    [`${second}/vendor`]: "0x1002\n",
    [`${second}/gpu_busy_percent`]: "90\n",
    [`${second}/mem_info_vram_used`]: "5000\n",
  });
  observer.sample();
  observer.sample();
  expect(observer.use).toMatchObject([
    { busyPercent: 0, memoryUsedBytes: 1000 },
    { busyPercent: 90, memoryUsedBytes: 5000 },
  ]);
});

test("a host without GPUs has none", () => {
  const { observer } = observerOn({ "class/drm/version": "drm 1.1.0\n" });
  observer.sample();
  expect(observer.use).toEqual([]);
});

test("before the first sample nothing was seen", () => {
  expect(observerOn(amdFiles).observer.use).toEqual([]);
});
