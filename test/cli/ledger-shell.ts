import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { runProgram } from "../../src/cli/program.ts";
import { systemClock } from "../../src/clock.ts";
import { temporaryDirectory } from "../support/program.ts";

/** A folder with a home of its own, in which `carbon-ops ledger` is given commands as at a shell. */
export function ledgerShell() {
  const directory = temporaryDirectory();
  const path = (name: string): string => join(directory, name);
  const run = async (...argv: readonly string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let status = 0;
    const context = {
      stdout,
      stderr,
      stdin: Readable.from([]),
      environment: { HOME: path("home") },
      workingDirectory: directory,
      clock: systemClock,
      roots: { proc: "/proc", sys: "/sys", msr: "/dev/cpu" },
      onSignal: () => () => undefined,
      sendSignal: () => undefined,
      setExitCode: (code: number) => {
        status = code;
      },
    };
    // Read while it is written: a command waits for a slow reader.
    const read = Promise.all([stdout.toArray(), stderr.toArray()]);
    await runProgram(["ledger", ...argv], context, "0.0.0");
    stdout.end();
    stderr.end();
    const [out = "", errors = ""] = (await read).map((chunks) => chunks.join(""));
    return { status, stdout: out, stderr: errors, words: out.replace(/\s+/g, " ") };
  };
  const write = (name: string, content: string): void => writeFileSync(path(name), content);
  const read = (name: string): string => readFileSync(path(name), "utf8");
  return { path, run, write, read };
}
