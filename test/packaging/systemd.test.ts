import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { ask, daemonPath, governorArguments, governorPlace, until } from "../support/governor.ts";
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

/** Flags of Node.js, and the program. */
const [, flags = "", started] =
  /^ExecStart=\S+ (.*?)\S*\/carbon-ops\/(dist\S+)/m.exec(readFileSync(join(folder, service), "utf8")) ?? [];

test("the unit starts the daemon itself, not the whole command line", () => {
  expect(daemonPath.endsWith(`/${started}`)).toBe(true);
});

test("with the unit's flags, the daemon serves without memory that is both writable and executable", async () => {
  const place = governorPlace();
  const words = [...flags.trim().split(" "), daemonPath, ...governorArguments(place)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  await until(() => log.includes('"event":"started"') || child.exitCode !== null);
  expect(await ask(place.socketPath, "{}")).toMatchObject({ status: "ok" });
  expect(log.split("\n").filter((line) => line !== "" && !line.startsWith("{"))).toEqual([]);
  expect(readFileSync(`/proc/${child.pid}/maps`, "utf8")).not.toMatch(/^\S+ .wx/m);
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
