import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import {
  ask,
  daemonPath,
  governorArguments,
  governorPlace,
  refusedStart,
  showMicrojoules,
  spawnGovernor,
  startGovernor,
  totalsOf,
  until,
} from "../../support/governor.ts";
import { energyFile, writeProc } from "../../support/kernel-tree.ts";
import { canBecomeNobody } from "../../support/unprivileged.ts";

/** Only root can become somebody else. */
const usersToBecome = canBecomeNobody ? ["65534:65534"] : [];
const usersToRefuse = canBecomeNobody
  ? [
      ["0:0", "it is root"],
      ["no-such-user", "neither a name in /etc/passwd"],
    ]
  : [];

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
