import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import type { Signer } from "../../src/ledger/signing-key.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { ledgerPath, linesOf, signer, stateOf, vkey, whole, writtenLedger } from "./ledger-folder.ts";

/** A key service: it answers late, and it may be away. */
function keyService() {
  const state = { isAway: false, isWrong: false, requests: 0, delayMs: 30 };
  const service: Signer = {
    name: signer.name,
    publicKey: signer.publicKey,
    sign: async (message) => {
      state.requests += 1;
      await sleep(state.delayMs);
      if (state.isAway) throw new Error("the key service does not answer");
      return await signer.sign(state.isWrong ? Buffer.from("something else") : message);
    },
  };
  return { service, state };
}

test("with a slow signer, appends wait for the signature, and those that come meanwhile share the next", async () => {
  const { service, state } = keyService();
  const path = ledgerPath();
  const ledger = await Ledger.create(path, { signer: service });
  const before = state.requests;
  const first = ledger.append({ kind: "test", index: 0 });
  await sleep(10);
  const others = Array.from({ length: 200 }, (_, index) => ledger.append({ kind: "test", index: index + 1 }));
  const lines = await Promise.all([first, ...others]);
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
  expect(state.requests - before).toBeLessThan(10);
  await ledger.close();
  expect(await stateOf(path)).toEqual(whole(202));
});

test("while the signer is away, appends fail and leave nothing; when it is back, they go on", async () => {
  const { service, state } = keyService();
  const path = await writtenLedger(2);
  const ledger = await Ledger.open(path, { signer: service });
  state.isAway = true;
  const outcomes = await Promise.allSettled([ledger.append({ kind: "lost" }), ledger.append({ kind: "lost" })]);
  expect(outcomes).toMatchObject([
    { status: "rejected", reason: { code: "LEDGER_WRITE_FAILED", message: expect.stringContaining("key service") } },
    { status: "rejected", reason: { code: "LEDGER_WRITE_FAILED" } },
  ]);
  expect(linesOf(path)).toHaveLength(3);
  state.isAway = false;
  expect(await ledger.append({ kind: "kept" })).toMatchObject({ seq: 3 });
  await ledger.close();
  expect(await stateOf(path)).toEqual(whole(4));
});

test("a signature that does not verify is as good as none", async () => {
  const { service, state } = keyService();
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, { signer: service });
  state.isWrong = true;
  await expect(ledger.append({ kind: "lost" })).rejects.toMatchObject({ code: "LEDGER_WRITE_FAILED" });
  await ledger.close();
  expect(await stateOf(path)).toEqual(whole(2));
});

test("with durability os, a signer that is away when the lock is given back leaves the lines for the next writer", async () => {
  const { service, state } = keyService();
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, { signer: service, durability: "os" });
  state.isAway = true;
  await ledger.append({ kind: "kept" });
  await expect(ledger.close()).rejects.toMatchObject({ code: expect.stringMatching(/^LEDGER_/) });
  await (await Ledger.open(path, { signer })).close();
  const { valid, unsignedLines } = await verifyLedger(path, { keys: [vkey] });
  expect({ valid, unsignedLines, isThere: readFileSync(path, "utf8").includes('"kept"') }).toMatchObject({
    valid: true,
    unsignedLines: 0,
  });
});
