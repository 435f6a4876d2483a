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

test("a key is made in a directory that is not there yet, which is then its owner's alone", async () => {
  const { run, path } = shellIn();
  expect(await run("keys", "generate", "new/place/a.key")).toMatchObject({ status: 0 });
  expect(["new", "new/place"].map((name) => statSync(path(name)).mode & 0o777)).toEqual([0o700, 0o700]);
});

test("what is wrong with a passphrase file is said of that file, not of a signing key", async () => {
  const { run, path, write } = shellIn();
  const refusal = async () => (await run("keys", "generate", "a.key", "--passphrase-file", "phrase")).stderr;
  const refusals = [await refusal()];
  write("phrase", "\n");
  refusals.push(await refusal());
  chmodSync(path("phrase"), 0o600);
  refusals.push(await refusal());
  symlinkSync(path("phrase"), path("link"));
  refusals.push((await run("keys", "generate", "a.key", "--passphrase-file", "link")).stderr);
  const words = ["does not exist; write", "may be read by others", "holds no passphrase", "is a symbolic link"];
  expect(refusals).toEqual(words.map((why) => expect.stringContaining(why)));
  expect(refusals.every((text) => /^carbon-ops: The passphrase file [^\n]+\n$/.test(text))).toBe(true);
});

test("appending without a key says where it was looked for, and how one is named or made", async () => {
  const { run } = shellIn();
  await run("ledger", "init", "a.ndjson", "--key", "a.key");
  const { status, stderr } = await run("ledger", "append", "a.ndjson", "--note", "x");
  expect([status, stderr]).toEqual([
    2,
    expect.stringContaining("ledger.key cannot be read, because it does not exist"),
  ]);
  expect(stderr).toContain("name the one that signs the ledger with --key or CARBON_OPS_LEDGER_KEY");
});
