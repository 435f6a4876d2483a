import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { assertPathWritable, Ledger } from "../../src/ledger/index.ts";
import { ledgerPath, options, stateOf, whole, writtenLedger } from "./ledger-folder.ts";

const leftOver = [".checkpoint", ".checkpoints", ".cosigned", ".torn-555", ".checkpoints.torn-555", ".torn-2-555"];

test.each(leftOver)("beside %s of an earlier ledger none is created, and nothing is written", async (ending) => {
  const path = ledgerPath();
  writeFileSync(path + ending, "kept");
  const refusal = { code: "LEDGER_EXISTS", message: expect.stringContaining(`carbon.ndjson${ending} of an earlier`) };
  await expect(Ledger.create(path, options)).rejects.toMatchObject(refusal);
  await expect(Ledger.openOrCreate(path, options)).rejects.toMatchObject(refusal);
  await expect(assertPathWritable(path)).rejects.toMatchObject(refusal);
  expect(readdirSync(dirname(path))).toEqual([`carbon.ndjson${ending}`]);
  expect(readFileSync(path + ending, "utf8")).toBe("kept");
});

test("under the name of a complete segment of a ledger none is created, and that ledger stays valid", async () => {
  const path = await writtenLedger(1);
  const before = readdirSync(dirname(path));
  const refusal = { code: "LEDGER_EXISTS", message: expect.stringContaining("have such names") };
  await expect(Ledger.create(`${path}.202611`, options)).rejects.toMatchObject(refusal);
  await expect(assertPathWritable(`${path}.202611`)).rejects.toMatchObject(refusal);
  expect(readdirSync(dirname(path))).toEqual(before);
});

test("caches and the lock of an earlier ledger, and files of others, do not keep one from being created", async () => {
  const path = ledgerPath();
  for (const ending of [".lock", ".frontier", ".tiles", "-2.checkpoint", ".notes"]) writeFileSync(path + ending, "");
  await (await Ledger.create(path, options)).close();
  expect(await stateOf(path)).toEqual(whole(1));
});
