import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program as users get it. */
export const carbonOps = fileURLToPath(new URL("../dist/cli/bin.js", import.meta.url));
const cpuReporter = new URL("report-cpu.mjs", import.meta.url).href;

/**
 * Wall seconds from start to end of a command, the bytes it wrote to stdout, and the seconds from the first of them to the
 * last. Throws when it does not end with 0.
 */
export function timeCommand(program, programArguments, env = process.env) {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    // A command that does not end would hold the bench for ever.
    const child = spawn(program, programArguments, { stdio: ["ignore", "pipe", "pipe"], env, timeout: 120_000 });
    let stdoutBytes = 0;
    let firstByteMs = Number.NaN;
    let lastByteMs = Number.NaN;
    let complaint = "";
    child.stdout.on("data", (chunk) => {
      lastByteMs = performance.now();
      if (stdoutBytes === 0) firstByteMs = lastByteMs;
      stdoutBytes += chunk.length;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      complaint += text;
    });
    child.once("error", reject);
    child.once("close", (status) => {
      const seconds = (performance.now() - startMs) / 1000;
      if (status === 0) resolve({ seconds, stdoutBytes, streamSeconds: (lastByteMs - firstByteMs) / 1000 });
      else reject(new Error(`${program} ${programArguments.join(" ")} ended with ${status}: ${complaint}`));
    });
  });
}

/** CPU seconds of a Node.js program itself, its children left out, as it reports them at its end. */
export async function ownCpuSeconds(programArguments) {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-bench-"));
  const file = join(folder, "cpu-seconds");
  try {
    await timeCommand(process.execPath, ["--import", cpuReporter, ...programArguments], {
      ...process.env,
      CARBON_OPS_BENCH_CPU_FILE: file,
    });
    return Number(readFileSync(file, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
