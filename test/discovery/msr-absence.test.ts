import { expect, test } from "vitest";
import { failedOpening } from "../../src/discovery/msr-absence.ts";
import type { PackageProbe } from "../../src/discovery/msr-probe.ts";
import { parseCpuInfo } from "../../src/host/cpuinfo-text.ts";

const cpu = parseCpuInfo("processor: 0\nvendor_id: GenuineIntel\ncpu family: 6\nmodel: 151\n");

function opening(problem: string) {
  const probe: PackageProbe = {
    name: "package-0",
    path: "/dev/cpu/0/msr",
    unit: 0n,
    count: 0n,
    isFiltered: false,
    failure: { step: "open", problem },
  };
  if (cpu === null) throw new Error("the fixture is no cpuinfo");
  return failedOpening([probe], cpu);
}

test.each([
  ["ENOENT", "the kernel module that shows registers is not loaded", "sudo modprobe msr"],
  ["EACCES", "CAP_SYS_RAWIO, which the kernel checks when the file is opened", "setcap cap_sys_rawio=ep"],
  ["EPERM", "root inside a rootless container does not have either", "setcap cap_sys_rawio=ep"],
])("opening that fails with %s is told apart, with the command that mends it", (problem, why, mend) => {
  const found = opening(problem);
  expect(found).toMatchObject({ usable: false, mend: expect.stringContaining(mend) });
  expect(found.why).toContain(problem);
  expect(found.why).toContain(why);
});

test.each([
  ["ENXIO", "a CPU that is offline"],
  ["EIO", "no model-specific registers"],
  ["EMFILE", "EMFILE"],
])("opening that fails with %s is told, and no command pretends to mend it", (problem, why) => {
  expect(opening(problem)).toMatchObject({ usable: false, mend: null, why: expect.stringContaining(why) });
});
