import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { canonicalTexts } from "../../dist/ledger/python/entry.js";
import { verifyPythonLedger } from "../../dist/ledger/python/verify-python.js";
import { assertEqual, readJson } from "./ledger-files.mjs";

/** Ledgers of the Python original, as their manifest describes them: good ones, tampered ones, and the canonical texts of lines. */
export function handles(path) {
  return /(^|python-ledger\/)manifest\.json$|(^|python-ledger\/)[^/]+\.hashes\.json$|(^|python-ledger\/)canonical-forms\.json$/.test(
    path,
  );
}

/** The manifest's cases say so when there is a ledger that it does not name. */
export function companion(path) {
  return /(^|python-ledger\/)[^/]+\.ndjson$/.test(path);
}

export function cases(directory, path) {
  const folder = join(directory, dirname(path));
  const name = basename(path);
  if (name === "manifest.json") return manifestCases(folder, readJson(directory, path));
  if (name === "canonical-forms.json") return canonicalCases(folder, readJson(directory, path));
  return hashCases(join(folder, name.replace(".hashes.json", ".ndjson")), readJson(directory, path));
}

function* manifestCases(folder, manifest) {
  const named = ledgersIn(manifest);
  const key = manifest.public_key_hex;
  for (const item of named) yield { name: item.file, check: () => checkLedger(folder, item, key) };
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ndjson"))) {
    if (named.some((item) => item.file === file)) continue;
    yield { name: file, check: () => Promise.reject(new Error("the manifest does not name it")) };
  }
}

/** Every object that names a file, however deep it stands. */
function ledgersIn(value) {
  if (typeof value !== "object" || value === null) return [];
  if (typeof value.file === "string") return [value];
  return Object.values(value).flatMap(ledgersIn);
}

async function checkLedger(folder, item, key) {
  const path = join(folder, item.file);
  const found = await verifyPythonLedger(path, { key });
  const badLine = item.first_bad_line;
  const head = item.must_fail_with_checkpoint;
  if (badLine === undefined && item.entries === undefined)
    throw new Error("it says neither first_bad_line nor entries");
  assertEqual("the first bad line", found.firstBadLine?.line ?? null, badLine ?? null);
  assertEqual("the verdict", found.valid, (badLine ?? null) === null);
  if (item.entries !== undefined) assertEqual("the number of entries", found.entries, item.entries);
  if (item.last_entry_hash !== undefined) assertEqual("the last hash", found.head?.entryHash, item.last_entry_hash);
  if (head !== undefined) {
    const kept = { entries: head.size, entryHash: head.last_entry_hash };
    assertEqual("the verdict with a kept head", (await verifyPythonLedger(path, { key, head: kept })).valid, false);
  }
  const notJson = linesOf(path).filter((line) => isObjectForPythonOnly(line)).length;
  if (found.valid) assertEqual("the number of lines that are no JSON", found.nonFiniteCount, notJson);
}

function isObjectForPythonOnly(line) {
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
}

function canonicalCases(folder, forms) {
  const file = readJson(folder, "manifest.json").good.file;
  const lines = linesOf(join(folder, file));
  return forms.map(({ line, signed_form: signed, hashed_form: hashed }) => ({
    name: `line ${line}`,
    check: () => {
      const texts = canonicalTexts(lines[line - 1]);
      assertEqual("the signed form", texts.signed, signed);
      assertEqual("the hashed form", texts.hashed, hashed);
    },
  }));
}

function hashCases(path, hashes) {
  const lines = linesOf(path);
  return hashes.map((item) => ({
    name: `line ${item.line}`,
    check: () => {
      const { signed, hashed } = canonicalTexts(lines[item.line - 1]);
      assertEqual("the hash of what is signed", sha256(signed), item.signed_bytes_sha256);
      assertEqual("the entry's hash", sha256(hashed), item.entry_hash);
      assertEqual("prev_hash", /"prev_hash":"([^"]*)"/.exec(hashed)?.[1] ?? null, item.prev_hash);
    },
  }));
}

function linesOf(path) {
  return readFileSync(path, "utf8").split("\n").slice(0, -1);
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}
