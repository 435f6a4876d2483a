import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { daemonPath } from "../support/governor.ts";
import { temporaryDirectory } from "../support/program.ts";

const folder = fileURLToPath(new URL("../../packaging/systemd/", import.meta.url));
const service = "carbon-ops-governor.service";
const socket = "carbon-ops-governor.socket";
/** Empty where it is not installed. */
const systemd = spawnSync("systemd-analyze", ["--version"]).status === 0 ? ["systemd-analyze"] : [];

/** Of 10; the smaller the better. */
const largestExposure = 1.5;

function analyze(program: string, words: readonly string[]) {
  return spawnSync(program, words, { encoding: "utf8", timeout: 30_000 });
}

test("the unit starts the daemon itself, not the whole command line", () => {
  const [, program] =
    /^ExecStart=\S+ \S+\/carbon-ops\/(dist\S+)/m.exec(readFileSync(join(folder, service), "utf8")) ?? [];
  expect(daemonPath.endsWith(`/${program}`)).toBe(true);
});

test.each(systemd)("%s: the unit is as closed as it can be", (program) => {
  const { stdout } = analyze(program, ["security", "--offline=true", join(folder, service)]);
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
  expect(Number(exposure)).toBeLessThanOrEqual(largestExposure);
});

test.each(systemd)("%s finds nothing wrong with the units", (program) => {
  const copy = temporaryDirectory();
  const text = readFileSync(join(folder, service), "utf8").replace("/usr/bin/node", process.execPath);
  writeFileSync(join(copy, service), text);
  copyFileSync(join(folder, socket), join(copy, socket));
  const { status, stderr } = analyze(program, ["verify", "--man=no", join(copy, service), join(copy, socket)]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
