import { expect, test } from "vitest";
import { canonicalJson } from "../../src/ledger/canonical-json.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { recordSignatureFault, signRecord } from "../../src/ledger/record-signature.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { options, recordsOf, vkey, writtenLedger } from "./ledger-folder.ts";

const author = signerFromSeed(4, "example.com/author");
const authorKey = vkeyOf(author);
const record = { kind: "test", grams: 1.5, labels: { team: "ops" } };

test("a signed record holds for its key, however its members are ordered", async () => {
  const signed = await signRecord(record, author);
  const reordered = Object.fromEntries(Object.entries(signed).toReversed());
  expect([signed, reordered].map((each) => recordSignatureFault(each, [authorKey]))).toEqual([null, null]);
});

test("whatever is changed in a signed record, its signature shows", async () => {
  const signed = await signRecord(record, author);
  const stranger = vkeyOf(signerFromSeed(5, "example.com/stranger"));
  const { signature: _signature, ...unsigned } = signed;
  const changed = [
    { ...signed, grams: 1.4 },
    { ...signed, labels: { team: "dev" } },
    { ...signed, note: "more" },
    { ...signed, signing_key: stranger },
    { ...signed, signing_key: 1 },
    { ...signed, signature: "AAAA" },
    unsigned,
  ];
  expect(changed.filter((each) => recordSignatureFault(each) === null)).toEqual([]);
});

test("only the keys that a verifier gives count, where he gives any", async () => {
  const signed = await signRecord(record, author);
  expect(recordSignatureFault(signed, [vkey])).toContain("was not given");
  expect(recordSignatureFault(record, [vkey])).toContain("not signed");
  expect(recordSignatureFault(record)).toBeNull();
});

test("a signature on a record is none on a checkpoint: it begins with a word of its own", async () => {
  const messages: string[] = [];
  const { name, publicKey } = author;
  const sign = async (message: Uint8Array): Promise<Uint8Array> => {
    messages.push(Buffer.from(message).toString());
    return await author.sign(message);
  };
  await signRecord(record, { name, publicKey, sign });
  expect(messages).toEqual([`carbon-ops/record/v1\n${canonicalJson({ ...record, signing_key: authorKey })}`]);
});

test("an id that the append adds does not break the signature, and a verifier that looks deep finds one that is wrong", async () => {
  const path = await writtenLedger(0);
  const ledger = await Ledger.open(path, options);
  await ledger.append(await signRecord(record, author), { id: "one" });
  expect(recordSignatureFault(JSON.parse(JSON.stringify(recordsOf(path)[1])), [authorKey])).toBeNull();
  await ledger.append({ ...(await signRecord(record, author)), grams: 2 });
  await ledger.close();
  const found = await verifyLedger(path, { keys: [vkey], deep: true, checkRecord: recordSignatureFault });
  expect(found.firstBadLine).toMatchObject({ line: 3, reason: expect.stringContaining("signature") });
});
