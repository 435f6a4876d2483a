import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEnergySource } from "../../src/discovery/discover.ts";
import { examineSources, type SourceExamination } from "../../src/discovery/examine.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { energyFile, kernelTree, memoryZone, packageZone, writePowercap, writeProc } from "../support/kernel-tree.ts";
import { manualClock } from "../support/manual-clock.ts";
import { asNobody, canBecomeNobody } from "../support/unprivileged.ts";

/** A host whose counters are closed as the kernel closes them: to root, mode 0400. */
function closedHost(): HostRoots {
  const roots = kernelTree();
  writeProc(roots);
  writePowercap(roots, [packageZone(0, [memoryZone()])]);
  for (const zone of ["intel-rapl:0", "intel-rapl:0:0"])
    chmodSync(energyFile(roots, zone), canBecomeNobody ? 0o400 : 0);
  return roots;
}

const asUser: <Result>(action: () => Result) => Result = canBecomeNobody ? asNobody : (action) => action();

function powercapOf(roots: HostRoots): SourceExamination | undefined {
  return asUser(() => examineSources({ roots, clock: manualClock() })).find(({ id }) => id === "powercap");
}

test("counters that only root may read: the doctor says so, and gives the command with the real files", () => {
  const roots = closedHost();
  const files = ["intel-rapl:0", "intel-rapl:0:0"]
    .map((zone) => `'${realpathSync(energyFile(roots, zone))}'`)
    .join(" ");
  expect(powercapOf(roots)).toMatchObject({
    usable: false,
    why: expect.stringContaining("only root may read them"),
    mend: `sudo chgrp "$(id -g)" ${files} && sudo chmod g+r ${files}`,
  });
});

test("asked for powercap without permission, the error says why and holds the command", () => {
  const roots = closedHost();
  const open = () => asUser(() => openEnergySource({ roots, clock: manualClock(), wanted: "powercap" }));
  expect(open).toThrow(expect.objectContaining({ code: "ENERGY_SOURCE_UNAVAILABLE" }));
  expect(open).toThrow(/only root may read.*sudo chgrp/);
});

test("without permission, auto takes the model", () => {
  const roots = closedHost();
  const { source } = asUser(() => openEnergySource({ roots, clock: manualClock(), wanted: "auto" }));
  expect(source.id).toBe("model");
});

/** A sudo that does what it is told, and an id that answers for the user who will read the counters. */
function standInPrograms(roots: HostRoots): string {
  const directory = join(roots.sys, "stand-in programs");
  mkdirSync(directory);
  writeFileSync(join(directory, "sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  writeFileSync(join(directory, "id"), "#!/bin/sh\necho 65534\n", { mode: 0o755 });
  return directory;
}

/** Giving files to another user's group takes root: for anybody else there is nothing to test. */
const readersToMendFor = canBecomeNobody ? ["nobody"] : [];

test.each(readersToMendFor)("the command mends it at once for %s, who can then read the counters", () => {
  const roots = closedHost();
  const path = `${standInPrograms(roots)}:${process.env["PATH"] ?? ""}`;
  execFileSync("sh", ["-c", powercapOf(roots)?.mend ?? "false"], { env: { PATH: path } });
  expect(powercapOf(roots)).toMatchObject({ usable: true, mend: null });
  const { source } = asUser(() => openEnergySource({ roots, clock: manualClock(), wanted: "auto" }));
  expect(source.id).toBe("powercap");
  source.close();
});
