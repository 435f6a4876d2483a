import { spawnSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ask, governorPlace, refusedStart, startGovernor } from "../../support/governor.ts";
import { canBecomeNobody } from "../../support/unprivileged.ts";

/** Only root can become somebody else. */
const outsiders = canBecomeNobody ? [65534] : [];

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

test("the socket has its mode and group from the first instant that anybody can connect", async () => {
  const place = governorPlace();
  await startGovernor(place, ["--socket-mode=600"]);
  expect(lstatSync(place.socketPath).mode & 0o777).toBe(0o600);
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
