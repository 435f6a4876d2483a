#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { systemClock } from "../clock.ts";
import { runProgram } from "./program.ts";

// A reader that went away (`carbon-ops … | head`) is not an error, and must not stop a record from being written.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

await runProgram(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    environment: process.env,
    workingDirectory: process.cwd(),
    clock: systemClock,
    roots: { proc: "/proc", sys: "/sys" },
    setExitCode: (code) => {
      process.exitCode = code;
    },
  },
  packageVersion(),
);

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}
