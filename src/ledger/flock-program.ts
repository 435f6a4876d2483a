import { spawn } from "node:child_process";

/** EX_TEMPFAIL of sysexits.h: not what `flock` ends with for any other reason. */
const timeoutStatus = 75;

export type FlockOutcome = "locked" | "timeout" | "interrupted";

/**
 * Lets the `flock` program of util-linux take a lock on a descriptor that it inherits: the lock belongs to the open file and
 * stays when the program has ended. Rejects with ENOENT where there is no such program.
 */
export async function runFlock(descriptor: number, waitMs: number): Promise<FlockOutcome> {
  return await new Promise<FlockOutcome>((resolve, reject) => {
    // It ends by itself after the wait: when this process is killed meanwhile, nobody else ends it.
    const wait = ["-w", (waitMs / 1000).toFixed(3), "-E", String(timeoutStatus)];
    // A process group of its own: Ctrl-C at the terminal must not cut off the record that is being written.
    const child = spawn("flock", ["-x", ...wait, "3"], {
      stdio: ["ignore", "ignore", "ignore", descriptor],
      detached: true,
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (code === 0) resolve("locked");
      else if (code === timeoutStatus) resolve("timeout");
      else if (signal !== null) resolve("interrupted");
      else reject(new Error(`flock ended with status ${code}`));
    });
  });
}

/** Rejects with ENOENT where there is no `flock` program. Locks nothing. */
export async function assertFlockProgram(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn("flock", ["--version"], { stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", () => resolve());
  });
}
