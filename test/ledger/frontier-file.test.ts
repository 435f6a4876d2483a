import { hash } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { interceptReads } from "./disk-faults.ts";
import { options, stateOf, whole, writtenLedger } from "./ledger-folder.ts";

/** Bytes of files that opening a ledger reads. */
async function bytesReadToOpen(path: string): Promise<number> {
  const reads = await interceptReads();
  await (await Ledger.open(path, options)).close();
  return reads.stop();
}

test("a ledger that nobody has touched since is opened without reading it", async () => {
  const path = await writtenLedger(0);
  await using ledger = await Ledger.open(path, options);
  const text = "x".repeat(60_000);
  await Promise.all(Array.from({ length: 20 }, () => ledger.append({ kind: "test", text })));
  await ledger.close();
  expect(statSync(path).size).toBeGreaterThan(1_200_000);
  // A first chunk with the genesis record, the last line, and the newest checkpoints.
  expect(await bytesReadToOpen(path)).toBeLessThan(500_000);
  expect(await stateOf(path)).toEqual(whole(21));
});

test("a change anywhere in the ledger is found when it is opened, even if its size and time of writing are the same", async () => {
  const path = await writtenLedger(20);
  const { atime, mtime } = statSync(path);
  writeFileSync(path, readFileSync(path, "utf8").replace('"index":7', '"index":8'));
  utimesSync(path, atime, mtime);
  await expect(Ledger.open(path, options)).rejects.toMatchObject({
    code: "LEDGER_INVALID",
    message: expect.stringContaining("line 8"),
  });
});

test.each([
  ["is missing", (path: string) => rm(path)],
  ["is empty", async (path: string) => writeFileSync(path, "")],
  ["was cut off", async (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 300))],
  ["is of another ledger", async (path: string) => copyFileSync(`${await writtenLedger(2)}.frontier`, path)],
  [
    "holds a forged tree",
    async (path: string) => forge(path, (text) => text.replace(/[0-9a-f]{64}(?=")/, "0".repeat(64))),
  ],
  [
    "names another last line",
    async (path: string) => forge(path, (text) => text.replace(/"lastLineStart":\d+/, '"lastLineStart":0')),
  ],
  ["says something else", async (path: string) => forge(path, () => '{"version":1}')],
])("a cache that %s costs a walk over the ledger and nothing else", async (_what, damage) => {
  const path = await writtenLedger(3);
  await damage(`${path}.frontier`);
  await using ledger = await Ledger.open(path, options);
  expect((await ledger.append({ kind: "test" })).seq).toBe(4);
  expect(await stateOf(path)).toEqual(whole(5));
});

/** Changes what the cache says, with the right checksum over it. */
function forge(path: string, change: (text: string) => string): void {
  const [, text = ""] = readFileSync(path, "utf8").split("\n");
  const forged = change(text);
  expect(forged).not.toBe(text);
  writeFileSync(path, `${hash("sha256", forged)}\n${forged}\n`);
}

test("a cache that is a symbolic link is not written through", async () => {
  const path = await writtenLedger(1);
  await rm(`${path}.frontier`);
  writeFileSync(`${path}.other`, "somebody's");
  symlinkSync(`${path}.other`, `${path}.frontier`);
  await (await Ledger.open(path, options)).close();
  expect(readFileSync(`${path}.other`, "utf8")).toBe("somebody's");
});

test("a ledger that was touched while it was open is read when it is opened again", async () => {
  const path = await writtenLedger(3);
  const ledger = await Ledger.open(path, options);
  writeFileSync(path, readFileSync(path, "utf8").replace('"index":1', '"index":2'));
  await ledger.append({ kind: "test" });
  await ledger.close();
  expect(existsSync(`${path}.frontier`)).toBe(false);
  await expect(Ledger.open(path, options)).rejects.toMatchObject({ code: "LEDGER_INVALID" });
});

test("zeros that a power cut left among the last checkpoints are set aside, when lines wait for them", async () => {
  const path = await writtenLedger(1);
  const history = readFileSync(`${path}.checkpoints`);
  const latest = readFileSync(`${path}.checkpoint`);
  await using ledger = await Ledger.open(path, options);
  for (let index = 0; index < 20; index += 1) await ledger.append({ kind: "test" });
  await ledger.close();
  const grown = readFileSync(`${path}.checkpoints`);
  grown.fill(0, history.length + 100, history.length + 1500);
  writeFileSync(`${path}.checkpoints`, grown);
  writeFileSync(`${path}.checkpoint`, latest);
  await (await Ledger.open(path, options)).close();
  expect(await stateOf(path)).toEqual(whole(24));
  appendFileSync(`${path}.checkpoints`, "\0".repeat(100));
  await expect(Ledger.open(path, options)).rejects.toMatchObject({ code: "LEDGER_INVALID" });
});
