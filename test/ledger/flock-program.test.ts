import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { acquireLock } from "../../src/ledger/lock.ts";
import { temporaryDirectory } from "../support/program.ts";
import { options, stateOf, whole, writtenLedger } from "./ledger-folder.ts";

// Without koffi, which calls flock(2), the flock program has to do.
vi.mock("koffi", () => {
  throw new Error("Cannot find package 'koffi'");
});

afterEach(() => {
  vi.unstubAllEnvs();
});

test("without koffi, writers exclude each other through the flock program", async () => {
  const path = await writtenLedger(0);
  await using left = await Ledger.open(path, options);
  await using right = await Ledger.open(path, options);
  await Promise.all(
    [left, right].map(async (ledger, writer) => {
      for (let index = 0; index < 10; index += 1) await ledger.append({ kind: "test", writer, index });
    }),
  );
  expect(await stateOf(path)).toEqual(whole(21));
});

test("a lock that the flock program does not get in time is an error", async () => {
  const path = join(temporaryDirectory(), "lock");
  const lock = await acquireLock(path, 5, systemClock);
  await expect(acquireLock(path, 0.05, systemClock)).rejects.toMatchObject({ code: "LEDGER_LOCKED" });
  await lock.release();
});

test("the flock program is told how long to wait, so that it ends by itself when its writer was killed", async () => {
  const folder = temporaryDirectory();
  const log = join(folder, "arguments");
  writeFileSync(join(folder, "flock"), `#!/bin/sh\nprintf '%s ' "$@" > '${log}'\nexit 75\n`, { mode: 0o755 });
  vi.stubEnv("PATH", folder);
  await expect(acquireLock(join(folder, "lock"), 7, systemClock)).rejects.toMatchObject({ code: "LEDGER_LOCKED" });
  expect(readFileSync(log, "utf8")).toMatch(/-w (7\.000|6\.\d+) /);
});

test("without koffi and the flock program nothing is written, and the error says what to install", async () => {
  const path = await writtenLedger(0);
  await using ledger = await Ledger.open(path, options);
  const before = readFileSync(path);
  vi.stubEnv("PATH", join(temporaryDirectory(), "empty"));
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({
    code: "LEDGER_LOCK_UNAVAILABLE",
    message: expect.stringMatching(/koffi cannot be used .* install util-linux/),
  });
  expect(readFileSync(path)).toEqual(before);
});
