import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  ask,
  type GovernorPlace,
  governorPlace,
  showMicrojoules,
  startGovernor,
  until,
} from "../../support/governor.ts";
import { energyFile, packageZone } from "../../support/kernel-tree.ts";
import { canBecomeNobody } from "../../support/unprivileged.ts";

/** A file system so small that it can be filled; only root may have one made. */
const smallDisks = canMount() ? ["full"] : [];

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops-mount-"));
  const isMounted = mountSmall(directory);
  if (isMounted) spawnSync("umount", [directory]);
  rmSync(directory, { recursive: true, force: true });
  return isMounted;
}

function mountSmall(directory: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=777", "none", directory]).status === 0;
}

/** How often the governor has said that it cannot save. */
function complaints(log: string): number {
  return log.split('"event":"state_not_saved"').length - 1;
}

/** A zone that cannot be read is a gap in every tick, and each new gap is to be saved: the governor tries again and again. */
async function triesToSave({ roots, socketPath }: GovernorPlace): Promise<void> {
  writeFileSync(energyFile(roots, "intel-rapl:1"), "garbage\n");
  const gaps = Number((await ask(socketPath, "{}"))["gaps"]);
  await until(async () => Number((await ask(socketPath, "{}"))["gaps"]) > gaps + 4);
}

async function totalOfFirst({ socketPath }: GovernorPlace): Promise<number> {
  const { counters_uj: counters } = await ask(socketPath, "{}");
  return Number(Object.entries(counters ?? {}).find(([id]) => id === "intel-rapl:0")?.[1]);
}

test.each(smallDisks)(
  "a disk that is %s is said once, totals stay exact, and saving goes on when there is room",
  async () => {
    const place = governorPlace([packageZone(0), packageZone(1)]);
    const directory = dirname(place.stateFile);
    mountSmall(directory);
    onTestFinished(() => {
      spawnSync("umount", ["-l", directory]);
    });
    const filler = join(directory, "filler");
    spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1k"]);
    const governor = await startGovernor(place);
    showMicrojoules(place.roots, "intel-rapl:0", 3_000_000n);
    await triesToSave(place);
    expect(complaints(governor.log())).toBe(1);
    expect(governor.log()).toContain("ENOSPC");
    expect(await totalOfFirst(place)).toBeCloseTo(2e6, -2.3);
    rmSync(filler);
    await until(() => governor.log().includes('"event":"state_saved_again"'));
    const { governor_id: id } = await ask(place.socketPath, "{}");
    await governor.end("SIGKILL");
    showMicrojoules(place.roots, "intel-rapl:0", 6_000_000n);
    await startGovernor(place);
    expect(await ask(place.socketPath, "{}")).toMatchObject({ governor_id: id });
    expect(await totalOfFirst(place)).toBeCloseTo(5e6, -2.3);
  },
);

test("a directory that cannot be written is said once, and totals stay exact", async () => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  chmodSync(dirname(place.stateFile), 0o555);
  // Root may write everywhere: it has to become somebody else.
  const governor = await startGovernor(place, canBecomeNobody ? ["--user=65534:65534"] : []);
  showMicrojoules(place.roots, "intel-rapl:0", 3_000_000n);
  await triesToSave(place);
  expect(complaints(governor.log())).toBe(1);
  expect(governor.log()).toContain("EACCES");
  expect(await totalOfFirst(place)).toBeCloseTo(2e6, -2.3);
});
