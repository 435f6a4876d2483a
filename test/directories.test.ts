import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDirectories } from "../src/directories.ts";
import { temporaryDirectory } from "./support/program.ts";

test("missing directories are made, and those that are there stay as they are", () => {
  const top = temporaryDirectory();
  mkdirSync(join(top, "a"), { mode: 0o755 });
  makeDirectories(join(top, "a", "b", "c"), 0o700);
  makeDirectories(join(top, "a", "b", "c"), 0o755);
  const modes = ["a", "a/b", "a/b/c"].map((name) => statSync(join(top, name)).mode & 0o777);
  expect(modes).toEqual([0o755, 0o700, 0o700]);
});

test("where no directory can be made, it ends, and says why", () => {
  expect(() => makeDirectories("/proc/no/such/place")).toThrow(/ENOENT|EACCES|EPERM/);
});

test("a file in the way is an error", () => {
  const file = join(temporaryDirectory(), "a");
  writeFileSync(file, "");
  expect(() => makeDirectories(file)).toThrow(/EEXIST/);
  expect(() => makeDirectories(join(file, "b"))).toThrow(/ENOTDIR/);
});
