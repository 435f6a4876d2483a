import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { installed } from "./installed.ts";

/** Where Debian's package golang-golang-x-mod-dev puts Go's own packages for notes and trees. */
const goPath = "/usr/share/gocode";
const notePackage = join(goPath, "src/golang.org/x/mod/sumdb/note");

/** The Go compiler, or nothing where it or those packages are not installed. */
export function goWithNotes(otherwise: string): readonly string[] {
  if (existsSync(notePackage)) return installed("go", otherwise);
  process.stderr.write(`golang.org/x/mod is not installed: ${otherwise}.\n`);
  return [];
}

/** An environment for Go that needs no network, and keeps what it compiled until the tests of this file have run. */
export function goEnvironment(): NodeJS.ProcessEnv {
  const cache = mkdtempSync(join(tmpdir(), "carbon-ops go "));
  afterAll(() => rmSync(cache, { recursive: true, force: true }));
  return { ...process.env, GO111MODULE: "off", GOPATH: goPath, GOFLAGS: "", GOCACHE: cache };
}

/** Runs a program in one file, and gives what it wrote to standard output. */
export function runGo(go: string, environment: NodeJS.ProcessEnv, source: URL, input: string): string {
  return execFileSync(go, ["run", fileURLToPath(source)], { env: environment, input, encoding: "utf8" });
}
