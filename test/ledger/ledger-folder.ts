import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ledger, type LedgerOptions } from "../../src/ledger/ledger.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { temporaryDirectory } from "../support/program.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";

export const signer = signerFromSeed(1);
export const vkey = vkeyOf(signer);
export const options: LedgerOptions = { signer };

export function ledgerPath(): string {
  return join(temporaryDirectory(), "carbon.ndjson");
}

/** A ledger of one genesis record and `count` records, each with a flush and a checkpoint of its own. */
export async function writtenLedger(count: number, path = ledgerPath()): Promise<string> {
  const ledger = await Ledger.create(path, options);
  for (let index = 1; index <= count; index += 1) await ledger.append({ kind: "test", index });
  await ledger.close();
  return path;
}

export function linesOf(path: string): string[] {
  return readFileSync(path, "utf8").split("\n").slice(0, -1);
}

/** The records of a ledger's lines. */
export function recordsOf(path: string): Record<string, unknown>[] {
  return linesOf(path).map((line) => JSON.parse(line).record);
}

/** What a verifier finds, in short. */
export async function stateOf(path: string) {
  const { valid, lines, unsignedLines, tornTail } = await verifyLedger(path, { keys: [vkey] });
  return { valid, lines, unsignedLines, tornTail };
}

/** The state of a ledger of so many lines in which nothing is left to be mended or signed. */
export function whole(lines: number) {
  return { valid: true, lines, unsignedLines: 0, tornTail: null };
}
