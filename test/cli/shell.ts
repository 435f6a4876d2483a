import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { runProgram } from "../../src/cli/program.ts";
import { systemClock } from "../../src/clock.ts";
import { temporaryDirectory } from "../support/program.ts";

/** A folder with a home of its own, in which commands are given as at a shell. */
export function shellIn(
  directory = temporaryDirectory(),
  environment: Readonly<Record<string, string>> = {},
  terminal: { readonly columns?: number } = {},
  input: { readonly stdin: Readable } = { stdin: Readable.from([]) },
) {
  const run = async (...argv: readonly string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let status = 0;
    const context = {
      stdout: Object.assign(stdout, terminal),
      stderr,
      ...input,
      environment: { HOME: join(directory, "home"), ...environment },
      workingDirectory: directory,
      clock: systemClock,
      roots: { proc: "/proc", sys: "/sys", msr: "/dev/cpu" },
      onSignal: () => () => undefined,
      sendSignal: () => undefined,
      setExitCode: (code: number) => {
        status = code;
      },
    };
    await runProgram(argv, context, "0.0.0");
    stdout.end();
    stderr.end();
    return { status, stdout: (await stdout.toArray()).join(""), stderr: (await stderr.toArray()).join("") };
  };
  const path = (name: string): string => join(directory, name);
  return {
    run,
    path,
    read: (name: string): string => readFileSync(path(name), "utf8"),
    write: (name: string, text: string | Uint8Array): void => writeFileSync(path(name), text),
  };
}
