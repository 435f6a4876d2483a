import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { smallFileSystem, whereMountable } from "../support/small-file-system.ts";
import { diskError, interceptDisk, interceptNext } from "./disk-faults.ts";
import { linesOf, options, recordsOf, stateOf, whole, writtenLedger } from "./ledger-folder.ts";

// Where mounting is not allowed, the limit on file sizes stands in for the full disk (ledger-crash.test.ts).
whereMountable(() => {
  test("a full file system is an error to those who append, and the ledger stays whole and goes on when there is room", async () => {
    const folder = smallFileSystem();
    const path = await writtenLedger(0, join(folder, "carbon.ndjson"));
    const ledger = await Ledger.open(path, options);
    const text = "x".repeat(5000);
    const outcomes = [];
    for (let index = 0; index < 80; index += 1) {
      outcomes.push(...(await Promise.allSettled([ledger.append({ kind: "test", index, text })])));
    }
    const written = outcomes.filter(({ status }) => status === "fulfilled").length;
    expect(written).toBeGreaterThan(10);
    expect(outcomes.at(-1)).toMatchObject({ status: "rejected", reason: { code: "LEDGER_WRITE_FAILED" } });
    await ledger.close().catch(() => undefined);
    expect(await stateOf(path)).toEqual(whole(written + 1));
    execFileSync("mount", ["-o", "remount,size=1m", folder]);
    await using reopened = await Ledger.open(path, options);
    expect((await reopened.append({ kind: "test" })).seq).toBe(written + 1);
    expect(await stateOf(path)).toEqual(whole(written + 2));
  });

  test("a file system that is read-only is said before anything is done", async () => {
    const folder = smallFileSystem();
    const path = await writtenLedger(1, join(folder, "carbon.ndjson"));
    execFileSync("mount", ["-o", "remount,ro", folder]);
    await expect(Ledger.open(path, options)).rejects.toMatchObject({ code: "LEDGER_UNWRITABLE" });
    expect(linesOf(path)).toHaveLength(2);
  });
});

test("a ledger that turns into a symbolic link while it is open is not written to any more", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  renameSync(path, `${path}.moved`);
  symlinkSync(`${path}.moved`, path);
  const before = readFileSync(`${path}.moved`);
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "LEDGER_REPLACED" });
  await ledger.close().catch(() => undefined);
  expect(readFileSync(`${path}.moved`)).toEqual(before);
  await expect(Ledger.open(path, options)).rejects.toMatchObject({ code: "LEDGER_NOT_A_FILE" });
});

test("a history that turns into a symbolic link is not written through", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  await ledger.append({ kind: "test" });
  renameSync(`${path}.checkpoints`, `${path}.moved`);
  symlinkSync(`${path}.moved`, `${path}.checkpoints`);
  const before = readFileSync(`${path}.moved`);
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: expect.stringMatching(/^LEDGER_/) });
  await ledger.close().catch(() => undefined);
  expect(readFileSync(`${path}.moved`)).toEqual(before);
});

test("two ledgers with one key are two ledgers: a checkpoint of the other one is refused", async () => {
  const path = await writtenLedger(1);
  const other = await writtenLedger(1);
  copyFileSync(`${other}.checkpoint`, `${path}.checkpoint`);
  const before = readFileSync(path);
  await expect(Ledger.open(path, options)).rejects.toMatchObject({
    code: "LEDGER_INVALID",
    message: expect.stringContaining("belongs to another ledger"),
  });
  expect(readFileSync(path)).toEqual(before);
});

test("a foreign checkpoint at the end of the history is refused, though the same key signed it", async () => {
  const path = await writtenLedger(1);
  const other = await writtenLedger(5);
  await using ledger = await Ledger.open(path, options);
  writeFileSync(
    `${path}.checkpoints`,
    Buffer.concat([readFileSync(`${path}.checkpoints`), readFileSync(`${other}.checkpoint`), Buffer.from("\n")]),
  );
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "LEDGER_INVALID" });
  expect(linesOf(path)).toHaveLength(2);
});

test("a ledger whose files were all replaced by an older copy of them is not written on by who knew the newer one", async () => {
  const path = await writtenLedger(1);
  const endings = ["", ".checkpoint", ".checkpoints"];
  const older = endings.map((ending) => readFileSync(path + ending));
  await using ledger = await Ledger.open(path, options);
  await ledger.append({ kind: "test" });
  for (const [index, ending] of endings.entries()) writeFileSync(path + ending, older[index] ?? "");
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "LEDGER_REPLACED" });
  expect(linesOf(path)).toHaveLength(2);
});

test("an append that does not wait for the disk is in the file when it returns, and signed when the ledger is closed", async () => {
  const path = await writtenLedger(0);
  const ledger = await Ledger.open(path, { ...options, durability: "os" });
  const line = await ledger.append({ kind: "test" });
  expect(recordsOf(path)[line.seq]).toEqual({ kind: "test" });
  await ledger.close();
  expect(await stateOf(path)).toEqual(whole(2));
});

test("a sync that fails later is said when a ledger that does not wait for the disk is closed, and nothing is signed over it", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, { ...options, durability: "os" });
  await interceptNext("datasync", () => Promise.reject(diskError("EIO")));
  await ledger.append({ kind: "test" });
  await expect(ledger.close()).rejects.toMatchObject({ code: "LEDGER_POISONED" });
  expect(readFileSync(`${path}.checkpoints`, "utf8")).not.toContain("\n3\n");
});

test("no checkpoint can be seen before the lines under it are on the disk", async () => {
  const path = await writtenLedger(1);
  await using ledger = await Ledger.open(path, options);
  const seen: string[] = [];
  await interceptDisk(["datasync"], async ({ run }) => {
    const lengths = ["", ".checkpoints"].map((ending) => statSync(path + ending).size);
    await run();
    seen.push(lengths.join(" "));
  });
  const before = statSync(`${path}.checkpoints`).size;
  await ledger.append({ kind: "test" });
  // At the first sync, that of the line, the line is there and its checkpoint is not.
  expect(seen[0]).toBe(`${statSync(path).size} ${before}`);
});

test("a lock that somebody removes is not the lock any more", async () => {
  const path = await writtenLedger(0);
  await using ledger = await Ledger.open(path, options);
  rmSync(`${path}.lock`);
  await ledger.append({ kind: "test" });
  expect(statSync(`${path}.lock`).isFile()).toBe(true);
});
