import { createPrivateKey, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSigningKey } from "../../dist/ledger/signing-key.js";
import { verifierKeyFor } from "../../dist/ledger/verifier-key.js";
import { assertEqual, assertKnownMembers, assertThrows, listOf, readJson } from "./ledger-files.mjs";

/** Ed25519 as keys are read and signatures made and checked here: RFC 8032, Wycheproof, and keys under which anybody can sign. */
export function handles(path) {
  return /(^|\/)ed25519\.json$/.test(path);
}

const lists = {
  rfc8032: checkSignature,
  valid: (item) => assertEqual("the verdict", isValid(item), expectationOf(item, true)),
  invalid: (item) => assertEqual("the verdict", isValid(item), expectationOf(item, false)),
  small_order_public_keys: ({ public_key: key }) => assertThrows("the key was taken", () => keyOf(key)),
};

export function* cases(directory, path) {
  const file = readJson(directory, path);
  assertKnownMembers(file, ["source", "encoding", ...Object.keys(lists)]);
  if (file.encoding !== "hex") throw new Error(`the encoding "${file.encoding}" is not known to this reader`);
  for (const [kind, check] of Object.entries(lists)) {
    for (const item of listOf(file[kind], kind)) {
      yield { name: `${kind} ${item.name ?? item.tcId}`, check: () => check(item) };
    }
  }
}

/** The case says it itself; the list that it stands in must say the same. */
function expectationOf({ result }, listed) {
  if (result !== undefined && result !== (listed ? "valid" : "invalid")) {
    throw new Error(`its result "${result}" does not fit the list that it stands in`);
  }
  return listed;
}

function keyOf(hex) {
  return verifierKeyFor("vector", Buffer.from(hex, "hex"));
}

/** A key that is refused verifies nothing. */
function isValid({ public_key: publicKey, message, signature }) {
  let key;
  try {
    key = keyOf(publicKey);
  } catch {
    return false;
  }
  return verify(null, Buffer.from(message, "hex"), key.keyObject, Buffer.from(signature, "hex"));
}

async function checkSignature(item) {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-vectors-"));
  try {
    const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(item.seed, "hex")]);
    const pem = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ format: "pem", type: "pkcs8" });
    writeFileSync(join(folder, "key"), pem, { mode: 0o600 });
    const { signer } = await loadSigningKey(join(folder, "key"));
    assertEqual("the public key", Buffer.from(signer.publicKey).toString("hex"), item.public_key);
    const signature = await signer.sign(Buffer.from(item.message, "hex"));
    assertEqual("the signature", Buffer.from(signature).toString("hex"), item.signature);
    assertEqual("the verdict", isValid(item), true);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
