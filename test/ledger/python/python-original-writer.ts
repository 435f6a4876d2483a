import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** Members with their values as JSON text. Names are plain ASCII, so that what is signed and what is hashed are the same text. */
export type RawMembers = readonly (readonly [name: string, json: string])[];

export const body = (grams: string, ...more: RawMembers): RawMembers => [
  ["kind", '"carbon_ops"'],
  ["grams", grams],
  ...more,
];

/** Writes lines as the Python original does, for entries of plain ASCII. */
export function pythonWriter(pair = generateKeyPairSync("ed25519")) {
  const key = rawKey(pair.publicKey);
  const lineOf = (members: RawMembers, previous: string | null): { line: string; hash: string } => {
    const all: RawMembers = previous === null ? members : [...members, ["prev_hash", `"${previous}"`]];
    const sorted = [...all].sort(([left], [right]) => (left < right ? -1 : 1));
    const canonical = `{${sorted.map(([name, json]) => `"${name}":${json}`).join(",")}}`;
    const signature = sign(null, Buffer.from(canonical), pair.privateKey).toString("hex");
    const written: RawMembers = [
      ...all,
      ["signature", `"${signature}"`],
      ["signing_key", `"${key}"`],
      ["signature_algorithm", '"ed25519"'],
    ];
    const line = `{${written.map(([name, json]) => `"${name}": ${json}`).join(", ")}}`;
    return { line, hash: createHash("sha256").update(canonical).digest("hex") };
  };
  /** Lines and the hash of each, chained. */
  const ledger = (bodies: readonly RawMembers[]): { lines: string[]; hashes: string[] } => {
    const lines: string[] = [];
    const hashes: string[] = [];
    for (const members of bodies) {
      const { line, hash } = lineOf(members, hashes.at(-1) ?? null);
      lines.push(line);
      hashes.push(hash);
    }
    return { lines, hashes };
  };
  return { key, lineOf, ledger };
}

function rawKey(publicKey: KeyObject): string {
  return Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
}
