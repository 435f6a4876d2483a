import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { ledgerPath, options, recordsOf, stateOf, whole, writtenLedger } from "./ledger-folder.ts";

async function openAndClose(path: string): Promise<void> {
  await (await Ledger.open(path, options)).close();
}

test("what was set aside in one segment is no repair of the next one, which is as long when it begins", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  await ledger.append({ kind: "test" });
  await ledger.rotate();
  const length = statSync(path).size;
  appendFileSync(path, "torn");
  await ledger.append({ kind: "test" });
  await ledger.rotate();
  expect(statSync(path).size).toBe(length);
  await ledger.append({ kind: "test" });
  expect(recordsOf(`${path}.000002`)[1]).toMatchObject({ kind: "repair", file: `carbon.ndjson.torn-2-${length}` });
  expect(recordsOf(path).map(({ kind }) => kind)).toEqual(["genesis", "test"]);
});

test("a torn checkpoint of a later segment is set aside under the name of that segment", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  await ledger.rotate();
  await ledger.append({ kind: "test" });
  const earlier = readFileSync(`${path}.checkpoints`);
  await ledger.append({ kind: "test" });
  await ledger.close();
  const length = statSync(path).size;
  // The last checkpoint ends after so many bytes: its lines are whole, and wait for it.
  const cut = earlier.length + 20;
  const history = readFileSync(`${path}.checkpoints`).subarray(0, cut);
  writeFileSync(`${path}.checkpoints`, history);
  writeFileSync(`${path}.checkpoint`, earlier.subarray(earlier.lastIndexOf("carbon-ops/ledger/"), -1));
  await openAndClose(path);
  const file = `carbon.ndjson.checkpoints.torn-2-${length}`;
  expect(recordsOf(path)[3]).toMatchObject({ kind: "repair", reason: "torn_checkpoint", file, bytes: 20 });
});

test("bytes that were set aside are never replaced, also when the first file of that length was moved away", async () => {
  const path = await writtenLedger(1);
  const length = statSync(path).size;
  writeFileSync(`${path}.torn-${length}.2`, "kept");
  writeFileSync(`${path}.torn-${length}.10`, "kept too");
  appendFileSync(path, "torn");
  await openAndClose(path);
  expect(readFileSync(`${path}.torn-${length}.2`, "utf8")).toBe("kept");
  expect(readFileSync(`${path}.torn-${length}.11`, "utf8")).toBe("torn");
  expect(existsSync(`${path}.torn.tmp`)).toBe(false);
  expect(recordsOf(path).slice(2)).toMatchObject(
    [".2", ".10", ".11"].map((number) => ({ file: `carbon.ndjson.torn-${length}${number}` })),
  );
  expect(await stateOf(path)).toEqual(whole(5));
});
