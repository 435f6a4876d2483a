import { expect, test } from "vitest";
import { z } from "zod";
import { openNote, signNote } from "../../src/ledger/note.ts";
import { parseVerifierKey } from "../../src/ledger/verifier-key.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { sharedJson } from "./shared-vectors.ts";

/** The example of C2SP signed-note. */
const publishedNote =
  "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const publishedKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

const alice = signerFromSeed(1, "alice");
const bob = signerFromSeed(2, "bob");
const aliceKey = parseVerifierKey(vkeyOf(alice));
const bobKey = parseVerifierKey(vkeyOf(bob));

async function signedByBoth(text: string): Promise<string> {
  const byBob = await signNote(text, bob);
  return `${await signNote(text, alice)}${byBob.slice(text.length + 1)}`;
}

function faultOf(note: string | Uint8Array, keys = [aliceKey]) {
  const opened = openNote(Buffer.from(note), keys);
  return opened.ok ? "none" : opened.fault;
}

test("the published example verifies", () => {
  const opened = openNote(Buffer.from(publishedNote), [parseVerifierKey(publishedKey)]);
  expect(opened).toMatchObject({ ok: true, text: "This is an example message.\n" });
});

test("what was signed can be opened, whatever empty lines the text holds", async () => {
  const text = "one\n\ntwo\n\n\n";
  expect(openNote(Buffer.from(await signNote(text, alice)), [aliceKey])).toMatchObject({ ok: true, text });
});

test("a signature by a key that is not known is ignored", async () => {
  const note = await signedByBoth("text\n");
  const opened = openNote(Buffer.from(note), [bobKey]);
  expect(opened.ok && opened.signatures.map(({ key }) => key.name)).toEqual(["bob"]);
});

test("both signatures count when both keys are known", async () => {
  const opened = openNote(Buffer.from(await signedByBoth("text\n")), [aliceKey, bobKey]);
  expect(opened.ok && opened.signatures.map(({ key }) => key.name)).toEqual(["alice", "bob"]);
});

test("a wrong signature under a known key condemns the note, although another one is right", async () => {
  const note = await signedByBoth("text\n");
  const stranger = await signNote("other\n", bob);
  const forged = note.slice(0, note.indexOf("— bob")) + stranger.slice(stranger.indexOf("— bob"));
  expect(faultOf(forged, [aliceKey, bobKey])).toBe("bad_signature");
});

test("a note that no known key has signed is refused as such", async () => {
  expect(faultOf(await signNote("text\n", bob))).toBe("unknown_key");
});

test("a key of the same name and another id is not known", async () => {
  expect(faultOf(await signNote("text\n", signerFromSeed(9, "alice")))).toBe("unknown_key");
});

test("no byte of a note can be changed unnoticed", async () => {
  const note = Buffer.from(await signNote("origin\n3\nroot\n", alice));
  for (let position = 0; position < note.length; position += 1) {
    for (const value of [0x00, 0x0a, 0x20, 0x2b, 0x41, 0xff, (note[position] ?? 0) ^ 0x01]) {
      if (note[position] === value) continue;
      const changed = Buffer.from(note);
      changed[position] = value;
      expect(openNote(changed, [aliceKey]).ok).toBe(false);
    }
  }
});

test.each([
  ["no signatures", (note: string) => note.slice(0, note.indexOf("\n—"))],
  ["its last line feed missing", (note: string) => note.slice(0, -1)],
  ["a carriage return", (note: string) => note.replace("\n", "\r\n")],
  ["a hyphen for the dash", (note: string) => note.replace("—", "-")],
  ["the URL alphabet of base64", (note: string) => note.replaceAll("+", "-").replaceAll("/", "_")],
  ["a line after the signatures", (note: string) => `${note}more\n`],
  ["two spaces in a signature line", (note: string) => note.replace("alice ", "alice  ")],
])("a note with %s is malformed", async (_what, spoil) => {
  const note = await signNote("a text whose signature holds + and /: 17\n", alice);
  expect(note).toMatch(/[+/]/);
  expect(faultOf(spoil(note))).toBe("malformed");
});

test("more than a hundred signatures are refused", async () => {
  const note = await signNote("text\n", alice);
  const line = note.slice(note.indexOf("—"));
  expect(faultOf(note + line.repeat(99))).toBe("none");
  expect(faultOf(note + line.repeat(100))).toBe("malformed");
});

const sharedNotes = z.object({
  notes: z.array(
    z.object({
      name: z.string(),
      note: z.string(),
      vkeys: z.array(z.string()),
      expect: z.array(z.object({ name: z.string(), valid: z.boolean().nullable(), timestamp: z.number().optional() })),
    }),
  ),
  malformed_notes: z.array(
    z.object({
      name: z.string(),
      note: z.string().optional(),
      note_hex: z.string().optional(),
      vkeys: z.array(z.string()),
    }),
  ),
});
const [shared] = sharedJson("notes.json", sharedNotes);

for (const { name, note, vkeys, expect: expected } of shared?.notes ?? []) {
  test(`the published note holds: ${name}`, () => {
    const opened = openNote(Buffer.from(note), vkeys.map(parseVerifierKey));
    const found = opened.ok ? opened.signatures.map(({ key, timestampSeconds }) => [key.name, timestampSeconds]) : [];
    const valid = expected.filter((signature) => signature.valid === true);
    expect(found).toEqual(valid.map((signature) => [signature.name, signature.timestamp ?? null]));
  });
}

for (const { name, note, note_hex: hex, vkeys } of shared?.malformed_notes ?? []) {
  test(`the published bad note is refused: ${name}`, () => {
    const bytes = hex === undefined ? Buffer.from(note ?? "") : Buffer.from(hex, "hex");
    expect(openNote(bytes, vkeys.map(parseVerifierKey)).ok).toBe(false);
  });
}
