import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { bytesOf } from "../../../src/ledger/browser/bytes.ts";
import { hasEd25519, verifyCheckpoint, verifyLedger, verifyRecordProof } from "../../../src/ledger/browser/index.ts";
import { rootOf } from "../../../src/ledger/browser/tree.ts";
import { Ledger } from "../../../src/ledger/ledger.ts";
import { leafHash, MerkleTree } from "../../../src/ledger/merkle-tree.ts";
import { proveRecord } from "../../../src/ledger/prove.ts";
import { signerFromSeed, vkeyOf } from "../keys.ts";
import { ledgerPath, linesOf, options, vkey, writtenLedger } from "../ledger-folder.ts";
import { sharedJson } from "../shared-vectors.ts";

const stranger = vkeyOf(signerFromSeed(9, "example.com/stranger"));

async function ledgerOf(lines: number): Promise<string> {
  const path = ledgerPath();
  const ledger = await Ledger.create(path, options);
  await Promise.all(Array.from({ length: lines - 1 }, (_, index) => ledger.append({ kind: "test", index })));
  await ledger.close();
  return path;
}

const checkpointOf = (path: string): Buffer => readFileSync(`${path}.checkpoint`);

test("nothing that a page loads needs Node.js", () => {
  const entry = fileURLToPath(new URL("../../../src/ledger/browser/index.ts", import.meta.url));
  const source = fileURLToPath(new URL("../../../src", import.meta.url));
  const closure = new Set<string>();
  const packages: string[] = [];
  const visit = (file: string): void => {
    if (closure.has(file)) return;
    closure.add(file);
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)) {
      if (specifier.startsWith(".")) visit(resolve(dirname(file), specifier));
      else packages.push(specifier);
    }
  };
  visit(entry);
  expect(packages).toEqual([]);
  expect([...closure].map((file) => relative(source, file)).sort()).toEqual([
    "errors.ts",
    "ledger/browser/bytes.ts",
    "ledger/browser/index.ts",
    "ledger/browser/note.ts",
    "ledger/browser/tlog-proof.ts",
    "ledger/browser/tree.ts",
    "ledger/browser/verifier-key.ts",
    "ledger/browser/verify-checkpoint.ts",
    "ledger/browser/verify-ledger.ts",
    "ledger/canonical-json.ts",
    "ledger/merkle-walk.ts",
    "ledger/weak-key.ts",
    "thrown.ts",
  ]);
  const text = [...closure]
    .map((file) => readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""))
    .join("\n");
  expect(text).not.toMatch(/\b(?:Buffer|process)[.[(]|\brequire\(|\b__dirname\b/);
});

test("this WebCrypto has Ed25519", async () => {
  expect(await hasEd25519()).toBe(true);
});

test("roots are those of the tree that the ledger is signed over", async () => {
  const outcomes: boolean[] = [];
  const tree = new MerkleTree();
  const leaves: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; size < 40; size += 1) {
    outcomes.push(tree.root().equals(await rootOf(leaves)));
    const leaf = leafHash(Buffer.from(`leaf-${size}`));
    tree.append(leaf);
    leaves.push(bytesOf(leaf));
  }
  expect(outcomes).not.toContain(false);
});

test("a page checks a proof of a record with the key alone", async () => {
  const path = await ledgerOf(300);
  const outcomes: unknown[] = [];
  for (const seq of [0, 1, 17, 255, 256, 299]) {
    const { proof, line } = await proveRecord(path, seq);
    const verdict = await verifyRecordProof(proof, [vkey]);
    outcomes.push(verdict.ok && verdict.seq === seq && verdict.line === line && verdict.checkpoint.size === 300);
    outcomes.push((await verifyRecordProof(proof.replace(/^extra .*\n/m, ""), [vkey], line)).ok);
  }
  expect(outcomes).not.toContain(false);
});

test("a page refuses a proof that was changed, or that a stranger signed", async () => {
  const { proof, line } = await proveRecord(await ledgerOf(9), 4);
  const changed = [
    proof.replace("index 4", "index 5"),
    proof.replace("\n9\n", "\n8\n"),
    proof.replace(/^extra .*\n/m, `extra ${btoa(line.replace('"index":3', '"index":9'))}\n`),
    proof.replace(/\n[^\n]{44}\n\n/, "\n\n"),
    proof.slice(0, -3),
    "",
  ];
  const verdicts = await Promise.all(changed.map((text) => verifyRecordProof(text, [vkey])));
  expect(verdicts.map(({ ok }) => ok)).toEqual([false, false, false, false, false, false]);
  expect((await verifyRecordProof(proof, [stranger])).ok).toBe(false);
});

test("a page checks a checkpoint", async () => {
  const path = await writtenLedger(2);
  expect(await verifyCheckpoint(checkpointOf(path), [vkey])).toMatchObject({ ok: true, checkpoint: { size: 3 } });
  expect(await verifyCheckpoint(checkpointOf(path), [stranger])).toMatchObject({ ok: false });
});

test("a page checks a whole small ledger, and names the line that was touched", async () => {
  const path = await ledgerOf(20);
  const evidence = { keys: [vkey], checkpoint: checkpointOf(path) };
  const text = readFileSync(path, "utf8");
  expect(await verifyLedger(text, evidence)).toMatchObject({ ok: true, lines: 20, signedUpTo: 20, tornBytes: 0 });
  const lines = linesOf(path);
  const swapped = [...lines.slice(0, 5), lines[6], lines[5], ...lines.slice(7)].join("\n");
  expect(await verifyLedger(`${swapped}\n`, evidence)).toMatchObject({ ok: false, line: 6 });
  expect(await verifyLedger(text.replace('"index":7', '"index": 7'), evidence)).toMatchObject({ ok: false, line: 9 });
  expect(await verifyLedger(text.replace('"index":7', '"index":8'), evidence)).toMatchObject({ ok: false, line: 10 });
  expect(await verifyLedger(lines.slice(0, 19).join("\n"), evidence)).toMatchObject({ ok: false, line: null });
  expect(await verifyLedger(`${text}{"torn`, evidence)).toMatchObject({ ok: true, tornBytes: 6 });
  expect(await verifyLedger(text.replace('"index":18', '"index":19'), evidence)).toMatchObject({ ok: false });
});

test("a page refuses the checkpoint of another ledger with the same key", async () => {
  const [path, other] = [await writtenLedger(2), await writtenLedger(2)];
  const verdict = await verifyLedger(readFileSync(path), { keys: [vkey], checkpoint: checkpointOf(other) });
  expect(verdict).toMatchObject({ ok: false, line: 1 });
});

const weak = "example.com/weak+eedbb23f+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

test("a key that is none, or that anybody can sign with, is an error", async () => {
  await expect(verifyCheckpoint("", ["nonsense"])).rejects.toMatchObject({ code: "KEY_INVALID" });
  await expect(verifyCheckpoint("", [weak])).rejects.toMatchObject({ code: "KEY_INVALID" });
  await expect(verifyCheckpoint("", [`${vkey.slice(0, -2)}AA`])).rejects.toMatchObject({ code: "KEY_INVALID" });
});

const notesSchema = z.object({
  tlog_proofs: z.array(
    z.object({ leaf: z.string(), index: z.number(), bundle: z.string(), vkeys: z.array(z.string()).optional() }),
  ),
  log: z.object({ vkey: z.string(), checkpoints: z.record(z.string(), z.string()) }),
});

for (const { tlog_proofs: proofs, log } of sharedJson("notes.json", notesSchema)) {
  test("a page checks the published checkpoints and proofs of another log", async () => {
    const verdicts = await Promise.all(
      Object.values(log.checkpoints).map(async (note) => (await verifyCheckpoint(note, [log.vkey])).ok),
    );
    expect(verdicts).not.toContain(false);
    const proven = await Promise.all(
      proofs.map(async ({ bundle, leaf, index }) => {
        const verdict = await verifyRecordProof(bundle, [log.vkey], leaf);
        return verdict.ok && verdict.seq === index;
      }),
    );
    expect(proven).not.toContain(false);
  });
}
