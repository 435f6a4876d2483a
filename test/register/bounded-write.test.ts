import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { appendBounded } from "../../src/register/bounded-write.ts";
import { cleanEnvironment, temporaryDirectory } from "../support/program.ts";
import { registerUrl } from "./watched-service.ts";

/** With a reader that never reads. */
function unreadPipe(): string {
  const path = join(temporaryDirectory(), "pipe");
  spawnSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(reader));
  return path;
}

function fill(path: string): void {
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(writer));
  const writeUntilFull = (): void => {
    for (;;) writeSync(writer, "x".repeat(4096));
  };
  expect(writeUntilFull).toThrow("EAGAIN");
}

test("text is added to a file, which is made where there is none", () => {
  const path = join(temporaryDirectory(), "summary.ndjson");
  appendBounded(path, "one\n");
  appendBounded(path, "two\n");
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
});

test("a full pipe that nobody reads is given up", () => {
  const path = unreadPipe();
  fill(path);
  expect(() => appendBounded(path, "late")).toThrow("EAGAIN");
});

test("a pipe that nobody has opened is refused at once", () => {
  const path = join(temporaryDirectory(), "pipe");
  spawnSync("mkfifo", [path]);
  expect(() => appendBounded(path, "nobody")).toThrow("ENXIO");
});

test("a process whose standard error is full ends without its summary", async () => {
  const path = unreadPipe();
  fill(path);
  const standardError = openSync(path, constants.O_WRONLY);
  onTestFinished(() => closeSync(standardError));
  const home = temporaryDirectory();
  const child = spawn(process.execPath, ["--import", registerUrl, "--eval", "process.exitCode = 6"], {
    cwd: home,
    env: { ...cleanEnvironment(home), CARBON_OPS_SUMMARY: "stderr" },
    stdio: ["ignore", "ignore", standardError],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  expect(await once(child, "close")).toEqual([6, null]);
});
