import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./program.ts";

/** A file system of so many KiB in memory, until the test ends. */
export function smallFileSystem(kibibytes = 256): string {
  const folder = join(temporaryDirectory(), "small");
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder], { stdio: "ignore" });
  onTestFinished(() => {
    execFileSync("umount", [folder]);
  });
  return folder;
}

/** Root of a machine may mount; root of most containers may not, and nobody else. */
const mayMount = spawnSync("unshare", ["-m", "true"], { stdio: "ignore" }).status === 0 && process.getuid?.() === 0;

/** Elsewhere nothing is registered. */
export function whereMountable(register: () => void): void {
  if (mayMount) register();
}
