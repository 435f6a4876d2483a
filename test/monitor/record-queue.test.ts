import { expect, test } from "vitest";
import { CarbonOpsError, type ErrorCode } from "../../src/errors.ts";
import type { JsonObject } from "../../src/ledger/canonical-json.ts";
import type { Recorder } from "../../src/ledger/recorder.ts";
import { RecordQueue } from "../../src/monitor/record-queue.ts";
import { manualClock } from "../support/manual-clock.ts";

interface QueueBench {
  readonly queue: RecordQueue;
  /** What the ledger has taken. */
  readonly written: JsonObject[];
  /** What the next appends, or the next opening, fail with. */
  readonly failing: { append: ErrorCode | null; open: ErrorCode | null };
  readonly openings: { count: number };
  /** Keeps appends waiting after what they wrote, until the answer is called. */
  readonly hold: () => () => void;
}

function failure(code: ErrorCode): CarbonOpsError {
  return new CarbonOpsError(code, `It fails with ${code}.`);
}

/** A queue before a ledger that fails when it is told to. */
function queueBench(): QueueBench {
  const written: JsonObject[] = [];
  const failing: QueueBench["failing"] = { append: null, open: null };
  const openings = { count: 0 };
  let held: Promise<void> = Promise.resolve();
  const recorder: Recorder = {
    append: async (record) => {
      if (failing.append !== null) throw failure(failing.append);
      written.push(record);
      await held;
      return { path: "a.ndjson", seq: written.length, lineHash: "" };
    },
    close: async () => undefined,
  };
  const queue = new RecordQueue({
    path: "a.ndjson",
    clock: manualClock(),
    writer: "The process 7 of host a",
    open: async () => {
      openings.count += 1;
      if (failing.open !== null) throw failure(failing.open);
      return recorder;
    },
  });
  const hold = (): (() => void) => {
    let letGo = (): void => undefined;
    held = new Promise((resolve) => {
      letGo = resolve;
    });
    return () => letGo();
  };
  return { queue, written, failing, openings, hold };
}

function numbered(index: number) {
  return async () => ({ kind: "test", index });
}

test("records are written in the order in which they were added", async () => {
  const { queue, written } = queueBench();
  for (let index = 0; index < 300; index += 1) queue.add(numbered(index));
  await queue.flush();
  expect(written.map(({ index }) => index)).toEqual(Array.from({ length: 300 }, (_, index) => index));
  expect(queue.problems).toEqual([]);
});

test.each<ErrorCode>(["LEDGER_WRITE_FAILED", "LEDGER_LOCKED", "LEDGER_UNWRITABLE"])(
  "after %s nothing is lost: `problems` says so, and a later attempt writes it",
  async (code) => {
    const { queue, written, failing } = queueBench();
    failing.append = code;
    queue.add(numbered(1));
    await queue.flush();
    expect(queue.problems).toEqual([`It fails with ${code}. (1 record waits for a.ndjson.)`]);
    failing.append = null;
    queue.add(numbered(2));
    await queue.flush();
    expect(written.map(({ index }) => index)).toEqual([1, 2]);
    expect(queue.problems).toEqual([]);
  },
);

test("a ledger that cannot be opened, since its key is missing, is opened later", async () => {
  const { queue, written, failing } = queueBench();
  failing.open = "KEY_UNREADABLE";
  queue.add(numbered(1));
  await queue.flush();
  expect(queue.problems).toEqual(["It fails with KEY_UNREADABLE. (1 record waits for a.ndjson.)"]);
  failing.open = null;
  await queue.flush();
  expect(written).toMatchObject([{ index: 1 }]);
});

test("what can never be written is counted by its reason, and a note says so", async () => {
  const { queue, written, failing } = queueBench();
  failing.append = "RECORD_INVALID";
  queue.add(numbered(1));
  queue.add(numbered(2));
  queue.add(async () => Promise.reject(new Error("no energy was read")));
  // The note cannot be written either.
  await queue.flush();
  expect(queue.problems).toContain(
    "3 records were not written to a.ndjson; a note there will say why, once the ledger takes one.",
  );
  failing.append = null;
  await queue.flush();
  expect(written).toMatchObject([
    {
      kind: "note",
      text: "The process 7 of host a did not write 3 records between 1970-01-01T00:00:01.000Z and 1970-01-01T00:00:01.000Z: 1 (no energy was read), 2 (it does not fit: It fails with RECORD_INVALID).",
    },
  ]);
  expect(queue.problems).toEqual(["3 records were not written to a.ndjson; a note there says why."]);
});

test("after a failed sync nobody knows whether a record is there: it is not written twice, and those behind it are not lost", async () => {
  const { queue, written, failing, openings } = queueBench();
  failing.append = "LEDGER_POISONED";
  queue.add(numbered(1));
  await queue.flush();
  failing.append = null;
  queue.add(numbered(2));
  await queue.flush();
  expect(written).toMatchObject([
    { index: 2 },
    { kind: "note", text: expect.stringContaining("1 (nobody knows whether it reached the disk)") },
  ]);
  expect(openings.count).toBe(2);
});

test("a full queue takes nothing more, and the note has the number of what it did not take", async () => {
  const { queue, written, failing } = queueBench();
  failing.open = "LEDGER_UNWRITABLE";
  for (let index = 0; index < 2500; index += 1) queue.add(numbered(index));
  failing.open = null;
  await queue.flush();
  await queue.flush();
  expect(written).toHaveLength(2001);
  expect(written.at(-1)).toMatchObject({
    kind: "note",
    text: expect.stringContaining("did not write 500 records"),
  });
});

test("what is dropped while a note is being written is in the next one", async () => {
  const { queue, written, hold } = queueBench();
  queue.drop("it was early");
  const letGo = hold();
  const flushed = queue.flush();
  await expect.poll(() => written.length).toBe(1);
  queue.drop("it was early");
  letGo();
  await flushed;
  await queue.flush();
  expect(written.map(({ text }) => text)).toEqual([
    expect.stringContaining("did not write 1 record "),
    expect.stringContaining("did not write 1 record "),
  ]);
});

test("however many reasons there are, a note stays short", async () => {
  const { queue, written } = queueBench();
  for (let index = 0; index < 1000; index += 1) queue.drop(`of reason ${index}`);
  await queue.flush();
  expect(written).toMatchObject([{ text: expect.stringContaining("980 (other reasons)") }]);
});

test("closing tries once more; what is left then is counted, and nothing goes on in the background", async () => {
  const { queue, failing, openings } = queueBench();
  failing.open = "LEDGER_LOCKED";
  queue.add(numbered(1));
  await queue.close();
  expect(queue.problems).toEqual([
    "It fails with LEDGER_LOCKED.",
    "1 record was not written to a.ndjson; the ledger has no note of these: 1 (the application ended).",
  ]);
  expect(openings.count).toBeLessThanOrEqual(2);
});
