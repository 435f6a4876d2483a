import { generateKeyPairSync } from "node:crypto";
import { chmodSync, statSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/program.ts";
import { shellIn } from "./shell.ts";

test("a key is made for its owner alone, with its public key beside it, and never in the place of another", async () => {
  const { run, path, read } = shellIn();
  expect(await run("keys", "generate", "a.key")).toMatchObject({ status: 0 });
  expect(statSync(path("a.key")).mode & 0o777).toBe(0o600);
  expect(read("a.key")).toContain("BEGIN PRIVATE KEY");
  expect((await run("keys", "show", "a.key")).stdout).toBe(read("a.key.pub"));
  const before = read("a.key");
  expect(await run("keys", "generate", "a.key")).toMatchObject({ status: 2, stdout: "" });
  expect(read("a.key")).toBe(before);
});

test("without a name, it is the user's own key that signs ledgers", async () => {
  const { run } = shellIn();
  await run("keys", "generate");
  const key = (await run("keys", "show")).stdout.trim();
  await run("ledger", "init", "a.ndjson");
  expect((await run("ledger", "verify", "a.ndjson", "--json")).stdout).toContain(key);
});

test("a key encrypted with a passphrase signs when the passphrase is given, and not otherwise", async () => {
  const directory = temporaryDirectory();
  const { run, path, read, write } = shellIn(directory);
  write("phrase", "correct horse\n");
  chmodSync(path("phrase"), 0o600);
  await run("keys", "generate", "a.key", "--passphrase-file", "phrase");
  expect(read("a.key")).toContain("BEGIN ENCRYPTED PRIVATE KEY");
  const closed = await run("ledger", "init", "a.ndjson", "--key", "a.key");
  expect(closed).toMatchObject({ status: 2, stderr: expect.stringContaining("CARBON_OPS_LEDGER_PASSPHRASE_FILE") });
  const open = shellIn(directory, { CARBON_OPS_LEDGER_PASSPHRASE_FILE: "phrase" });
  expect((await open.run("ledger", "init", "a.ndjson", "--key", "a.key")).status).toBe(0);
  expect((await open.run("ledger", "append", "a.ndjson", "--key", "a.key", "--note", "x")).status).toBe(0);
  write("phrase", "wrong\n");
  expect(await open.run("keys", "check", "a.key")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("cannot be decrypted"),
  });
  chmodSync(path("phrase"), 0o644);
  expect(await open.run("keys", "check", "a.key")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("phrase"),
  });
});

test("a key that another program has encrypted, in another way, is read", async () => {
  const directory = temporaryDirectory();
  const { run, path, write } = shellIn(directory, { CARBON_OPS_LEDGER_PASSPHRASE_FILE: "phrase" });
  const { privateKey } = generateKeyPairSync("ed25519");
  write("phrase", "secret\n");
  write("a.key", privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-128-cbc", passphrase: "secret" }));
  for (const name of ["phrase", "a.key"]) chmodSync(path(name), 0o600);
  expect(await run("keys", "check", "a.key")).toMatchObject({ status: 0, stdout: expect.stringContaining("Sound") });
});

test("a key file that others can read, or that is a link, is refused", async () => {
  const { run, path } = shellIn();
  await run("keys", "generate", "a.key");
  symlinkSync(path("a.key"), path("link.key"));
  expect(await run("keys", "show", "link.key")).toMatchObject({ status: 2, stdout: "" });
  chmodSync(path("a.key"), 0o640);
  expect(await run("keys", "show", "a.key")).toMatchObject({ status: 2, stderr: expect.stringContaining("chmod 600") });
});

test("a public key that is damaged, or under which anybody can sign, is not sound", async () => {
  const { run } = shellIn();
  await run("keys", "generate", "a.key");
  const key = (await run("keys", "show", "a.key")).stdout.trim();
  const weak = "example.com/weak+eedbb23f+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const statuses: number[] = [];
  for (const text of [key, "a.key.pub", "a.key", weak, `${key.slice(0, -4)}AAAA`, "nonsense"]) {
    statuses.push((await run("keys", "check", text)).status);
  }
  expect(statuses).toEqual([0, 0, 0, 2, 2, 2]);
});

test("a ledger is handed over to another key; those who trust either accept all of it", async () => {
  const { run, path } = shellIn();
  await run("ledger", "init", "a.ndjson");
  await run("ledger", "append", "a.ndjson", "--note", "by the first");
  const first = (await run("keys", "show")).stdout.trim();
  const rotated = await run("keys", "rotate", "a.ndjson", "--new-key", "new.key", "--json");
  expect(JSON.parse(rotated.stdout)).toMatchObject({ segment: 2, former_key: first, key_created: true });
  expect(await run("ledger", "append", "a.ndjson", "--note", "late")).toMatchObject({ status: 2, stdout: "" });
  await run("ledger", "append", "a.ndjson", "--note", "by the second", "--key", "new.key");
  const statuses: number[] = [];
  for (const key of [first, path("new.key.pub")]) {
    statuses.push((await run("ledger", "verify", "a.ndjson", "--key", key)).status);
    statuses.push((await run("ledger", "verify", "a.ndjson.000001", "--key", first)).status);
  }
  expect(statuses).toEqual([0, 0, 0, 0]);
});
