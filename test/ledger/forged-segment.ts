import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { JsonObject } from "../../src/ledger/canonical-json.ts";
import { Chain } from "../../src/ledger/chain.ts";
import { signCheckpoint } from "../../src/ledger/checkpoint.ts";
import { formatLine, recordText } from "../../src/ledger/line.ts";
import {
  type Genesis,
  genesisRecord,
  originOf,
  type PreviousSegment,
  readGenesisLine,
  segmentGenesisRecord,
} from "../../src/ledger/own-records.ts";
import type { Signer } from "../../src/ledger/signing-key.ts";
import { linesOf } from "./ledger-folder.ts";

const createdAt = "2026-11-24T20:00:00.000Z";

/** What somebody writes who has a key, or none, and follows no rule but those of the format. */
export interface Forgery {
  /** The key that the first line names. */
  readonly names: string;
  /** Who signs the only checkpoint; nobody unless said. */
  readonly signer?: Signer;
  readonly ledgerId?: string;
  /** Which segment it says that it is, and what it goes on from; the first unless said. */
  readonly after?: { readonly segment: number; readonly previous: PreviousSegment; readonly keyRotations?: string[] };
  readonly records?: readonly JsonObject[];
}

/** Writes a ledger's file with the checkpoint beside it. */
export async function forgeSegment(path: string, forgery: Forgery): Promise<void> {
  const { names, signer, ledgerId = randomUUID(), after, records = [] } = forgery;
  const genesis =
    after === undefined
      ? genesisRecord(ledgerId, createdAt, names)
      : segmentGenesisRecord(ledgerId, createdAt, names, after.segment, after.previous, after.keyRotations ?? []);
  await writeSigned(path, chainedLines([genesis, ...records]), originOf(ledgerId), signer);
}

/** The first lines of a ledger, with further ones, under a name of their own. */
export async function forgeCut(from: string, lines: number, path: string, signer?: Signer): Promise<void> {
  await writeSigned(path, linesOf(from).slice(0, lines), originOf(genesisAt(from).ledgerId), signer);
}

export function genesisAt(path: string): Genesis {
  const genesis = readGenesisLine(Buffer.from(linesOf(path)[0] ?? ""));
  if (typeof genesis === "string") throw new Error(genesis);
  return genesis;
}

/** What a segment that goes on from a file says of it. */
export function previousOf(path: string): PreviousSegment {
  const chain = chainOf(linesOf(path));
  const origin = originOf(genesisAt(path).ledgerId);
  return { origin, size: chain.size, root: chain.root().toString("hex"), lastHash: chain.lastHash };
}

async function writeSigned(path: string, lines: readonly string[], origin: string, signer?: Signer): Promise<void> {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
  if (signer === undefined) return;
  const chain = chainOf(lines);
  const note = await signCheckpoint({ origin, size: chain.size, root: chain.root() }, signer);
  writeFileSync(`${path}.checkpoint`, note);
  writeFileSync(`${path}.checkpoints`, `${note}\n`);
}

function chainedLines(records: readonly JsonObject[]): string[] {
  const chain = new Chain();
  return records.map((record) => {
    const line = formatLine(chain.lastHash, recordText(record), chain.size);
    chain.extend(Buffer.from(line));
    return line;
  });
}

function chainOf(lines: readonly string[]): Chain {
  const chain = new Chain();
  for (const line of lines) chain.extend(Buffer.from(line));
  return chain;
}
