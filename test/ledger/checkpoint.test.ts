import { expect, test } from "vitest";
import { z } from "zod";
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from "../../src/ledger/checkpoint.ts";
import { emptyRoot, leafHash, MerkleTree } from "../../src/ledger/merkle-tree.ts";
import { parseVerifierKey } from "../../src/ledger/verifier-key.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { sharedJson } from "./shared-vectors.ts";

const root = Buffer.alloc(32, 7);
const rootText = root.toString("base64");

test("a checkpoint is three lines: origin, size, root", () => {
  expect(formatCheckpoint({ origin: "example.com/log", size: 5, root })).toBe(`example.com/log\n5\n${rootText}\n`);
});

test("the empty tree has size 0 and the hash of nothing", () => {
  const text = formatCheckpoint({ origin: "example.com/log", size: 0, root: emptyRoot });
  expect(text).toBe("example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
});

test("extension lines are allowed and mean nothing", () => {
  expect(parseCheckpoint(`example.com/log\n5\n${rootText}\nextension\n`)).toEqual({
    origin: "example.com/log",
    size: 5,
    root,
  });
});

test.each([
  ["a leading zero in the size", `log\n05\n${rootText}\n`],
  ["a signed size", `log\n+5\n${rootText}\n`],
  ["a size that a double cannot hold", `log\n9007199254740993\n${rootText}\n`],
  ["no origin", `\n5\n${rootText}\n`],
  ["two lines", "log\n5\n"],
  ["a short root", "log\n5\nAAAA\n"],
  ["an empty extension line", `log\n5\n${rootText}\n\n`],
  ["no last line feed", `log\n5\n${rootText}`],
])("a text with %s is no checkpoint", (_what, text) => {
  expect(parseCheckpoint(text)).toBeNull();
});

test("what was signed can be opened with the signer's key only", async () => {
  const signer = signerFromSeed(1);
  const note = Buffer.from(await signCheckpoint({ origin: "log", size: 5, root }, signer));
  expect(openCheckpoint(note, [parseVerifierKey(vkeyOf(signer))])).toMatchObject({ ok: true, checkpoint: { size: 5 } });
  const stranger = parseVerifierKey(vkeyOf(signerFromSeed(2)));
  expect(openCheckpoint(note, [stranger])).toMatchObject({ ok: false, fault: "unknown_key" });
});

const sharedLog = z.object({
  log: z.object({
    origin: z.string(),
    vkey: z.string(),
    seed_hex: z.string(),
    leaves: z.array(z.string()),
    checkpoints: z.record(z.string(), z.string()),
  }),
  notes: z.array(z.object({ name: z.string(), note: z.string(), vkeys: z.array(z.string()) })),
  malformed_checkpoint_texts: z.array(z.object({ text: z.string(), reason: z.string() })),
});
for (const shared of sharedJson("notes.json", sharedLog)) {
  const { log } = shared;
  test("every checkpoint of the published log comes out byte for byte: tree, text and signature", async () => {
    const signer = signerFromSeed(Buffer.from(log.seed_hex, "hex"), log.origin);
    expect(vkeyOf(signer)).toBe(log.vkey);
    for (const [size, note] of Object.entries(log.checkpoints)) {
      const tree = new MerkleTree();
      for (const leaf of log.leaves.slice(0, Number(size))) tree.append(leafHash(Buffer.from(leaf)));
      expect(await signCheckpoint({ origin: log.origin, size: tree.size, root: tree.root() }, signer)).toBe(note);
    }
  });

  test("a checkpoint that only a witness has cosigned has no author", () => {
    const mirrored = shared.notes.find(({ name }) => name.includes("mirror"));
    const opened = openCheckpoint(Buffer.from(mirrored?.note ?? ""), (mirrored?.vkeys ?? []).map(parseVerifierKey));
    expect(opened).toMatchObject({ ok: false, reason: expect.stringContaining("cosignature only") });
  });

  for (const { text, reason } of shared.malformed_checkpoint_texts) {
    test(`the published bad checkpoint is refused: ${reason}`, () => {
      expect(parseCheckpoint(text)).toBeNull();
    });
  }
}
