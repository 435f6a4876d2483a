import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connectGovernor, watchGovernor } from "../../src/governor/client.ts";
import { governorPlace, showMicrojoules, startGovernor, until } from "../support/governor.ts";
import { temporaryDirectory } from "../support/program.ts";

/** Something that listens on a socket and does as the test says. */
async function listener(serve: (socket: Socket) => void): Promise<string> {
  const path = join(temporaryDirectory(), "s.sock");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

const snapshotOf = (total: string): string =>
  `{"status":"ok","protocol":1,"governor_id":"g","boot_id":"b","sequence":1,"timestamp":1.5,"monotonic_ns":"5","poll_interval_s":0.1,` +
  `"counters_uj":{"intel-rapl:0":${total}},"nested_uj":{},"totals_uj":{"intel-rapl:0":${total}},"deltas_uj":{},"gaps":0}\n`;

test("totals beyond what a double holds arrive with every digit", async () => {
  const path = await listener((socket) => socket.on("data", () => socket.write(snapshotOf("9007199254740993"))));
  const client = await connectGovernor({ socketPath: path });
  const snapshot = await client.snapshot();
  expect(snapshot?.countersMicrojoules).toEqual(new Map([["intel-rapl:0", 9007199254740993n]]));
  client.close();
});

test("calls that overlap each get their own answer", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const client = await connectGovernor({ socketPath: place.socketPath });
  const [info, snapshot, again] = await Promise.all([client.info(), client.snapshot(), client.info()]);
  expect(info.domains.map(({ name }) => name)).toEqual(["package-0"]);
  expect(snapshot?.governorId).toBe(info.governorId);
  expect(again.mode).toBe("sysfs");
  client.close();
});

test("a window up to now waits for the tick that ends it", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const client = await connectGovernor({ socketPath: place.socketPath });
  const from = (await client.snapshot())?.monotonicNs ?? 0n;
  showMicrojoules(place.roots, "intel-rapl:0", 3_000_000n);
  const to = process.hrtime.bigint();
  const window = await client.window(from, to);
  expect(window.firstTickNs).toBe(from);
  expect(window.lastTickNs).toBeGreaterThanOrEqual(to);
  await expect(client.window(1n, to)).rejects.toMatchObject({ code: "GOVERNOR_REFUSED" });
  client.close();
});

test("where no governor is, the reason is in one sentence", async () => {
  const socketPath = join(temporaryDirectory(), "none.sock");
  await expect(connectGovernor({ socketPath })).rejects.toMatchObject({
    code: "GOVERNOR_UNAVAILABLE",
    message: expect.stringContaining("ENOENT"),
  });
});

test.each([
  ["says nothing", () => undefined, "did not answer within 50 ms"],
  ["hangs up", (socket: Socket) => socket.end(), "closed the connection"],
  ["speaks something else", (socket: Socket) => socket.write("HTTP/1.1 400 Bad Request\n"), "not JSON"],
  [
    "speaks another protocol",
    (socket: Socket) => socket.write('{"status":"ok","protocol":9}\n'),
    "does not speak its protocol",
  ],
  [
    "leaves members out",
    (socket: Socket) => socket.write('{"status":"ok","protocol":1}\n'),
    "does not speak its protocol",
  ],
])("a program that %s is waited for no longer than the timeout", async (_, behave, why) => {
  const path = await listener((socket) => socket.on("data", () => behave(socket)));
  const client = await connectGovernor({ socketPath: path, timeoutMs: 50 });
  await expect(client.snapshot()).rejects.toMatchObject({
    code: "GOVERNOR_UNAVAILABLE",
    message: expect.stringContaining(why),
  });
  client.close();
});

test("a watch follows the governor over its restart", async () => {
  const place = governorPlace();
  const first = await startGovernor(place);
  const seen: number[] = [];
  const watch = await watchGovernor({
    socketPath: place.socketPath,
    intervalSeconds: 0.1,
    onSnapshot: ({ sequence }) => seen.push(sequence),
  });
  onTestFinished(() => watch.close());
  expect((await watch.next(-1n, 5000))?.sequence).toBeGreaterThan(0);
  await first.end("SIGKILL");
  await until(() => !watch.isConnected);
  const lastSeen = watch.newest?.monotonicNs ?? 0n;
  expect(await watch.next(lastSeen, 20)).toBeNull();
  await startGovernor(place);
  expect((await watch.next(lastSeen, 10_000))?.monotonicNs).toBeGreaterThan(lastSeen);
  expect(seen).toEqual(seen.toSorted((left, right) => left - right));
});
