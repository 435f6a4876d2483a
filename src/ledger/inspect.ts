import type { RecordCheck } from "./block-lines.ts";
import type { JsonObject } from "./canonical-json.ts";
import type { Chain } from "./chain.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { maximumLineBytes, readEnvelope, readRecord, withPrevHash } from "./line.ts";
import { LineSplitter } from "./line-splitter.ts";
import { leafHash } from "./merkle-tree.ts";
import { type Genesis, readGenesisLine, reservedKinds } from "./own-records.ts";
import { Repairs } from "./repairs.ts";

/** The first line that is not as it was written. */
export interface LineFault {
  /** From 1, as editors count. */
  readonly line: number;
  /** The number that the line has, or should have. */
  readonly seq: number;
  readonly reason: string;
  /**
   * Usually `line` itself. It is smaller when only a signed root differs: then `line` has certainly changed, and lines from
   * this one on may have been rewritten together with it.
   */
  readonly earliestLine: number;
  /** Byte at which the line begins. */
  readonly offset: number;
}

/** Signed checkpoints in order of size. */
export interface DueCheckpoints {
  peek(): Checkpoint | null;
  advance(): Promise<void>;
}

export interface InspectionRequest {
  /** Where to go on; it is extended by every line that holds. */
  readonly chain: Chain;
  /** How much of the chain a signed root has been compared with; all of it unless said. */
  readonly proven?: { readonly size: number; readonly bytes: number };
  /** The genesis record when the chain is past it. */
  readonly genesis: Genesis | null;
  /**
   * Whose records are parsed and held against their canonical form, beside chain and tree: all, or only those that no
   * checkpoint covers, since whoever signed the others had checked them.
   */
  readonly contents: "all" | "unsigned";
  /** What else is wrong with a record's contents; only those that are parsed are asked about. */
  readonly checkRecord?: RecordCheck | null;
  /** Where repairs are gathered, when those of earlier lines are known. */
  readonly repairs?: Repairs;
  /** The walk may end at a checkpoint behind these bytes, when no later one is known: what follows is being written. */
  readonly enoughBytes?: number;
  /** Asked once, when the genesis record is known. */
  readonly checkpointsOf: (genesis: Genesis) => Promise<DueCheckpoints>;
}

export interface Inspection {
  readonly genesis: Genesis | null;
  readonly fault: LineFault | null;
  /** Lines up to the largest checkpoint whose root was found in the tree, and their bytes. */
  readonly provenSize: number;
  readonly provenBytes: number;
  /** Bytes after the last line feed. */
  readonly trailingBytes: number;
  /** False when the walk ended at a checkpoint behind `enoughBytes`. */
  readonly endReached: boolean;
  /** Repair records of lines that hold; only with `contents` "all". */
  readonly repairs: Repairs;
}

/**
 * Walks over the lines of a ledger, as far as they hold, in bounded memory. Writers and verifiers share it.
 *
 * A link that does not fit tells that one of two neighbours was changed. Which one follows from what comes next: if the
 * second line, given the link that it should have, is exactly what its own successor (or a signed root) vouches for, then
 * only its link was touched; otherwise the first of the two was.
 */
export async function inspect(chunks: AsyncIterable<Uint8Array>, request: InspectionRequest): Promise<Inspection> {
  const inspector = new Inspector(request);
  const splitter = new LineSplitter();
  const { enoughBytes = Number.POSITIVE_INFINITY } = request;
  let byteCount = request.chain.byteLength;
  const conclude = (fault: LineFault | null, endReached = true): Inspection => ({
    genesis: inspector.genesis,
    fault,
    provenSize: inspector.provenSize,
    provenBytes: inspector.provenBytes,
    trailingBytes: endReached ? byteCount - request.chain.byteLength : 0,
    endReached,
    repairs: inspector.repairs,
  });
  if (request.genesis !== null) {
    const fault = await inspector.compareCheckpoints();
    if (fault !== null) return conclude(fault);
  }
  for await (const chunk of chunks) {
    byteCount += chunk.length;
    for (const line of splitter.push(chunk)) {
      let fault = inspector.take(line);
      if (fault === null && inspector.checkpointIsDue) {
        fault = await inspector.compareCheckpoints();
        if (fault === null && inspector.isProven && request.chain.byteLength >= enoughBytes)
          return conclude(null, false);
      }
      if (fault !== null) return conclude(fault);
    }
  }
  return conclude(inspector.end(byteCount > request.chain.byteLength));
}

class Inspector {
  readonly #chain: Chain;
  readonly #contents: InspectionRequest["contents"];
  readonly #checkpointsOf: InspectionRequest["checkpointsOf"];
  #genesis: Genesis | null;
  #due: DueCheckpoints | null = null;
  #provenSize: number;
  #provenBytes: number;
  readonly #repairs: Repairs;
  readonly #checkRecord: RecordCheck | null;
  /** A line whose link does not fit the one before it, until its successor tells which of the two was changed. */
  #unlinked: Buffer | null = null;

  constructor(request: InspectionRequest) {
    this.#chain = request.chain;
    this.#contents = request.contents;
    this.#checkpointsOf = request.checkpointsOf;
    this.#genesis = request.genesis;
    this.#provenSize = request.proven?.size ?? request.chain.size;
    this.#provenBytes = request.proven?.bytes ?? request.chain.byteLength;
    this.#repairs = request.repairs ?? new Repairs();
    this.#checkRecord = request.checkRecord ?? null;
  }

  get genesis(): Genesis | null {
    return this.#genesis;
  }

  get provenSize(): number {
    return this.#provenSize;
  }

  get provenBytes(): number {
    return this.#provenBytes;
  }

  get repairs(): Repairs {
    return this.#repairs;
  }

  /** Whether the last line is covered by a checkpoint that holds, and no later one is known. */
  get isProven(): boolean {
    return this.#provenSize === this.#chain.size && this.#due?.peek() === null;
  }

  get checkpointIsDue(): boolean {
    if (this.#due === null) return this.#genesis !== null;
    return this.#due.peek()?.size === this.#chain.size;
  }

  take(line: Buffer): LineFault | null {
    if (this.#unlinked !== null) return this.#whichOfTwo(this.#unlinked, line);
    if (line.length > maximumLineBytes) return this.#fault(`it is longer than ${maximumLineBytes} bytes`);
    const envelope = readEnvelope(line);
    if (typeof envelope === "string") return this.#fault(envelope);
    if (envelope.seq !== this.#chain.size) {
      return this.#fault(
        `its seq is ${envelope.seq} where ${this.#chain.size} is due: a line was removed, added or moved`,
      );
    }
    const record = this.#recordOf(line);
    if (typeof record === "string") return this.#fault(record);
    if (envelope.prevHash === this.#chain.lastHash) {
      if (record !== null) this.#repairs.take(record, this.#chain.size);
      this.#chain.extend(line);
      return null;
    }
    if (this.#chain.size === 0) return this.#fault("the prev_hash of the first line is not zero");
    if (this.#provenSize === this.#chain.size) return this.#linkFault();
    this.#unlinked = Buffer.from(line);
    return null;
  }

  /** The record of a line, or what is wrong with it; null when it need not be looked at. */
  #recordOf(line: Buffer): JsonObject | string | null {
    if (this.#chain.size === 0) {
      const genesis = readGenesisLine(line);
      if (typeof genesis === "string") return genesis;
      this.#genesis = genesis;
      return null;
    }
    if (this.#contents === "unsigned" && this.#due !== null && this.#due.peek() !== null) return null;
    const record = readRecord(line);
    if (typeof record === "string") return record;
    if (record["kind"] === reservedKinds[0]) return "it is a second genesis record";
    return this.#checkRecord?.(record) ?? record;
  }

  /** Compares the tree with every checkpoint of its present size. */
  async compareCheckpoints(): Promise<LineFault | null> {
    if (this.#genesis !== null) this.#due ??= await this.#checkpointsOf(this.#genesis);
    const size = this.#chain.size;
    for (let due = this.#due?.peek(); due && due.size <= size; due = this.#due?.peek()) {
      if (due.size === size && !due.root.equals(this.#chain.root())) return this.#rootFault(size);
      if (due.size === size) {
        this.#provenSize = size;
        this.#provenBytes = this.#chain.byteLength;
        this.#repairs.settle(size);
      }
      await this.#due?.advance();
    }
    return null;
  }

  /** What can be said once there are no more lines; `torn` when bytes without a line feed follow. */
  end(torn: boolean): LineFault | null {
    if (this.#unlinked !== null) return this.#whichOfTwo(this.#unlinked, null);
    if (this.#genesis === null) return this.#fault(torn ? "it is not complete" : "the file is empty");
    const signedSize = this.#due?.peek()?.size ?? 0;
    if (signedSize <= this.#chain.size) return null;
    const what = torn ? "it is cut off" : "it is missing";
    return this.#fault(`${what}: a signed checkpoint covers ${signedSize} ${signedSize === 1 ? "line" : "lines"}`);
  }

  #whichOfTwo(unlinked: Buffer, successor: Buffer | null): LineFault {
    const mended = withPrevHash(unlinked, this.#chain.lastHash);
    const due = this.#due?.peek();
    if (successor !== null) {
      const envelope = readEnvelope(successor);
      const vouchedFor = typeof envelope === "string" ? null : envelope.prevHash;
      if (leafHash(mended).toString("hex") === vouchedFor) return this.#linkFault();
    }
    if (due?.size === this.#chain.size + 1 && due.root.equals(this.#chain.rootWith(mended))) return this.#linkFault();
    return {
      line: this.#chain.size,
      seq: this.#chain.size - 1,
      reason: `line ${this.#chain.size + 1} links to other bytes than these`,
      earliestLine: this.#chain.size,
      offset: this.#chain.lastLineStart,
    };
  }

  #linkFault(): LineFault {
    return this.#fault("its prev_hash is not the hash of the line before it");
  }

  #rootFault(size: number): LineFault {
    const earliestLine = this.#provenSize + 1;
    const others = earliestLine < size ? `, perhaps together with others from line ${earliestLine} on` : "";
    return {
      line: size,
      seq: size - 1,
      reason: `the root that was signed over ${size} ${size === 1 ? "line" : "lines"} does not fit: it was changed${others}`,
      earliestLine,
      offset: this.#chain.lastLineStart,
    };
  }

  /** A fault of the line that comes next. */
  #fault(reason: string): LineFault {
    const line = this.#chain.size + 1;
    return { line, seq: this.#chain.size, reason, earliestLine: line, offset: this.#chain.byteLength };
  }
}
