import { readFileSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { parseCheckpoint } from "../../src/ledger/checkpoint.ts";
import { openNote, signNote } from "../../src/ledger/note.ts";
import { proveConsistency, proveRecord } from "../../src/ledger/prove.ts";
import { parseTlogProof } from "../../src/ledger/tlog-proof.ts";
import { parseVerifierKey } from "../../src/ledger/verifier-key.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { goEnvironment, goWithNotes, runGo } from "../support/go-program.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { linesOf, vkey, writtenLedger } from "./ledger-folder.ts";
import { sharedJson } from "./shared-vectors.ts";

/** Go's packages golang.org/x/mod/sumdb/note and tlog open what we sign, check what we prove, and sign what we open. */

/** The example of those packages' documentation. */
const exampleText =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const exampleSignerKey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const exampleKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const exampleNote = `${exampleText}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const sharedNotes = z.object({
  notes: z.array(z.object({ note: z.string(), vkeys: z.array(z.string()) })),
  log: z.object({ signer_key: z.string(), leaves: z.array(z.string()), checkpoints: z.record(z.string(), z.string()) }),
});

interface Tree {
  readonly size: number;
  readonly root: string;
}

type Question =
  | { readonly ask: "open"; readonly note: string; readonly keys: readonly string[] }
  | { readonly ask: "sign"; readonly text: string; readonly keys: readonly string[] }
  | { readonly ask: "root"; readonly records: readonly string[] }
  | {
      readonly ask: "included";
      readonly records: readonly [string];
      readonly index: number;
      readonly tree: Tree;
      readonly path: readonly string[];
    }
  | { readonly ask: "grown"; readonly older: Tree; readonly tree: Tree; readonly path: readonly string[] };

const program = new URL("../support/go/note-tools.go", import.meta.url);
const compilers = goWithNotes("that Go's note tools agree with us is not tested");

/** A signer with a key of Go's: PRIVATE+KEY+name+id+base64(1 || seed). */
function signerOf(goKey: string) {
  const [, name = "", encoded = ""] = /^PRIVATE\+KEY\+([^+]+)\+[0-9a-f]{8}\+(.*)$/.exec(goKey) ?? [];
  return signerFromSeed(Buffer.from(encoded, "base64").subarray(1), name);
}

/** The key of signerFromSeed(seed) as Go writes it. */
function goKeyOf(seed: number): string {
  const [name, id] = vkeyOf(signerFromSeed(seed)).split("+");
  return `PRIVATE+KEY+${name}+${id}+${Buffer.from([1, ...Array.from({ length: 32 }, () => seed)]).toString("base64")}`;
}

function treeOf(note: string): Tree {
  const { size, root } = parseCheckpoint(note.slice(0, note.indexOf("\n\n") + 1)) ?? {
    size: -1,
    root: Buffer.alloc(0),
  };
  return { size, root: Buffer.from(root).toString("base64") };
}

/** The checkpoints of a history, oldest first. */
function notesOf(path: string): readonly string[] {
  return readFileSync(path, "utf8").match(/(?:[^\n]+\n){3}\n(?:— [^\n]+\n)+/g) ?? [];
}

/** The question whether a line stands where our proof says. */
async function inclusionOf(path: string, line: string, seq: number) {
  const proof = parseTlogProof(Buffer.from((await proveRecord(path, seq)).proof));
  if (typeof proof === "string") throw new Error(proof);
  const hashes = proof.path.map((hash) => hash.toString("base64"));
  const tree = treeOf(proof.checkpoint.toString("utf8"));
  return { ask: "included", records: [line], index: proof.index, tree, path: hashes } as const;
}

function changed(text: string): string {
  const [first = "", ...rest] = text;
  return [first === "A" ? "B" : "A", ...rest].join("");
}

test("what we sign with the key of the published example is that example, and we open it", async () => {
  expect(await signNote(exampleText, signerOf(exampleSignerKey))).toBe(exampleNote);
  const opened = openNote(Buffer.from(exampleNote), [parseVerifierKey(exampleKey)]);
  expect(opened).toMatchObject({ ok: true, text: exampleText });
});

describe.each(compilers)("%s", (go) => {
  const environment = goEnvironment();
  const answersOf = (questions: readonly Question[]): readonly (string | null)[] =>
    z.array(z.string().nullable()).parse(JSON.parse(runGo(go, environment, program, JSON.stringify(questions))));

  test("it signs and opens its published example as we do", () => {
    const answers = answersOf([
      { ask: "sign", text: exampleText, keys: [exampleSignerKey] },
      { ask: "open", note: exampleNote, keys: [exampleKey] },
    ]);
    expect(answers).toEqual([exampleNote, exampleText]);
  });

  test("it opens every checkpoint of a ledger with our key, and none that was touched or is a stranger's", async () => {
    const path = await writtenLedger(6);
    const notes = notesOf(`${path}.checkpoints`);
    const stranger = vkeyOf(signerFromSeed(9));
    const open = (note: string, key = vkey): Question => ({ ask: "open", note, keys: [key] });
    expect(answersOf(notes.map((note) => open(note)))).toEqual(
      notes.map((note) => note.slice(0, note.indexOf("\n\n") + 1)),
    );
    expect(notes.length).toBeGreaterThanOrEqual(6);
    const [note = ""] = notes.slice(-1);
    const touched = [note.replace("\n7\n", "\n6\n"), note.slice(0, -1), note.replace("— ", "- "), note.slice(0, -6)];
    expect(answersOf([...touched.map((text) => open(text)), open(note, stranger)])).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  test("it finds the same root over the lines of a ledger at every size", async () => {
    const path = await writtenLedger(20);
    const lines = linesOf(path);
    const trees = notesOf(`${path}.checkpoints`).map(treeOf);
    expect(answersOf(trees.map(({ size }) => ({ ask: "root", records: lines.slice(0, size) })))).toEqual(
      trees.map(({ root }) => root),
    );
    expect(trees.length).toBeGreaterThanOrEqual(20);
  });

  test("it accepts our proof of every record, and none of another place, record or tree", async () => {
    const path = await writtenLedger(20);
    const whole = await Promise.all(linesOf(path).map(async (line, seq) => inclusionOf(path, line, seq)));
    expect(answersOf(whole)).toEqual(whole.map(() => "yes"));
    const spoiled = whole.flatMap((question): Question[] => [
      { ...question, index: (question.index + 1) % 21 },
      { ...question, records: [`${question.records[0]} `] },
      { ...question, tree: { ...question.tree, root: changed(question.tree.root) } },
      { ...question, path: question.path.slice(1) },
    ]);
    expect(new Set(answersOf(spoiled))).toEqual(new Set([null]));
  });

  test("it accepts our proof that a ledger has grown from any older checkpoint, and none that was changed", async () => {
    const path = await writtenLedger(20);
    const questions = await Promise.all(
      notesOf(`${path}.checkpoints`).map(async (older) => {
        const { proof } = await proveConsistency(path, Buffer.from(older));
        const [, ...hashes] = proof.slice(0, proof.indexOf("\n\n")).split("\n");
        const tree = treeOf(proof.slice(proof.indexOf("\n\n") + 2));
        return { ask: "grown", older: treeOf(older), tree, path: hashes } as const;
      }),
    );
    expect(answersOf(questions)).toEqual(questions.map(() => "yes"));
    const spoiled = questions.flatMap((question): Question[] => [
      { ...question, older: { ...question.older, root: changed(question.older.root) } },
      { ...question, tree: { ...question.tree, root: changed(question.tree.root) } },
    ]);
    expect(new Set(answersOf(spoiled))).toEqual(new Set([null]));
  });

  test("a ledger whose checkpoint it has signed is valid to us", async () => {
    const path = await writtenLedger(3);
    const [text] = readFileSync(`${path}.checkpoint`, "utf8").split("\n\n");
    const [note] = answersOf([{ ask: "sign", text: `${text}\n`, keys: [goKeyOf(1)] }]);
    rmSync(`${path}.checkpoints`);
    rmSync(`${path}.checkpoint`);
    expect(await verifyLedger(path, { keys: [vkey], checkpoint: Buffer.from(note ?? "") })).toMatchObject({
      valid: true,
      lines: 4,
      unsignedLines: 0,
    });
  });

  for (const { notes, log } of sharedJson("notes.json", sharedNotes)) {
    test("on the published notes it and we give the same answer", async () => {
      // Go's package knows no cosignatures: a note with such a key is for us alone.
      const plain = notes.filter(({ vkeys }) =>
        vkeys.every((key) => Buffer.from(key.split("+")[2] ?? "", "base64")[0] === 1),
      );
      const texts = plain.map(({ note, vkeys }) => {
        const opened = openNote(Buffer.from(note), vkeys.map(parseVerifierKey));
        return opened.ok ? opened.text : null;
      });
      expect(answersOf(plain.map(({ note, vkeys }) => ({ ask: "open", note, keys: vkeys })))).toEqual(texts);
      expect(plain.length).toBeGreaterThanOrEqual(4);
    });

    test("the checkpoints of the published log: it signs what we sign, and finds the same roots", async () => {
      const trees = Object.values(log.checkpoints);
      const textOf = (note: string): string => note.slice(0, note.indexOf("\n\n") + 1);
      const ours = await Promise.all(trees.map(async (note) => signNote(textOf(note), signerOf(log.signer_key))));
      const theirs = answersOf(trees.map((note) => ({ ask: "sign", text: textOf(note), keys: [log.signer_key] })));
      expect(ours).toEqual(trees);
      expect(theirs).toEqual(trees);
      // The tlog of golang.org/x/mod 0.7 gives zeros for a tree of nothing.
      const grown = trees.filter((note) => treeOf(note).size > 0);
      expect(
        answersOf(grown.map((note) => ({ ask: "root", records: log.leaves.slice(0, treeOf(note).size) }))),
      ).toEqual(grown.map((note) => treeOf(note).root));
    });
  }
});
