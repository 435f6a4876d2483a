import { rmSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { parseMicrojoules, type ZoneFile, zoneFile } from "../../src/energy/zone-file.ts";
import {
  energyFile,
  kernelTree,
  packageZone,
  replaceCounter,
  setMicrojoules,
  writePowercap,
} from "../support/kernel-tree.ts";

function openCounter(): {
  readonly file: ZoneFile;
  readonly roots: ReturnType<typeof kernelTree>;
  readonly path: string;
} {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0)]);
  const path = energyFile(roots, "intel-rapl:0");
  const file = zoneFile(path);
  onTestFinished(() => file.close());
  return { file, roots, path };
}

test("every reading shows the counter as it is now", () => {
  const { file, roots } = openCounter();
  expect(file.read()).toBe(1_000_000n);
  setMicrojoules(roots, "intel-rapl:0", 262_143_328_850n);
  expect(file.read()).toBe(262_143_328_850n);
  setMicrojoules(roots, "intel-rapl:0", 5n);
  expect(file.read()).toBe(5n);
});

test("a file that took the counter's place is noticed", () => {
  const { file, roots } = openCounter();
  file.read();
  replaceCounter(roots, "intel-rapl:0", 2_000_000n);
  expect(file.read()).toBe(2_000_000n);
});

test("a counter that vanishes fails, and is found again when it comes back", () => {
  const { file, path } = openCounter();
  file.read();
  rmSync(path);
  expect(() => file.read()).toThrow("ENOENT");
  writeFileSync(path, "7\n");
  expect(file.read()).toBe(7n);
});

test.each(["", "\n", "-1\n", "1.5\n", "0x10\n", "12 34\n", "123456789012345678901\n", "1\n\n"])(
  "%j is no number of microjoules",
  (text) => {
    expect(() => parseMicrojoules(text, "energy_uj")).toThrow("energy_uj");
  },
);
