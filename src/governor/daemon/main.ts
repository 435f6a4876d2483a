import { execFile } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { uptime } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../clock.ts";
import { messageOf } from "../../thrown.ts";
import { type GovernorHost, startGovernor } from "./governor.ts";
import { jsonLog } from "./log.ts";
import { type FlagValues, governorFlags, governorOptions } from "./options.ts";
import { StartError, startErrorExitCodes } from "./start-error.ts";

/** The daemon's composition root: `node dist/governor/daemon/main.js`, and what `carbon-ops governor` calls. */

/** Runs until SIGTERM or SIGINT; SIGHUP looks for counters anew. Throws what `startGovernor` throws. */
export async function runGovernor(values: FlagValues): Promise<void> {
  const log = jsonLog((line) => process.stderr.write(line), systemClock);
  const host: GovernorHost = {
    own: process,
    clock: systemClock,
    uptimeSeconds: uptime,
    log,
    version: packageVersion(),
    hasInheritedSocket: process.env["LISTEN_PID"] === String(process.pid) && process.env["LISTEN_FDS"] === "1",
    onReady: notifyReady,
  };
  let governor: Awaited<ReturnType<typeof startGovernor>> | null = null;
  process.on("SIGHUP", () => governor?.rediscover());
  governor = await startGovernor(governorOptions(values), host);
  // The handlers stay: a second signal while it stops would else end it before its state is saved.
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
  governor.stop();
}

/**
 * READY=1 (sd_notify(3)). Node.js has no datagram socket of the Unix family, so systemd's own program sends it; the unit then
 * needs NotifyAccess=all. Where it is missing, Type=exec with a socket unit does as well.
 */
function notifyReady(): void {
  if (process.env["NOTIFY_SOCKET"] === undefined) return;
  const words = ["--ready", "--no-block", `--pid=${process.pid}`, "--status=Counting energy"];
  execFile("/usr/bin/systemd-notify", words, { timeout: 5000 }, () => undefined);
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}

function flagsIn(argv: readonly string[]): FlagValues {
  const flags = Object.entries(governorFlags).map(
    ([name, fallback]) => [name, { type: fallback === false ? "boolean" : "string" }] as const,
  );
  try {
    const { values } = parseArgs({ args: [...argv], options: Object.fromEntries(flags), strict: true });
    return new Map(Object.entries(values));
  } catch (error) {
    throw new StartError("USAGE", `${messageOf(error)}.`);
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await runGovernor(flagsIn(process.argv.slice(2)));
    process.exitCode = 0;
  } catch (error) {
    process.stderr.write(`carbon-ops governor: ${messageOf(error)}\n`);
    process.exitCode = error instanceof StartError ? startErrorExitCodes[error.code] : 70;
  }
}
