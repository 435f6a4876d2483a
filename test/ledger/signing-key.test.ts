import { generateKeyPairSync, verify } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadOrCreateSigningKey, loadSigningKey } from "../../src/ledger/signing-key.ts";
import { parseVerifierKey } from "../../src/ledger/verifier-key.ts";
import { temporaryDirectory } from "../support/program.ts";

const permissions = (path: string): string => (statSync(path).mode & 0o777).toString(8);

async function newKey() {
  const path = join(temporaryDirectory(), "new", "config", "ledger.key");
  return { path, key: await loadOrCreateSigningKey(path) };
}

test("a key is made where there is none, readable by its owner only", async () => {
  const { path, key } = await newKey();
  expect(key.created).toBe(true);
  expect([permissions(path), permissions(join(path, ".."))]).toEqual(["600", "700"]);
});

test("the public key stands beside it, for everybody to read", async () => {
  const { path, key } = await newKey();
  expect(readFileSync(`${path}.pub`, "utf8")).toBe(`${key.verifierKey}\n`);
  expect(permissions(`${path}.pub`)).toBe("644");
});

test("the same key is found again, with the same name, even without its .pub file", async () => {
  const { path, key } = await newKey();
  rmSync(`${path}.pub`);
  const again = await loadOrCreateSigningKey(path);
  expect([again.created, again.verifierKey]).toEqual([false, key.verifierKey]);
});

test("processes that need the key in the same instant end up with one and the same", async () => {
  const path = join(temporaryDirectory(), "ledger.key");
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateSigningKey(path)));
  expect(new Set(keys.map(({ verifierKey }) => verifierKey)).size).toBe(1);
});

test("what it signs verifies with its public key", async () => {
  const { key } = await newKey();
  const message = Buffer.from("message");
  const { keyObject } = parseVerifierKey(key.verifierKey);
  expect(verify(null, message, keyObject, await key.signer.sign(message))).toBe(true);
});

test.each([0o640, 0o604, 0o660, 0o777])(
  "a key file with mode %o is refused, with the command that mends it",
  async (mode) => {
    const { path } = await newKey();
    chmodSync(path, mode);
    await expect(loadSigningKey(path)).rejects.toMatchObject({
      code: "KEY_INVALID",
      message: expect.stringContaining(`chmod 600 ${path}`),
    });
  },
);

test.each([
  ["missing", () => undefined, "carbon-ops keys generate"],
  ["a directory", (path: string) => mkdirSync(path), "name the file with the key itself"],
  ["no key", (path: string) => writeFileSync(path, "hello", { mode: 0o600 }), "ledger init"],
])("a key file that is %s is refused with what to do", async (_what, make, remedy) => {
  const path = join(temporaryDirectory(), "ledger.key");
  make(path);
  await expect(loadSigningKey(path)).rejects.toMatchObject({ message: expect.stringContaining(remedy) });
});

test("a symbolic link to a key is refused", async () => {
  const { path } = await newKey();
  symlinkSync(path, `${path}.link`);
  await expect(loadSigningKey(`${path}.link`)).rejects.toMatchObject({ code: "KEY_INVALID" });
});

test("a directory in the key's place is refused", async () => {
  const path = join(temporaryDirectory(), "ledger.key");
  mkdirSync(path);
  await expect(loadOrCreateSigningKey(path)).rejects.toMatchObject({ code: "KEY_INVALID" });
});

test("a missing key is said to be missing", async () => {
  const path = join(temporaryDirectory(), "ledger.key");
  await expect(loadSigningKey(path)).rejects.toMatchObject({
    code: "KEY_UNREADABLE",
    message: expect.stringContaining("does not exist"),
  });
});

test("a key cannot be made below a file", async () => {
  const path = join(temporaryDirectory(), "file");
  writeFileSync(path, "");
  await expect(loadOrCreateSigningKey(join(path, "ledger.key"))).rejects.toMatchObject({ code: "KEY_UNREADABLE" });
});

const foreignKeys: readonly (readonly [string, () => string])[] = [
  ["text that is no key", () => "hello\n"],
  ["nothing", () => ""],
  ["an RSA key", () => pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey)],
  ["an X25519 key", () => pem(generateKeyPairSync("x25519").privateKey)],
  ["an encrypted key", encryptedPem],
  ["a public key", () => generateKeyPairSync("ed25519").publicKey.export({ format: "pem", type: "spki" }).toString()],
];

test.each(foreignKeys)("a key file that holds %s is refused", async (_what, content) => {
  const path = join(temporaryDirectory(), "ledger.key");
  writeFileSync(path, content(), { mode: 0o600 });
  await expect(loadSigningKey(path)).rejects.toMatchObject({ code: "KEY_INVALID" });
});

function pem(key: ReturnType<typeof generateKeyPairSync>["privateKey"]): string {
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

function encryptedPem(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "secret" }).toString();
}
