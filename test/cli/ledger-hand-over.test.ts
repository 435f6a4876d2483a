import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Ledger, loadSigningKey } from "../../src/ledger/index.ts";
import { forgeSegment, genesisAt, previousOf } from "../ledger/forged-segment.ts";
import { shellIn } from "./shell.ts";

const words = (text: string): string => text.replace(/\s+/g, " ");

/** Two keys, and a ledger a.ndjson of two records that the first one signs. */
async function shellWithKeys() {
  const shell = shellIn();
  for (const name of ["old.key", "new.key"]) await shell.run("keys", "generate", name);
  await shell.run("ledger", "init", "a.ndjson", "--key", "old.key");
  for (const note of ["one", "two"]) {
    await shell.run("ledger", "append", "a.ndjson", "--key", "old.key", "--note", note);
  }
  const verify = async (...argv: string[]) => {
    const { status, stdout } = await shell.run("ledger", "verify", ...argv);
    return { status, text: words(stdout) };
  };
  const signerOf = async (name: string) => (await loadSigningKey(shell.path(name))).signer;
  return { ...shell, verify, signerOf };
}

test("no state is made of a ledger that the old key, once stolen, invents for those who have only the new key", async () => {
  const { run, path, read, verify, signerOf } = await shellWithKeys();
  await run("keys", "rotate", "a.ndjson", "--key", "old.key", "--new-key", "new.key");
  const [oldKey, newKey] = [read("old.key.pub").trim(), read("new.key.pub").trim()];
  const records = [{ kind: "test" }, { kind: "test" }];
  await forgeSegment(path("b.ndjson.000001"), { names: oldKey, signer: await signerOf("old.key"), records });
  const keyRotations = [...genesisAt(path("a.ndjson")).keyRotations];
  const after = { segment: 2, previous: previousOf(path("b.ndjson.000001")), keyRotations };
  await forgeSegment(path("b.ndjson"), { names: newKey, after });
  const { status, text } = await verify("b.ndjson", "--key", "new.key.pub", "--state", "state");
  expect([status, text]).toEqual([1, expect.stringContaining("NOT VALID")]);
  expect(existsSync(path("state"))).toBe(false);
});

test("a hand-over that was interrupted: who signed, and that the given key has taken over, is said; its state holds later", async () => {
  const { run, path, read, verify, signerOf } = await shellWithKeys();
  const ledger = await Ledger.open(path("a.ndjson"), { signer: await signerOf("old.key") });
  await ledger.sealFor(await signerOf("new.key"));
  const { status, text } = await verify("a.ndjson", "--key", "new.key.pub", "--state", "state");
  expect(status).toBe(4);
  expect(text).toContain(
    `signed 3 lines by ${read("old.key.pub").trim()} (given with --key, by a statement that one key follows the other)`,
  );
  expect(readFileSync(path("state"), "utf8")).toBe(read("a.ndjson.000001.checkpoint"));
  await run("keys", "rotate", "a.ndjson", "--key", "old.key", "--new-key", "new.key");
  await run("ledger", "append", "a.ndjson", "--key", "new.key", "--note", "three");
  expect((await verify("a.ndjson", "--key", "new.key.pub", "--state", "state")).status).toBe(0);
  expect((await verify("a.ndjson", "--key", "old.key.pub", "--state", "state")).status).toBe(0);
});

test("the user's own key that a copied statement is about is used, so that the ledger is not valid rather than of somebody else", async () => {
  const shell = await shellWithKeys();
  await shell.run("keys", "rotate", "a.ndjson", "--key", "old.key", "--new-key", "new.key");
  const { path, read, signerOf } = shell;
  const signer = await signerOf("new.key");
  await forgeSegment(path("b.ndjson.000001"), {
    names: read("new.key.pub").trim(),
    signer,
    records: [{ kind: "test" }],
  });
  const keyRotations = [...genesisAt(path("a.ndjson")).keyRotations];
  const after = { segment: 2, previous: previousOf(path("b.ndjson.000001")), keyRotations };
  await forgeSegment(path("b.ndjson"), { names: read("new.key.pub").trim(), signer, after });
  const own = shellIn(path("."), { CARBON_OPS_LEDGER_KEY: path("old.key") });
  expect((await own.run("ledger", "verify", "b.ndjson")).status).toBe(1);
  expect((await own.run("ledger", "verify", "a.ndjson")).status).toBe(0);
});
