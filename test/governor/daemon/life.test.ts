import { spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import {
  ask,
  governorPlace,
  setBootId,
  showMicrojoules,
  startGovernor,
  totalsOf,
  until,
} from "../../support/governor.ts";
import { energyFile, packageZone, writePowercap } from "../../support/kernel-tree.ts";

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
