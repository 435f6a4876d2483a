import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { listKernelDirectory, parseCount, readOptionalKernelFile } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

export interface GpuUse {
  /** What names the GPU on this host: its PCI address, "0000:03:00.0", or "card0" for one that is on no PCI bus. */
  readonly id: string;
  readonly name: string;
  readonly vendor: "amd" | "nvidia" | "intel";
  /** Share of time with work on the GPU, 0 to 100, as the driver reports it. */
  readonly busyPercent: number | null;
  readonly memoryUsedBytes: number | null;
  readonly memoryTotalBytes: number | null;
  /** Why figures are missing, in words. */
  readonly note: string | null;
}

/**
 * The GPUs whose drivers show themselves in /sys and /proc. Adapters that only drive a display (BMC chips, virtual screens)
 * have other vendors and are not listed. Never throws: a GPU that cannot be read is left out or has nulls.
 */
export function readGpus(roots: HostRoots): GpuUse[] {
  return [...readDrmGpus(roots), ...readNvidiaGpus(roots)];
}

/**
 * Whether NVIDIA's driver shows itself: its module, what it has in /proc, its device (a sandbox may have nothing else), or the paravirtual one of
 * WSL 2 (dxgkrnl). Without any of them its library answers nothing, and need not be loaded. Never throws.
 */
export function mayHaveNvidiaDriver({ proc, sys, msr }: HostRoots): boolean {
  const devices = msr === undefined ? [] : [join(dirname(msr), "nvidiactl"), join(dirname(msr), "dxg")];
  return [join(proc, "driver", "nvidia"), join(sys, "module", "nvidia"), ...devices].some(exists);
}

/** Node.js 20 throws where its permissions forbid the look (--experimental-permission). */
function exists(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}

function readDrmGpus(roots: HostRoots): GpuUse[] {
  const drmDirectory = join(roots.sys, "class", "drm");
  return listKernelDirectory(drmDirectory)
    .filter((name) => /^card\d+$/.test(name))
    .toSorted((left, right) => left.localeCompare(right, "en", { numeric: true }))
    .flatMap((name) => {
      const device = join(drmDirectory, name, "device");
      const id = pciAddress(device) ?? name;
      const gpu = readAmdGpu(device, id) ?? readIntelGpu(device, id);
      return gpu === null ? [] : [gpu];
    });
}

/** PCI vendor 1002 (kernel include/linux/pci_ids.h); files of kernel Documentation/gpu/amdgpu/thermal.rst and driver-misc.rst. */
function readAmdGpu(device: string, id: string): GpuUse | null {
  if (readOptionalKernelFile(join(device, "vendor")) !== "0x1002") return null;
  const memoryTotalBytes = readCount(join(device, "mem_info_vram_total"));
  const busyPercent = readCount(join(device, "gpu_busy_percent"));
  return {
    id,
    name: readOptionalKernelFile(join(device, "product_name")) || `AMD GPU ${id}`,
    vendor: "amd",
    busyPercent,
    memoryUsedBytes: readCount(join(device, "mem_info_vram_used")),
    memoryTotalBytes,
    note: busyPercent === null ? "its driver shows no utilisation in /sys" : null,
  };
}

/** PCI vendor 8086 (kernel include/linux/pci_ids.h). Neither i915 nor xe shows utilisation in /sys. */
function readIntelGpu(device: string, id: string): GpuUse | null {
  if (readOptionalKernelFile(join(device, "vendor")) !== "0x8086") return null;
  return {
    id,
    name: `Intel GPU ${id}`,
    vendor: "intel",
    busyPercent: null,
    memoryUsedBytes: null,
    memoryTotalBytes: null,
    note: "its driver shows no utilisation in /sys",
  };
}

function readNvidiaGpus(roots: HostRoots): GpuUse[] {
  const gpuDirectory = join(roots.proc, "driver", "nvidia", "gpus");
  return listKernelDirectory(gpuDirectory).flatMap((address) => {
    const information = readOptionalKernelFile(join(gpuDirectory, address, "information"));
    if (information === null) return [];
    return [
      {
        id: address,
        name: /^Model:\s*(\S.*)$/m.exec(information)?.[1]?.trim() ?? `NVIDIA GPU ${address}`,
        vendor: "nvidia" as const,
        busyPercent: null,
        memoryUsedBytes: null,
        memoryTotalBytes: null,
        note: "its driver shows no utilisation in /sys; NVML does",
      },
    ];
  });
}

/** The device directory is a link to the PCI device, named after its address; null for a GPU that is on no PCI bus. */
function pciAddress(device: string): string | null {
  try {
    const name = basename(realpathSync(device));
    return /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(name) ? name : null;
  } catch {
    return null;
  }
}

function readCount(path: string): number | null {
  const text = readOptionalKernelFile(path);
  return text === null ? null : parseCount(text);
}
