import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serve } from "../../../src/governor/daemon/server.ts";
import { rawClient, until } from "../../support/governor.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { temporaryDirectory } from "../../support/program.ts";

/** A server whose ticks and time are the test's. */
async function served(secondsAnAnswer = 0) {
  const path = join(temporaryDirectory(), "s.sock");
  const server = createServer({ allowHalfOpen: true });
  server.listen(path);
  await once(server, "listening");
  const clock = manualClock();
  const line = () => {
    clock.advanceSeconds(secondsAnAnswer);
    return '{"status":"ok"}\n';
  };
  const sockets = serve(server, { snapshot: line, info: line, window: line }, clock, 0.1);
  onTestFinished(() => sockets.close());
  const tickAfter = (seconds: number): void => {
    clock.advanceSeconds(seconds);
    sockets.afterTick(clock.monotonicNs());
  };
  return { path, sockets, tickAfter };
}

test("a client that asks nothing for a minute is let go; one that asked meanwhile, or subscribes, stays", async () => {
  const { path, sockets, tickAfter } = await served();
  const [silent, half, asking, subscriber] = [
    await rawClient(path),
    await rawClient(path),
    await rawClient(path),
    await rawClient(path),
  ];
  half.send('{"op":');
  subscriber.send('{"op":"subscribe","interval_s":3600}\n');
  await subscriber.line();
  await until(() => sockets.clientCount() === 4);
  tickAfter(59);
  asking.send("{}\n");
  expect(await asking.line()).toBe('{"status":"ok"}');
  tickAfter(2);
  expect(await silent.line()).toBeNull();
  expect(await half.line()).toBeNull();
  expect(sockets.clientCount()).toBe(2);
  asking.send("{}\n");
  expect(await asking.line()).toBe('{"status":"ok"}');
});

test("answers take half of the time between two ticks at most; the rest of the requests waits for the next", async () => {
  const { path, tickAfter } = await served(0.02);
  const client = await rawClient(path);
  client.send("{}\n".repeat(100));
  const read = { lines: 0 };
  client.socket.on("data", (chunk) => {
    read.lines += chunk.toString().split("\n").length - 1;
  });
  let ticks = 0;
  while (read.lines < 100) {
    const before = read.lines;
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (read.lines !== before) continue;
    ticks += 1;
    tickAfter(0.1);
  }
  expect(ticks).toBeGreaterThan(1);
});
