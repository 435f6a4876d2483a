import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { carbonOps, programPath, temporaryDirectory } from "../support/program.ts";

const unit = "carbon-ops-metrics.service";
const path = fileURLToPath(new URL(`../../packaging/systemd/${unit}`, import.meta.url));
const text = readFileSync(path, "utf8");
/** Empty where it is not installed. */
const systemd = spawnSync("systemd-analyze", ["--version"]).status === 0 ? ["systemd-analyze"] : [];

/** Of 10; the smaller the better. */
const largestExposure = 1.5;

test("the unit starts the command with flags that it knows", async () => {
  const [, program, words = ""] = /^ExecStart=\S+ \S+\/carbon-ops\/(dist\S+) (.*)$/m.exec(text) ?? [];
  expect(programPath.endsWith(`/${program}`)).toBe(true);
  const { status, stdout } = await carbonOps([...words.split(" "), "--help"]);
  expect(status).toBe(0);
  expect(stdout.toString()).toContain("Usage: carbon-ops metrics");
});

test.each(systemd)("%s: the unit is as closed as it can be, and nothing is wrong with it", (program) => {
  const security = spawnSync(program, ["security", "--offline=true", path], { encoding: "utf8", timeout: 30_000 });
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(security.stdout) ?? [];
  expect(Number(exposure)).toBeLessThanOrEqual(largestExposure);
  const copy = join(temporaryDirectory(), unit);
  writeFileSync(copy, text.replace("/usr/bin/node", process.execPath));
  const verify = spawnSync(program, ["verify", "--man=no", copy], { encoding: "utf8", timeout: 30_000 });
  expect({ status: verify.status, stderr: verify.stderr }).toEqual({ status: 0, stderr: "" });
});
