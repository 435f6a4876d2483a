import type { FileHandle } from "node:fs/promises";
import { CarbonOpsError } from "../errors.ts";
import { AppendIds, type IdentifiedLine } from "./append-ids.ts";
import { readPart } from "./checkpoint-files.ts";
import { readChunks } from "./ledger-files.ts";
import { openSealedIfAny } from "./segment-paths.ts";
import { sealedPath } from "./segments.ts";
import { isGzip, uncompressed } from "./uncompressed.ts";

/** Up to where a segment was read for ids. */
interface ReadPlace {
  readonly segment: number;
  readonly bytes: number;
}

interface Gap {
  readonly place: ReadPlace;
  readonly why: CarbonOpsError;
}

/**
 * Which ids stand in a ledger, as far as a writer looks: in its segment and in the one before it, since a record may be repeated
 * just after a rotation. What this process has read before those it remembers as well.
 */
export class KnownIds {
  readonly #ledger: string;
  readonly #index = new AppendIds();
  /** Null before the first look. */
  #place: ReadPlace | null = null;
  /** From where on the segment before this one could not be read, and why. */
  #gap: Gap | null = null;

  constructor(ledger: string) {
    this.#ledger = ledger;
  }

  add(id: string, line: IdentifiedLine): void {
    this.#index.add(id, line);
  }

  /** Throws where it may stand in a segment that cannot be read: LEDGER_NOT_FOUND, LEDGER_UNREADABLE, LEDGER_NOT_A_FILE. */
  lineOf(id: string): IdentifiedLine | undefined {
    const line = this.#index.lineOf(id);
    if (line === undefined && this.#gap !== null) throw this.#gap.why;
    return line;
  }

  /** Reads what was not read yet, up to this end of the segment that is open. */
  async learn(handle: FileHandle, segment: number, end: number): Promise<void> {
    const isFollowed = this.#place?.segment === segment;
    const unread = this.#gap?.place ?? this.#place ?? { segment: Math.max(1, segment - 1), bytes: 0 };
    let gap: Gap | null = null;
    for (let place = unread; place.segment < segment; place = { segment: place.segment + 1, bytes: 0 }) {
      const why = await this.#readSealed(place);
      if (why !== null && place.segment === segment - 1) gap = { place, why };
    }
    const start = isFollowed ? (this.#place?.bytes ?? 0) : 0;
    await this.#index.read(readChunks(handle, start, end), segment);
    this.#gap = gap;
    this.#place = { segment, bytes: end };
  }

  /** Own lines were added, and their ids with them. */
  advance(segment: number, from: number, to: number): void {
    if (this.#isAt(segment, from)) this.#place = { segment, bytes: to };
  }

  /** Of a segment that was read to its end nothing is left to be read once it is sealed. */
  sealed(segment: number, end: number): void {
    if (this.#isAt(segment, end)) this.#place = { segment: segment + 1, bytes: 0 };
  }

  #isAt(segment: number, bytes: number): boolean {
    return this.#place?.segment === segment && this.#place.bytes === bytes;
  }

  /** Null, or why the rest of a complete segment cannot be known. */
  async #readSealed({ segment, bytes }: ReadPlace): Promise<CarbonOpsError | null> {
    const sealed = sealedPath(this.#ledger, segment);
    try {
      const handle = await openSealedIfAny(this.#ledger, segment);
      if (handle === null) return idsUnknown("LEDGER_NOT_FOUND", sealed, "is missing");
      try {
        await this.#index.read(await chunksFrom(handle, bytes), segment);
        return null;
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (!(error instanceof CarbonOpsError)) throw error;
      return idsUnknown(error.code, sealed, `cannot be read (${error.message.replace(/\.$/, "")})`, error);
    }
  }
}

/** What is compressed has no offsets: it is read from its beginning, and ids that were known are known still. */
async function chunksFrom(handle: FileHandle, start: number): Promise<AsyncIterable<Uint8Array>> {
  return isGzip(await readPart(handle, 0, 2)) ? uncompressed(readChunks(handle)) : readChunks(handle, start);
}

function idsUnknown(code: CarbonOpsError["code"], sealed: string, why: string, cause?: CarbonOpsError): CarbonOpsError {
  return new CarbonOpsError(
    code,
    `The record was not written, because a record with its id may stand in the segment before, ${sealed}, which ${why}; put that file back (as .gz will do), or append without an id.`,
    cause === undefined ? {} : { cause },
  );
}
