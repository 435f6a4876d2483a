#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { systemClock } from "../clock.ts";
import { messageOf, systemErrorCode } from "../errors.ts";
import { runProgram } from "./program.ts";

// A reader that went away (`carbon-ops … | head`) is not an error, and must not stop a record from being written.
process.stderr.on("error", () => undefined);
process.stdout.on("error", (error) => {
  if (systemErrorCode(error) === "EPIPE") return;
  process.stderr.write(`carbon-ops: Standard output cannot be written (${messageOf(error)}); send it elsewhere.\n`);
  process.exitCode ||= 1;
});

await runProgram(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    environment: process.env,
    workingDirectory: workingDirectory(),
    clock: systemClock,
    roots: { proc: "/proc", sys: "/sys", msr: "/dev/cpu" },
    onSignal,
    sendSignal: (pid, signal) => void process.kill(pid, signal),
    setExitCode: (code) => {
      process.exitCode = code;
    },
  },
  packageVersion(),
);

/** A working directory that was removed has no name any more; its last known one serves for resolving paths. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env["PWD"] ?? "/";
  }
}

function onSignal(listener: (signal: NodeJS.Signals) => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}
