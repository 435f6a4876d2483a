import { isIPv4, isIPv6 } from "node:net";
import { Command } from "commander";
import { CarbonOpsError } from "../../errors.ts";
import { governorPage } from "../../exporters/governor-page.ts";
import { type ListenAddress, serveMetrics } from "../../exporters/metrics-server.ts";
import { defaultSocketPath } from "../../governor/client.ts";
import type { CommandContext } from "../context.ts";
import { addSettingFlags, settingsOf } from "../setting-flags.ts";

interface MetricsFlags {
  readonly listen: string;
}

export function build(context: CommandContext): Command {
  const command = new Command("metrics")
    .description(
      "Serves the governor's exact energy totals at /metrics as Prometheus text. Needs no privilege but the governor's group. " +
        "Where no governor answers, the page says so (carbon_ops_governor_up 0) and holds no energy.",
    )
    .option("--listen <host:port>", "address to serve on; [ADDRESS]:PORT for IPv6, port 0 for any", "127.0.0.1:9774")
    .addHelpText(
      "after",
      "\nWhoever reaches the address sees what the host draws, once a second at the finest. SIGTERM ends it." +
        "\n\nExample: carbon-ops metrics --listen 127.0.0.1:9774",
    );
  addSettingFlags(command, ["governorSocket"]);
  return command.action(async ({ listen }: MetricsFlags) => {
    const wanted = listenAddress(listen);
    const { governorSocket = defaultSocketPath } = await settingsOf(command, context);
    const say = (sentence: string): void => void context.stderr.write(`carbon-ops: ${sentence}\n`);
    const page = governorPage({
      socketPath: governorSocket,
      clock: context.clock,
      onChange: (problem) => say(problem ?? `The governor on ${governorSocket} answers now.`),
    });
    const ended = endSignal(context);
    const server = await serveMetrics(wanted, page);
    say(`Serving http://${placeOf(server.address)}/metrics from the governor on ${governorSocket}.`);
    if (!isLoopback(server.address.host)) say("Other machines may reach this address and see what the host draws.");
    await ended;
    await server.close();
  });
}

/** Throws USAGE when it is no address with a port. */
function listenAddress(text: string): ListenAddress {
  const { host, port } = /^(?<host>\[[^\]]+\]|[^:\s[\]/]+):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  const isBracketed = host?.startsWith("[") === true;
  const bare = isBracketed ? host.slice(1, -1) : (host ?? "");
  const isAddress = isBracketed ? isIPv6(bare) : isIPv4(bare) || isName(bare);
  if (isAddress && port !== undefined && Number(port) <= 65_535) return { host: bare, port: Number(port) };
  throw new CarbonOpsError(
    "USAGE",
    `--listen must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:9774 or [::1]:9774, not "${text}".`,
  );
}

/** A host name; one that ends in digits would be an IPv4 address with a mistake in it. */
function isName(text: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text) && !/(^|\.)\d+$/.test(text);
}

function placeOf({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function isLoopback(host: string): boolean {
  return host === "::1" || host.startsWith("127.");
}

/** Resolves when somebody ends the process; its status is then 0. */
function endSignal(context: CommandContext): Promise<void> {
  return new Promise((resolve) => {
    context.onSignal((signal) => {
      if (signal !== "SIGWINCH" && signal !== "SIGUSR1" && signal !== "SIGUSR2") resolve();
    });
  });
}
