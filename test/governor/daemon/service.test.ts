import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  ask,
  daemonPath,
  governorArguments,
  governorPlace,
  rawClient,
  setBootId,
  showMicrojoules,
  spawnGovernor,
  startGovernor,
  totalsOf,
  until,
} from "../../support/governor.ts";
import { energyFile, memoryZone, packageZone, writePowercap, writeProc } from "../../support/kernel-tree.ts";
import { canBecomeNobody } from "../../support/unprivileged.ts";

/** Only root can become somebody else. */
const usersToBecome = canBecomeNobody ? ["65534:65534"] : [];
const usersToRefuse = canBecomeNobody
  ? [
      ["0:0", "it is root"],
      ["no-such-user", "neither a name in /etc/passwd"],
    ]
  : [];
const outsiders = canBecomeNobody ? [65534] : [];

/** Ends at once: a start that is refused. */
async function refusedStart(place: ReturnType<typeof governorPlace>, more: readonly string[] = []) {
  const governor = spawnGovernor(place, more);
  await until(() => governor.child.exitCode !== null);
  const { status, log } = await governor.end("SIGTERM");
  return { status, sentence: log.split("\n").findLast((line) => line.startsWith("carbon-ops governor:")) ?? log };
}

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

test("one zone that fails is a gap of its own, the others go on, and it comes back", async () => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  const governor = await startGovernor(place);
  writeFileSync(energyFile(place.roots, "intel-rapl:1"), "garbage\n");
  await until(() => governor.log().includes('"event":"counter_unreadable"'));
  showMicrojoules(place.roots, "intel-rapl:0", 2_000_000n);
  await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0"] !== 0);
  showMicrojoules(place.roots, "intel-rapl:1", 3_000_000n);
  await until(() => governor.log().includes('"event":"counter_back"'));
  const snapshot = await ask(place.socketPath, "{}");
  expect(Number(snapshot["gaps"])).toBeGreaterThan(0);
  expect(snapshot["counters_uj"]).toEqual({
    "intel-rapl:0": expect.closeTo(1_000_000, -2),
    "intel-rapl:1": expect.closeTo(2_000_000, -2),
  });
});

test("SIGHUP takes in a zone that appeared, from then on", async () => {
  const place = governorPlace([packageZone(0)]);
  const governor = await startGovernor(place);
  writePowercap(
    place.roots,
    [{ name: "package-1", microjoules: 7_000_000n, range: 262_143_328_850n }],
    "intel-rapl-mmio",
  );
  governor.child.kill("SIGHUP");
  await until(() => governor.log().includes('"event":"rediscovered"'));
  await until(async () => "intel-rapl-mmio:0" in (await totalsOf(place.socketPath)));
  expect((await totalsOf(place.socketPath))["intel-rapl-mmio:0"]).toBe(0);
});

test("a second SIGTERM while it still saves changes nothing: the state is saved, and the status is 0", async () => {
  const place = governorPlace();
  const governor = await startGovernor(place);
  // Saving waits for the pipe's reader.
  const slow = `${place.stateFile}.last`;
  expect(spawnSync("mkfifo", [slow]).status).toBe(0);
  governor.child.kill("SIGTERM");
  await until(() => !existsSync(place.socketPath));
  const ended = governor.end("SIGTERM");
  const reader = openSync(slow, constants.O_RDONLY | constants.O_NONBLOCK);
  const { status, log } = await ended;
  expect(status).toBe(0);
  expect(log).toContain('"event":"stopped"');
  expect(readFileSync(reader, "utf8")).toContain('"version":2');
  closeSync(reader);
});

test("SIGTERM saves the state and ends with status 0; the next governor goes on with id and totals", async () => {
  const place = governorPlace();
  const governor = await startGovernor(place);
  showMicrojoules(place.roots, "intel-rapl:0", 11_000_000n);
  await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0"] !== 0);
  const before = await ask(place.socketPath, "{}");
  expect((await governor.end("SIGTERM")).status).toBe(0);
  expect(existsSync(place.socketPath)).toBe(false);
  showMicrojoules(place.roots, "intel-rapl:0", 16_000_000n);
  await startGovernor(place);
  const after = await ask(place.socketPath, "{}");
  expect(after["governor_id"]).toBe(before["governor_id"]);
  expect(Number(after["sequence"])).toBeGreaterThan(Number(before["sequence"]));
  expect(after["counters_uj"]).toEqual({ "intel-rapl:0": expect.closeTo(15_000_000, -2.5) });
});

test.each([
  [
    "another boot",
    (place: ReturnType<typeof governorPlace>) => setBootId(place.roots, "0f0e0d0c-0000-4000-8000-000000000002"),
  ],
  [
    "a counter that was reset",
    (place: ReturnType<typeof governorPlace>) => showMicrojoules(place.roots, "intel-rapl:0", 100n),
  ],
  [
    "a state file that was cut",
    (place: ReturnType<typeof governorPlace>) => writeFileSync(place.stateFile, '{"version":1,'),
  ],
  [
    "a state file of a later version",
    (place: ReturnType<typeof governorPlace>) => writeFileSync(place.stateFile, '{"version":3}'),
  ],
  ["a lost state file", (place: ReturnType<typeof governorPlace>) => rmSync(place.stateFile)],
])("after %s it starts at 0 under another id", async (_, happens) => {
  const place = governorPlace();
  const governor = await startGovernor(place);
  showMicrojoules(place.roots, "intel-rapl:0", 11_000_000n);
  await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0"] !== 0);
  const before = await ask(place.socketPath, "{}");
  await governor.end("SIGTERM");
  happens(place);
  await startGovernor(place);
  const after = await ask(place.socketPath, "{}");
  expect(after["governor_id"]).not.toBe(before["governor_id"]);
  expect(after["counters_uj"]).toEqual({ "intel-rapl:0": 0 });
});

test("a domain that is gone after a restart keeps its total, and its absence is a gap", async () => {
  const place = governorPlace([packageZone(0), packageZone(1)]);
  const governor = await startGovernor(place);
  showMicrojoules(place.roots, "intel-rapl:1", 2_000_000n);
  await until(async () => (await totalsOf(place.socketPath))["intel-rapl:1"] !== 0);
  await governor.end("SIGTERM");
  rmSync(dirname(energyFile(place.roots, "intel-rapl:1")), { recursive: true });
  rmSync(join(place.roots.sys, "devices/virtual/powercap/intel-rapl/intel-rapl:1"), { recursive: true });
  await startGovernor(place);
  const after = await ask(place.socketPath, "{}");
  expect(after["counters_uj"]).toMatchObject({ "intel-rapl:1": expect.closeTo(1_000_000, -2) });
  expect(Number(after["gaps"])).toBeGreaterThan(0);
});

test("a state file that cannot be written is said once, and counting goes on", async () => {
  const place = governorPlace();
  mkdirSync(`${place.stateFile}.new`);
  const governor = await startGovernor(place);
  await until(() => governor.log().includes('"event":"state_not_saved"'));
  expect(await ask(place.socketPath, '{"op":"info"}')).toMatchObject({
    status: "ok",
    state: { path: place.stateFile, problem: expect.stringContaining("EISDIR") },
  });
});

test("a socket that a dead governor left behind is replaced; a live governor's is not", async () => {
  const place = governorPlace();
  const first = await startGovernor(place);
  const second = await refusedStart(place);
  expect(second).toEqual({ status: 1, sentence: expect.stringContaining("is running on") });
  expect(await ask(place.socketPath, "{}")).toMatchObject({ status: "ok" });
  await first.end("SIGKILL");
  expect(lstatSync(place.socketPath).isSocket()).toBe(true);
  await startGovernor(place);
  expect(await ask(place.socketPath, "{}")).toMatchObject({ status: "ok" });
});

test("a second governor on the same state file is refused, whatever its socket; the first goes on", async () => {
  const place = governorPlace();
  const first = await startGovernor(place);
  const other = { ...place, socketPath: `${place.socketPath}.other` };
  const { status, sentence } = await refusedStart(other);
  expect(status).toBe(1);
  expect(sentence).toMatch(/A governor is running on .*governor\.json.* already; .* --state-file\./);
  expect(existsSync(other.socketPath)).toBe(false);
  const before = await ask(place.socketPath, "{}");
  await first.end("SIGKILL");
  await startGovernor(other);
  expect(await ask(other.socketPath, "{}")).toMatchObject({ governor_id: before["governor_id"] });
});

test("of four governors that start at once on the state file of one that was killed, one counts", async () => {
  const place = governorPlace();
  await (await startGovernor(place)).end("SIGKILL");
  const rivals = [0, 1, 2, 3].map((number) => spawnGovernor({ ...place, socketPath: `${place.socketPath}.${number}` }));
  const isStarted = (log: string): boolean => log.includes('"event":"started"');
  await until(() => rivals.every((rival) => rival.child.exitCode !== null || isStarted(rival.log())));
  expect(rivals.filter((rival) => isStarted(rival.log()))).toHaveLength(1);
  expect(rivals.filter((rival) => rival.log().includes("is running on"))).toHaveLength(3);
});

test("a state file whose lock has too long a path for a socket is said, and counting goes on", async () => {
  const place = governorPlace();
  const stateFile = join(dirname(place.stateFile), `${"x".repeat(100)}.json`);
  const governor = await startGovernor({ ...place, stateFile });
  expect(governor.log()).toContain('"event":"state_not_claimed"');
  expect(await ask(place.socketPath, "{}")).toMatchObject({ status: "ok" });
});

test.each([
  ["a named pipe", (path: string) => spawnSync("mkfifo", [path])],
  ["a directory", (path: string) => mkdirSync(path)],
  ["a device", (path: string) => symlinkSync("/dev/null", path)],
])("%s as state file is refused at once, and left alone", async (_, put) => {
  const place = governorPlace();
  put(place.stateFile);
  const { ino } = lstatSync(place.stateFile);
  const { status, sentence } = await refusedStart(place);
  expect(status).toBe(2);
  expect(sentence).toContain("--state-file must be a regular file");
  expect(lstatSync(place.stateFile).ino).toBe(ino);
});

test.each([
  ["a symbolic link", (path: string) => symlinkSync("/dev/null", path)],
  ["a link to a socket that is somewhere else", (path: string) => symlinkSync(`${path}.other`, path)],
  ["a directory", (path: string) => mkdirSync(path)],
  ["a file", (path: string) => writeFileSync(path, "precious")],
])("%s in the socket's place is refused and left alone", async (_, put) => {
  const place = governorPlace();
  put(place.socketPath);
  const kind = lstatSync(place.socketPath).mode;
  const { status, sentence } = await refusedStart(place);
  expect(status).toBe(2);
  expect(sentence).toContain("no socket is there");
  expect(lstatSync(place.socketPath).mode).toBe(kind);
});

test("a directory that others may change is no place for the socket", async () => {
  const place = governorPlace();
  chmodSync(dirname(place.socketPath), 0o777);
  const { status, sentence } = await refusedStart(place);
  expect(status).toBe(2);
  expect(sentence).toContain("others may change");
});

test("a group that does not exist is said with the command that creates it", async () => {
  const { status, sentence } = await refusedStart(governorPlace(), ["--socket-group=no-such-group"]);
  expect(status).toBe(2);
  expect(sentence).toContain("groupadd --system no-such-group");
});

test("no counter to read ends with status 5 and why, unless an empty governor is wanted", async () => {
  const place = governorPlace([]);
  const { status, sentence } = await refusedStart(place);
  expect(status).toBe(5);
  expect(sentence).toContain("modprobe intel_rapl_msr");
  await startGovernor(place, ["--allow-empty"]);
  expect(await ask(place.socketPath, "{}")).toMatchObject({ status: "ok", counters_uj: {} });
});

test("in a virtual machine too, a root that does not exist is said to be just that", async () => {
  const place = governorPlace();
  writeProc(place.roots, { isGuest: true });
  const { status, sentence } = await refusedStart(place, ["--powercap-root=/nonexistent"]);
  expect(status).toBe(5);
  expect(sentence).toContain("/nonexistent does not exist: --powercap-root is wrong");
});

test.each([
  ["--poll-interval=0", "--poll-interval must be a number of seconds"],
  ["--socket-mode=999", "--socket-mode must be three octal digits"],
  ["--socket-path=relative", "--socket-path must be an absolute path"],
  ["--no-such-flag", "Unknown option"],
])("%s is bad usage, in one sentence", (flag, sentence) => {
  const { status, stderr } = spawnSync(process.execPath, [daemonPath, ...governorArguments(governorPlace(), [flag])], {
    encoding: "utf8",
  });
  expect(status).toBe(2);
  expect(stderr).toContain(sentence);
});

test("the socket has its mode and group from the first instant that anybody can connect", async () => {
  const place = governorPlace();
  await startGovernor(place, ["--socket-mode=600"]);
  expect(lstatSync(place.socketPath).mode & 0o777).toBe(0o600);
});

test.each(usersToBecome)(
  "after the start as %s nothing of root is left, and counters, socket and state still work",
  async (user) => {
    const place = governorPlace();
    chmodSync(energyFile(place.roots, "intel-rapl:0"), 0o400);
    chmodSync(dirname(place.stateFile), 0o777);
    chmodSync(dirname(place.socketPath), 0o755);
    const governor = await startGovernor(place, [`--user=${user}`]);
    const status = readFileSync(`/proc/${governor.child.pid}/status`, "utf8");
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^Groups:\s*$/m);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"])
      expect(status).toMatch(new RegExp(`^${set}:\t0{16}$`, "m"));
    showMicrojoules(place.roots, "intel-rapl:0", 2_000_000n);
    await until(async () => (await totalsOf(place.socketPath))["intel-rapl:0"] !== 0);
    writeFileSync(energyFile(place.roots, "intel-rapl:0"), "garbage\n");
    await until(() => governor.log().includes('"event":"counter_unreadable"'));
    showMicrojoules(place.roots, "intel-rapl:0", 3_000_000n);
    await until(() => governor.log().includes('"event":"counter_back"'));
    const { log } = await governor.end("SIGTERM");
    expect(log).not.toContain("state_not_saved");
    expect(readFileSync(place.stateFile, "utf8")).toContain('"version":2');
  },
);

test.each(usersToRefuse)("--user %s is refused", async (user, why) => {
  const { status, sentence } = await refusedStart(governorPlace(), [`--user=${user}`]);
  expect(status).toBe(2);
  expect(sentence).toContain(why);
});

test.each(outsiders)("user %i, outside the socket's group, gets EACCES", async (id) => {
  const place = governorPlace();
  chmodSync(dirname(place.socketPath), 0o755);
  await startGovernor(place);
  const script = `require("node:net").connect(${JSON.stringify(place.socketPath)}).on("error", ({ code }) => console.log(code))`;
  const { stdout } = spawnSync(process.execPath, ["-e", script], {
    uid: id,
    gid: id,
    encoding: "utf8",
    cwd: "/",
  });
  expect(stdout).toBe("EACCES\n");
});

test("something else that listens on the path is not taken for a dead socket", async () => {
  const place = governorPlace();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(place.socketPath, resolve));
  onTestFinished(() => {
    server.close();
  });
  expect((await refusedStart(place)).status).toBe(1);
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
