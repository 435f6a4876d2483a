import { copyFileSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { readSegments } from "../../src/ledger/read-segments.ts";
import { ledgerPath, options } from "./ledger-folder.ts";

/** A ledger of two segments, of which each has two records that say which they are. */
async function twoSegments(): Promise<{ readonly path: string; readonly ledger: Ledger }> {
  const path = ledgerPath();
  const ledger = await Ledger.create(path, options);
  await appendTwo(ledger, 1);
  await ledger.rotate();
  await appendTwo(ledger, 2);
  return { path, ledger };
}

async function appendTwo(ledger: Ledger, segment: number): Promise<void> {
  for (const seq of [1, 2]) await ledger.append({ kind: "test", written: `${segment}/${seq}` });
}

/** Reads a ledger, of which something becomes after the first line was read; gives the places and records of the lines. */
async function readWhile(path: string, change: () => unknown): Promise<string[]> {
  const read: string[] = [];
  for await (const { segment, seq, record } of readSegments(path)) {
    if (read.length === 0) await change();
    read.push(`${segment}/${seq} ${JSON.stringify(record?.["written"] ?? record?.["kind"])}`);
  }
  return read;
}

const bothSegments = [`1/0 "genesis"`, `1/1 "1/1"`, `1/2 "1/2"`, `2/0 "genesis"`, `2/1 "2/1"`, `2/2 "2/2"`];

test("rotations while a ledger is read take no line away and bring none twice", async () => {
  const { path, ledger } = await twoSegments();
  const read = await readWhile(path, async () => {
    await ledger.rotate();
    await appendTwo(ledger, 3);
    await ledger.rotate();
    await appendTwo(ledger, 4);
  });
  await ledger.close();
  expect(read).toEqual(bothSegments);
});

test("a segment that is compressed while the one before it is read is read all the same", async () => {
  const { path, ledger } = await twoSegments();
  await ledger.rotate();
  await ledger.close();
  const sealed = `${path}.000002`;
  const read = await readWhile(path, () => {
    writeFileSync(`${sealed}.gz`, gzipSync(readFileSync(sealed)));
    unlinkSync(sealed);
  });
  expect(read).toEqual([...bothSegments, `3/0 "genesis"`]);
});

test("a file that holds another segment than its name says is refused, for its lines would count twice", async () => {
  const { path, ledger } = await twoSegments();
  await ledger.rotate();
  await ledger.close();
  copyFileSync(`${path}.000002`, `${path}.000001`);
  await expect(readWhile(path, () => undefined)).rejects.toMatchObject({
    code: "LEDGER_INVALID",
    message: `${path}.000001 holds segment 2 where segment 1 belongs; put the right file there.`,
  });
});
