import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type BlockFindings, examineBlock } from "../../src/ledger/block.ts";
import { BlockJoin } from "../../src/ledger/block-join.ts";
import { examineRange } from "../../src/ledger/block-worker.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { openLedgerFile } from "../../src/ledger/ledger-files.ts";
import { leafHash, MerkleTree } from "../../src/ledger/merkle-tree.ts";
import { Repairs } from "../../src/ledger/repairs.ts";
import { ledgerPath, options } from "./ledger-folder.ts";

const noCheckpoints = { peek: () => null, advance: async () => undefined };

/** A ledger of so many records that were appended at once. */
async function ledgerOf(count: number): Promise<string> {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  await Promise.all(Array.from({ length: count }, (_, index) => ledger.append({ kind: "test", index })));
  return path;
}

/** The ranges of a file, as threads are given them. */
async function rangesOf(path: string, step: number): Promise<BlockFindings[]> {
  const handle = await openLedgerFile(path, "read");
  try {
    const { size } = await handle.stat();
    const found: BlockFindings[] = [];
    for (let start = 0; start < size; start += step) {
      const task = { descriptor: handle.fd, start, end: Math.min(size, start + step), isDeep: false };
      found.push(examineRange(task, Buffer.alloc(step + 70_000), null));
    }
    return found;
  } finally {
    await handle.close();
  }
}

function linesAndRoot(path: string) {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const tree = new MerkleTree();
  for (const line of lines) tree.append(leafHash(Buffer.from(line)));
  return { lines, root: tree.root().toString("hex") };
}

test.each([600, 1000, 4096, 9973, 1 << 20])(
  "ranges of %d bytes that are looked at apart join to the same tree",
  async (step) => {
    const path = await ledgerOf(500);
    const { lines, root } = linesAndRoot(path);
    const join = new BlockJoin(noCheckpoints, new Repairs());
    // The last range may begin inside of the last line.
    const blocks = (await rangesOf(path, step)).filter(({ count }) => count > 0);
    for (const block of blocks) expect(await join.take(block)).toBe(true);
    const { chain } = join.place;
    expect([chain.size, chain.root().toString("hex"), chain.byteLength]).toEqual([
      lines.length,
      root,
      readFileSync(path).length,
    ]);
  },
);

test("a range that is looked at leaves the bytes as they were", async () => {
  const bytes = Buffer.concat([Buffer.from("x"), readFileSync(await ledgerOf(5))]);
  const before = Buffer.from(bytes);
  expect(examineBlock(bytes, 1, bytes.length, 0, null)).toMatchObject({ holds: true, count: 6 });
  expect(bytes).toEqual(before);
});

test("numbers are followed over every change of their length", async () => {
  const [block] = await rangesOf(await ledgerOf(1100), 1 << 20);
  expect(block).toMatchObject({ holds: true, firstSeq: 0, count: 1101 });
});

test("ranges that do not follow on each other are not joined", async () => {
  const blocks = await rangesOf(await ledgerOf(50), 2000);
  const join = new BlockJoin(noCheckpoints, new Repairs());
  const [first, , third] = blocks;
  const taken = [];
  for (const block of [first, third]) taken.push(block !== undefined && (await join.take(block)));
  expect([taken, join.place.chain.size]).toEqual([[true, false], first?.count]);
});
