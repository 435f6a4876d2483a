import { expect, test } from "vitest";
import { z } from "zod";
import { parseVerifierKey, verifierKeyFor } from "../../src/ledger/verifier-key.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { sharedJson } from "./shared-vectors.ts";

/** The example of C2SP signed-note. */
const published = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

test("a published key is read", () => {
  const key = parseVerifierKey(published);
  expect([key.name, key.keyId, key.algorithm]).toEqual(["example.com/foo", "530d903a", "ed25519"]);
});

test("name and public key give the text back", () => {
  const { name, publicKey } = parseVerifierKey(published);
  expect(verifierKeyFor(name, publicKey).vkey).toBe(published);
});

test("base64 that holds a plus sign is not cut there", () => {
  const withPlus = Array.from({ length: 200 }, (_, seed) => vkeyOf(signerFromSeed(seed))).filter(
    (vkey) => vkey.split("+").length > 3,
  );
  expect(withPlus.length).toBeGreaterThan(0);
  expect(withPlus.map((vkey) => parseVerifierKey(vkey).vkey)).toEqual(withPlus);
});

test.each([
  ["another key id", published.replace("530d903a", "530d903b")],
  ["a key id in upper case", "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
  ["a name with a space", published.replace("example.com/foo", "example com")],
  ["no name", published.slice("example.com/foo".length)],
  ["base64 without padding", published.slice(0, -1)],
  ["nothing", ""],
])("a key with %s is refused", (_what, text) => {
  expect(() => parseVerifierKey(text)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
});

/** RFC 8032, 5.1: y = 0, 1 and -1 are points of order 4, 1 and 2; the last two encodings are not even reduced. */
const weakKeys = {
  identity: "0100000000000000000000000000000000000000000000000000000000000000",
  "identity with a sign": "0100000000000000000000000000000000000000000000000000000000000080",
  "order 2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "order 4": "0000000000000000000000000000000000000000000000000000000000000000",
  "order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "order 8, other sign": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "y = p": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "y = p + 1": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

test.each(Object.entries(weakKeys))("a public key under which anybody can sign is refused: %s", (_what, hex) => {
  expect(() => verifierKeyFor("example.com", Buffer.from(hex, "hex"))).toThrow("anybody can sign");
});

const weakList = z.object({ small_order_public_keys: z.array(z.object({ name: z.string(), public_key: z.string() })) });
for (const weak of sharedJson("ed25519.json", weakList).flatMap((file) => file.small_order_public_keys)) {
  test(`the published weak key ${weak.name} is refused`, () => {
    expect(() => verifierKeyFor("example.com", Buffer.from(weak.public_key, "hex"))).toThrow("anybody can sign");
  });
}

const badKeys = z.object({ bad_vkeys: z.array(z.object({ vkey: z.string(), reason: z.string() })) });
for (const bad of sharedJson("notes.json", badKeys).flatMap((file) => file.bad_vkeys)) {
  test(`the published malformed key is refused: ${bad.reason}`, () => {
    expect(() => parseVerifierKey(bad.vkey)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
  });
}
