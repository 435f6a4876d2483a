import { setTimeout as delay } from "node:timers/promises";

/** Busy for milliseconds of CPU time. */
export function spin(cpuMs) {
  const start = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(start);
    if ((user + system) / 1000 >= cpuMs) return;
  }
}

/** The same, in pieces with awaits between them, so that requests overlap. */
export async function work(cpuMs) {
  for (let piece = 0; piece < 5; piece += 1) {
    spin(cpuMs / 5);
    await delay(1);
  }
}

/** Says where it listens, and ends by itself when standard input does. */
export function untilStdinEnds(server) {
  process.stdout.write(`${server.address().port}\n`);
  process.stdin.resume().once("end", () => {
    server.close();
    server.closeAllConnections();
  });
}
