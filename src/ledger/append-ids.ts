import { hash } from "node:crypto";
import { CarbonOpsError } from "../errors.ts";
import type { JsonObject } from "./canonical-json.ts";
import { readEnvelope, readRecord, recordBytes } from "./line.ts";
import { LineSplitter } from "./line-splitter.ts";
import { leafHash } from "./merkle-tree.ts";

/** Where a record stands that was appended with an id. */
export interface IdentifiedLine {
  readonly segment: number;
  readonly seq: number;
  /** Leaf hash of the line, in hex. */
  readonly lineHash: string;
  /** SHA-256 of the record's canonical bytes, in hex. */
  readonly recordHash: string;
}

/** Member of a record in which its id stands. */
const idMember = "append_id";
/** What is looked for in a line before it is parsed. */
const idMark = Buffer.from(`"${idMember}":"`);

/** So many ids are remembered, the newest ones. */
const rememberedIds = 65_536;

/** The record with its id in it. Throws RECORD_INVALID when the id is no text of 1 to 128 characters, or it has another. */
export function withId(record: JsonObject, id: string): JsonObject {
  if (id.length < 1 || id.length > 128) {
    throw new CarbonOpsError("RECORD_INVALID", "The id of an append must be a text of 1 to 128 characters.");
  }
  if (idMember in record && record[idMember] !== id) {
    throw new CarbonOpsError(
      "RECORD_INVALID",
      `The record has a member ${idMember} of its own, which is where the id belongs; leave one of the two out.`,
    );
  }
  return { ...record, [idMember]: id };
}

/** The ids of the records in a ledger: a retry finds the line of the first attempt. */
export class AppendIds {
  readonly #lines = new Map<string, IdentifiedLine>();

  add(id: string, line: IdentifiedLine): void {
    this.#lines.delete(id);
    this.#lines.set(id, line);
    if (this.#lines.size <= rememberedIds) return;
    const [oldest] = this.#lines.keys();
    if (oldest !== undefined) this.#lines.delete(oldest);
  }

  lineOf(id: string): IdentifiedLine | undefined {
    return this.#lines.get(id);
  }

  /** Reads the ids of the complete lines of a segment from the beginning of one of them on. */
  async read(chunks: AsyncIterable<Uint8Array>, segment: number): Promise<void> {
    const splitter = new LineSplitter();
    for await (const chunk of chunks) {
      for (const line of splitter.push(chunk)) {
        if (line.includes(idMark)) this.#addLine(line, segment);
      }
    }
  }

  #addLine(line: Buffer, segment: number): void {
    const envelope = readEnvelope(line);
    const record = readRecord(line);
    if (typeof envelope === "string" || typeof record === "string") return;
    const id = record[idMember];
    if (typeof id !== "string") return;
    const recordHash = hashOfRecord(recordBytes(line));
    this.add(id, { segment, seq: envelope.seq, lineHash: leafHash(line).toString("hex"), recordHash });
  }
}

export function hashOfRecord(record: string | Uint8Array): string {
  return hash("sha256", record);
}

export function idIsTaken(id: string, { segment, seq }: IdentifiedLine): CarbonOpsError {
  return new CarbonOpsError(
    "RECORD_INVALID",
    `The id "${id}" stands for another record already (record ${seq} of segment ${segment}), so this one was not written; give each record an id of its own.`,
  );
}
