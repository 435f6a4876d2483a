import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, sign } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectories } from "../directories.ts";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import { createFile } from "./durable-file.ts";
import { verifierKeyFor } from "./verifier-key.ts";

/** Whoever signs checkpoints: a key file, or a key service behind the same three members. */
export interface Signer {
  /** Key name of C2SP signed-note: no white space, no `+`. */
  readonly name: string;
  /** 32 bytes of Ed25519. */
  readonly publicKey: Uint8Array;
  /** Ed25519 (RFC 8032) over the bytes as they are; 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export interface KeyFile {
  readonly signer: Signer;
  /** The public key as text, to be handed to those who verify; it also stands in the file `<path>.pub`. */
  readonly verifierKey: string;
  /** Whether the key was made just now. */
  readonly created: boolean;
}

export interface KeyFileOptions {
  /** File with the passphrase of an encrypted key, as private as the key; its first line counts. A key that is made is encrypted with it. */
  readonly passphraseFile?: string | undefined;
}

/** A key file holds some hundred bytes; more is something else. */
const maximumKeyFileBytes = 16_384;

/**
 * Reads an Ed25519 private key: PKCS8 PEM, encrypted or not, in a regular file that nobody but its owner may read. Throws
 * KEY_UNREADABLE when it is missing or may not be read, KEY_INVALID when it is a symbolic link, open to others, encrypted with
 * another passphrase or of another kind.
 */
export async function loadSigningKey(path: string, options: KeyFileOptions = {}): Promise<KeyFile> {
  const pem = await readPrivateFile(signingKeyFile(path));
  const isEncrypted = pem.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----");
  const passphrase = isEncrypted ? await passphraseFrom(options) : null;
  if (isEncrypted && passphrase === null) {
    throw invalidKeyFile(path, "is encrypted; name the file with its passphrase in CARBON_OPS_LEDGER_PASSPHRASE_FILE");
  }
  return keyFile(privateKeyFrom(path, pem, passphrase), false);
}

/** Reads the key, or makes one where there is none yet, as `createSigningKey` does. */
export async function loadOrCreateSigningKey(path: string, options: KeyFileOptions = {}): Promise<KeyFile> {
  try {
    return await loadSigningKey(path, options);
  } catch (error) {
    if (!(error instanceof CarbonOpsError) || systemErrorCode(error.cause) !== "ENOENT") throw error;
  }
  try {
    return await createSigningKey(path, options);
  } catch (error) {
    // Another process made it in the same instant: that one is the user's key.
    if (error instanceof CarbonOpsError && error.code === "KEY_EXISTS") return await loadSigningKey(path, options);
    throw error;
  }
}

/**
 * Makes a key where there is none yet: the file with mode 0600, the public key beside it, and those of its directories that are
 * missing with mode 0700. Throws KEY_EXISTS where a file is, KEY_UNREADABLE where it cannot be written.
 */
export async function createSigningKey(path: string, options: KeyFileOptions = {}): Promise<KeyFile> {
  const passphrase = await passphraseFrom(options);
  const { privateKey } = generateKeyPairSync("ed25519");
  const created = keyFile(privateKey, true);
  const encryption = passphrase === null ? {} : { cipher: "aes-256-cbc", passphrase };
  try {
    makeDirectories(dirname(path), 0o700);
    const pem = privateKey.export({ format: "pem", type: "pkcs8", ...encryption });
    await createFile(path, Buffer.from(pem), 0o600);
    await writePublicKey(`${path}.pub`, created.verifierKey);
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") {
      throw new CarbonOpsError("KEY_EXISTS", `There is a file at ${path} already; name another place for a new key.`, {
        cause: error,
      });
    }
    throw new CarbonOpsError(
      "KEY_UNREADABLE",
      `A signing key could not be created at ${path} (${messageOf(error)}); name another place for it.`,
      { cause: error },
    );
  }
  return created;
}

/** The public key can be had from the private one at any time: a file that is there already is left alone. */
async function writePublicKey(path: string, verifierKey: string): Promise<void> {
  try {
    await createFile(path, Buffer.from(`${verifierKey}\n`), 0o644);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
}

const keyFileSigners = new WeakSet<Signer>();

/** Whether a signer holds its key in this process, as read from a file, and computes its signatures by itself. */
export function isOfKeyFile(signer: Signer): boolean {
  return keyFileSigners.has(signer);
}

function keyFile(privateKey: KeyObject, created: boolean): KeyFile {
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  const publicKey = Buffer.from(x, "base64url");
  // The name follows from the key, so that a lost .pub file loses nothing.
  const name = `carbon-ops/key/${hash("sha256", publicKey).slice(0, 16)}`;
  const { vkey } = verifierKeyFor(name, publicKey);
  // In this thread: it takes about as long as another one takes to be asked.
  const signer: Signer = { name, publicKey, sign: async (message) => sign(null, message, privateKey) };
  keyFileSigners.add(signer);
  return { signer, verifierKey: vkey, created };
}

async function passphraseFrom({ passphraseFile }: KeyFileOptions): Promise<string | null> {
  if (passphraseFile === undefined) return null;
  const file = passphraseFileOf(passphraseFile);
  const [passphrase = ""] = (await readPrivateFile(file)).split("\n");
  if (passphrase === "") throw invalidFile(file, "holds no passphrase in its first line; write one there");
  return passphrase;
}

/** A file that nobody but its owner may read, and the words for it. */
interface PrivateFile {
  readonly path: string;
  readonly what: "signing key" | "passphrase file";
  readonly content: "key" | "passphrase";
  /** What to do where there is none. */
  readonly remedyForNone: string;
}

function signingKeyFile(path: string): PrivateFile {
  const remedyForNone =
    "name the one that signs the ledger with --key or CARBON_OPS_LEDGER_KEY, or make one for a new ledger with `carbon-ops keys generate`";
  return { path, what: "signing key", content: "key", remedyForNone };
}

function passphraseFileOf(path: string): PrivateFile {
  const remedyForNone = "write the passphrase into it, or name another file";
  return { path, what: "passphrase file", content: "passphrase", remedyForNone };
}

async function readPrivateFile(file: PrivateFile): Promise<string> {
  const { content, path } = file;
  const handle = await openPrivateFile(file);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw invalidFile(file, `is not a regular file; name the file with the ${content} itself`);
    if ((status.mode & 0o077) !== 0) throw invalidFile(file, `may be read by others; run: chmod 600 ${path}`);
    if (status.size > maximumKeyFileBytes)
      throw invalidFile(file, `is too large for a ${content}; name the file with the ${content} itself`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

async function openPrivateFile(file: PrivateFile): Promise<FileHandle> {
  const { path, what, remedyForNone } = file;
  try {
    // O_NONBLOCK: a FIFO in the key's place must not hang the program.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ELOOP") throw invalidFile(file, "is a symbolic link; name the file itself");
    const why = code === "ENOENT" ? "it does not exist" : messageOf(error);
    const remedy = code === "ENOENT" ? remedyForNone : "check the owner and mode of the file";
    throw new CarbonOpsError("KEY_UNREADABLE", `The ${what} ${path} cannot be read, because ${why}; ${remedy}.`, {
      cause: error,
    });
  }
}

const otherKey = "name another, or a place where there is none yet, and `carbon-ops ledger init` makes one";

function privateKeyFrom(path: string, pem: string, passphrase: string | null): KeyObject {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, format: "pem", ...(passphrase === null ? {} : { passphrase }) });
  } catch {
    if (passphrase !== null) throw invalidKeyFile(path, "cannot be decrypted; name the file with the right passphrase");
    throw invalidKeyFile(path, `holds no private key in PEM form; ${otherKey}`);
  }
  if (privateKey.asymmetricKeyType !== "ed25519") throw invalidKeyFile(path, `is not an Ed25519 key; ${otherKey}`);
  return privateKey;
}

function invalidKeyFile(path: string, what: string): CarbonOpsError {
  return invalidFile(signingKeyFile(path), what);
}

function invalidFile({ path, what }: PrivateFile, misfit: string): CarbonOpsError {
  return new CarbonOpsError("KEY_INVALID", `The ${what} ${path} ${misfit}.`);
}
