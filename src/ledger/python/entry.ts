import { hash, verify } from "node:crypto";
import { messageOf } from "../../errors.ts";
import type { VerifierKey } from "../verifier-key.ts";
import { type LosslessJson, type LosslessObject, parseLossless } from "./lossless-json.ts";
import { asHashed, asLine, asSigned, doubledName, holdsNonFinite } from "./python-forms.ts";
import { maximumPythonLineBytes } from "./python-lines.ts";

/** One line of a ledger of the Python original (carbon-ops 0.1), in the form in which its writer leaves it. */
export interface PythonEntry {
  /** The line, without its line feed. */
  readonly text: string;
  /** SHA-256 of the hashed form, in hex: `prev_hash` of the next entry. */
  readonly entryHash: string;
  /** Null when there is none, as in a ledger's first entry. */
  readonly prevHash: string | null;
  /** 64 bytes. */
  readonly signature: Buffer;
  /** The Ed25519 public key that the entry names, in hex: covered neither by signature nor by hash. */
  readonly signingKey: string;
  /** What the signature is over: UTF-8. */
  readonly signedText: string;
  readonly holdsNonFinite: boolean;
}

/** The members that the original adds behind all others when it has signed. */
const signatureMembers: readonly string[] = ["signature", "signing_key", "signature_algorithm"];
/** What stands before them: a link, in all entries but the first. */
const linkMember = "prev_hash";

/** The entry of a line that is, byte by byte, what the original writes; else what is wrong with it. */
export function readPythonEntry(line: Buffer): PythonEntry | string {
  if (line.length > maximumPythonLineBytes) return `it is longer than ${maximumPythonLineBytes} bytes`;
  const text = decodeUtf8(line);
  if (text === null) return "it is not UTF-8";
  if (text.trim() === "") return "it is blank: the original's writer leaves no blank lines";
  const value = parse(text);
  if (typeof value === "string") return value;
  const doubled = doubledName(value);
  if (doubled !== null)
    return `it has two members of the name ${JSON.stringify(doubled)}, of which readers see one only`;
  if (asLine(value) !== text)
    return "it is not spelled as the original's writer spells it, so it was touched afterwards";
  return entryOf(text, value);
}

/** Whether a line that is none of ours is an entry of the Python original, perhaps a touched one. */
export function looksLikePythonEntry(line: Buffer): boolean {
  const value = parse(decodeUtf8(line) ?? "");
  if (typeof value === "string") return false;
  const names = value.members.map(([name]) => name);
  return signatureMembers.every((name) => names.includes(name));
}

/** Whether the key signed the entry. */
export function isSignedBy({ signedText, signature }: PythonEntry, { keyObject }: VerifierKey): boolean {
  return verify(null, Buffer.from(signedText), keyObject, signature);
}

/** The two canonical texts of a line whose JSON is right: what is signed, and what is hashed. Throws SyntaxError. */
export function canonicalTexts(line: string): { readonly signed: string; readonly hashed: string } {
  const value = parseLossless(line);
  if (!isObject(value)) throw new SyntaxError("it is not an object");
  const body = bodyOf(value);
  return { signed: asSigned(body), hashed: asHashed(body) };
}

function entryOf(text: string, value: LosslessObject): PythonEntry | string {
  const names = value.members.map(([name]) => name);
  if (!isInWrittenOrder(names)) return `it does not end in its link and ${signatureMembers.join(", ")}, in this order`;
  const members = new Map(value.members);
  const signature = members.get("signature");
  const signingKey = members.get("signing_key");
  const prevHash = members.get(linkMember);
  if (!isHex(signature, 128)) return "its signature is not 128 hexadecimal digits in lower case";
  if (!isHex(signingKey, 64)) return "its signing_key is not 64 hexadecimal digits in lower case";
  if (members.get("signature_algorithm") !== "ed25519") return 'its signature_algorithm is not "ed25519"';
  if (prevHash !== undefined && !isHex(prevHash, 64)) return "its prev_hash is not 64 hexadecimal digits in lower case";
  const body = bodyOf(value);
  const signedText = asSigned(body);
  // With the u flag the class matches code points: a surrogate that is half of a pair does not match.
  if (/[\uD800-\uDFFF]/u.test(signedText))
    return "it holds an unpaired surrogate, which the original cannot have signed";
  return {
    text,
    entryHash: hash("sha256", asHashed(body)),
    prevHash: prevHash ?? null,
    signature: Buffer.from(signature, "hex"),
    signingKey,
    signedText,
    holdsNonFinite: holdsNonFinite(body),
  };
}

function isInWrittenOrder(names: readonly string[]): boolean {
  const behind = names.includes(linkMember) ? [linkMember, ...signatureMembers] : signatureMembers;
  return behind.every((name, index) => names.at(index - behind.length) === name);
}

function bodyOf({ members }: LosslessObject): LosslessObject {
  return { type: "object", members: members.filter(([name]) => !signatureMembers.includes(name)) };
}

function parse(text: string): LosslessObject | string {
  let value: LosslessJson;
  try {
    value = parseLossless(text);
  } catch (error) {
    return `it is not JSON: ${messageOf(error)}`;
  }
  return isObject(value) ? value : "it is not an object";
}

function isObject(value: LosslessJson): value is LosslessObject {
  return typeof value === "object" && value !== null && value.type === "object";
}

function isHex(value: LosslessJson | undefined, digits: number): value is string {
  return typeof value === "string" && value.length === digits && /^[0-9a-f]+$/.test(value);
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
