import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import {
  ask,
  governorPlace,
  rawClient,
  showMicrojoules,
  startGovernor,
  totalsOf,
  until,
} from "../../support/governor.ts";
import { memoryZone, packageZone } from "../../support/kernel-tree.ts";

test("the Python original's exchange: {} and a newline, one line back, integers that add up to the host", async () => {
  const place = governorPlace([packageZone(0, [memoryZone(), { name: "core", microjoules: 0n, range: null }])]);
  await startGovernor(place);
  const before = await totalsOf(place.socketPath);
  showMicrojoules(place.roots, "intel-rapl:0", 21_000_000n);
  showMicrojoules(place.roots, "intel-rapl:0:0", 2_000_000n);
  showMicrojoules(place.roots, "intel-rapl:0:1", 5_000_000n);
  await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0/intel-rapl:0:1"] !== 0);
  const client = await rawClient(place.socketPath);
  client.send("{}\n");
  const line = (await client.line()) ?? "";
  expect(line).toMatch(/"counters_uj":\{"intel-rapl:0":\d+,"intel-rapl:0\/intel-rapl:0:0":\d+\}/);
  expect(JSON.parse(line)).toMatchObject({
    status: "ok",
    protocol: 1,
    timestamp: expect.any(Number),
    monotonic_ns: expect.stringMatching(/^\d+$/),
    poll_interval_s: 0.1,
    nested_uj: { "intel-rapl:0/intel-rapl:0:1": 5_000_000 },
  });
  const after = await totalsOf(place.socketPath);
  // Less than one count (61 µJ) is lost where the first reading is converted.
  expect(Math.abs((after["intel-rapl:0"] ?? 0) - (before["intel-rapl:0"] ?? 0) - 20_000_000)).toBeLessThan(62);
});

test("python3 itself can make that exchange", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const script = [
    "import json, socket, sys",
    "s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1]); s.sendall(b'{}\\n')",
    "d = json.loads(s.makefile().readline())",
    "assert all(isinstance(v, int) for v in d['counters_uj'].values()) and d['timestamp'] > 0",
  ].join("\n");
  // Not waiting would be fairer to the daemon, but it is another process and answers meanwhile.
  const { status, stderr } = spawnSync("python3", ["-c", script, place.socketPath], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("many requests in one packet are answered in order, and a half one when it is whole", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const client = await rawClient(place.socketPath);
  client.send('{}\n{"op":"info"}\n{"op":"nothing"}\n{"op":"in');
  expect(await client.json()).toHaveProperty("counters_uj");
  expect(await client.json()).toHaveProperty("domains");
  expect(await client.json()).toMatchObject({ status: "error", code: "unknown_op" });
  client.send('fo"}\n');
  expect(await client.json()).toHaveProperty("domains");
});

test("what is no request is refused, and the connection stays usable", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const client = await rawClient(place.socketPath);
  client.send(Uint8Array.from([0, 255, 254, 10, 123, 0, 125, 10]));
  expect(await client.json()).toMatchObject({ status: "error", code: "bad_request" });
  expect(await client.json()).toMatchObject({ status: "error", code: "bad_request" });
  client.send("{}\n");
  expect(await client.json()).toMatchObject({ status: "ok" });
});

test("a line that is too long, ended or not, ends its connection and no other", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const other = await rawClient(place.socketPath);
  for (const bytes of ["x".repeat(5000), `${"x".repeat(5000)}\n`]) {
    const client = await rawClient(place.socketPath);
    client.send(bytes);
    expect(await client.json()).toMatchObject({ status: "error", code: "line_too_long" });
    expect(await client.line()).toBeNull();
  }
  other.send("{}\n");
  expect(await other.json()).toMatchObject({ status: "ok" });
});

test("a client that has nothing more to say still gets its answers", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const client = await rawClient(place.socketPath);
  client.socket.end("{}\n{}\n{}\n");
  for (let answer = 0; answer < 3; answer += 1) expect(await client.json()).toMatchObject({ status: "ok" });
  expect(await client.line()).toBeNull();
});

test("200 clients are served at once; those above the limit are told so", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const clients = await Promise.all(Array.from({ length: 200 }, () => rawClient(place.socketPath)));
  for (const client of clients) client.send("{}\n");
  const answers = await Promise.all(clients.map((client) => client.json()));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(["ok"]));
  const more = await Promise.all(Array.from({ length: 100 }, () => rawClient(place.socketPath)));
  const refused = await Promise.all(more.slice(56).map((client) => client.json()));
  expect(refused.every(({ code }) => code === "too_many_clients")).toBe(true);
});

test("clients that ask without end and never read delay nobody and are held in bounds", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const flood = "{}\n".repeat(20_000);
  for (let hostile = 0; hostile < 20; hostile += 1) {
    const client = await rawClient(place.socketPath);
    client.socket.pause();
    client.send(flood);
  }
  const subscribed = await rawClient(place.socketPath);
  subscribed.send('{"op":"subscribe","interval_s":0.1}\n');
  subscribed.socket.pause();
  const reader = await rawClient(place.socketPath);
  const first = await ask(place.socketPath, '{"op":"info"}');
  await until(
    async () => Number((await ask(place.socketPath, '{"op":"info"}'))["sequence"]) >= Number(first["sequence"]) + 10,
  );
  reader.send('{"op":"info"}\n');
  expect(ticksGoOn(await reader.json())).toBe(true);
});

test("a subscription sends a snapshot at its interval, one for each tick at the fastest", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const client = await rawClient(place.socketPath);
  client.send('{"op":"subscribe","interval_s":0.1}\n');
  const sequences: number[] = [];
  for (let line = 0; line < 6; line += 1) sequences.push(Number((await client.json())["sequence"]));
  expect(sequences.map((sequence) => sequence - (sequences[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 5]);
  client.send('{"op":"subscribe","interval_s":0.3}\n{"op":"info"}\n');
  await client.json();
  await client.json();
  const [slow, slower] = [await client.json(), await client.json()];
  expect(Number(slower["sequence"]) - Number(slow["sequence"])).toBe(3);
});

test("a window says its energy and the ticks it rests on; one that is not held is refused", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const first = await ask(place.socketPath, "{}");
  showMicrojoules(place.roots, "intel-rapl:0", 31_000_000n);
  await until(async () => Number((await ask(place.socketPath, "{}"))["sequence"]) > Number(first["sequence"]) + 3);
  const last = await ask(place.socketPath, "{}");
  const [from, to] = [String(first["monotonic_ns"]), String(last["monotonic_ns"])];
  const window = await ask(place.socketPath, `{"op":"window","from_ns":"${from}","to_ns":"${to}"}`);
  expect(window).toMatchObject({ status: "ok", first_tick_ns: from, last_tick_ns: to, gaps: 0 });
  expect(window["ticks"]).toBe(Number(last["sequence"]) - Number(first["sequence"]));
  expect(window["counters_uj"]).toEqual({ "intel-rapl:0": expect.closeTo(30_000_000, -2.5) });
  expect(await ask(place.socketPath, `{"op":"window","from_ns":"1","to_ns":"${to}"}`)).toMatchObject({
    code: "window_not_held",
  });
  expect(
    await ask(place.socketPath, `{"op":"window","from_ns":"${from}","to_ns":"9223372036854775807"}`),
  ).toMatchObject({
    code: "window_not_reached",
  });
});

test("a hundred thousand random and mutated lines get one answer each, while ticks go on", async () => {
  const place = governorPlace();
  await startGovernor(place);
  const client = await rawClient(place.socketPath);
  const requests = [
    "{}",
    '{"op":"info"}',
    '{"op":"window","from_ns":"1","to_ns":"2"}',
    '{"op":"subscribe","interval_s":9}',
  ];
  let seed = 1;
  /** Numerical Recipes' linear congruential generator: the same lines in every run. */
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  const mutated = (): Buffer => {
    const bytes = Buffer.from(requests[below(requests.length)] ?? "");
    for (let change = below(4); change > 0; change -= 1) bytes[below(bytes.length)] = below(256);
    // A newline inside would make two lines of one.
    return Buffer.concat([bytes.map((byte) => (byte === 10 ? 32 : byte)), Buffer.from("\n")]);
  };
  for (let batch = 0; batch < 100; batch += 1) {
    client.send(Buffer.concat(Array.from({ length: 1000 }, mutated)));
    for (let answer = 0; answer < 1000; answer += 1) {
      const { status } = await client.json();
      expect(status === "ok" || status === "error").toBe(true);
    }
  }
  expect(ticksGoOn(await ask(place.socketPath, '{"op":"info"}'))).toBe(true);
});

/**
 * Whether ticks are taken while clients press. How late they are is for the bench to say: here the tests themselves take the
 * processor away from the daemon now and then.
 */
function ticksGoOn(info: Readonly<Record<string, unknown>>): boolean {
  const [taken, skipped] = [Number(info["sequence"]), Number(info["skipped_ticks"])];
  return info["status"] === "ok" && taken > 0 && skipped < taken / 4;
}
