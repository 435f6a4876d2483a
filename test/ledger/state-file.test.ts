import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { signCheckpoint } from "../../src/ledger/checkpoint.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { moveState, readState } from "../../src/ledger/state-file.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { verifySegments } from "../../src/ledger/verify-segments.ts";
import { temporaryDirectory } from "../support/program.ts";
import { options, signer, vkey, writtenLedger } from "./ledger-folder.ts";

const statePath = (): string => join(temporaryDirectory(), "state");
const noteOf = async (size: number, origin = "o"): Promise<string> =>
  await signCheckpoint({ origin, size, root: Buffer.alloc(32, size) }, signer);

/** The newest checkpoint of a ledger that was found to hold. */
async function newestOf(path: string): Promise<Buffer> {
  const { newestCheckpoint } = await verifyLedger(path, { keys: [vkey] });
  return Buffer.from(newestCheckpoint ?? "");
}

test("what is to be remembered of a ledger is its newest checkpoint, as it was signed", async () => {
  const path = await writtenLedger(3);
  expect((await newestOf(path)).equals(readFileSync(`${path}.checkpoint`))).toBe(true);
});

test("nothing is worth remembering of a ledger whose author nothing vouches for", async () => {
  expect((await verifyLedger(await writtenLedger(2))).newestCheckpoint).toBeNull();
});

test("a ledger that has grown goes on from what is remembered", async () => {
  const path = await writtenLedger(2);
  const remembered = await newestOf(path);
  const ledger = await Ledger.open(path, options);
  await ledger.append({ kind: "test" });
  await ledger.close();
  expect(await verifyLedger(path, { keys: [vkey], remembered })).toMatchObject({ valid: true, signedUpTo: 4 });
});

test("a ledger that was rolled back with everything beside it is refused", async () => {
  const path = await writtenLedger(3);
  const older = await writtenLedger(3);
  for (const end of ["", ".checkpoint", ".checkpoints"]) copyFileSync(path + end, older + end);
  const ledger = await Ledger.open(path, options);
  await ledger.append({ kind: "test" });
  await ledger.close();
  const remembered = await newestOf(path);
  expect(await verifyLedger(older, { keys: [vkey], remembered })).toMatchObject({
    valid: false,
    firstBadLine: { line: 5, reason: expect.stringContaining("missing") },
  });
});

test("a fork that the key's holder has signed is refused", async () => {
  const path = await writtenLedger(2);
  const fork = await writtenLedger(0);
  for (const end of ["", ".checkpoint", ".checkpoints"]) copyFileSync(path + end, fork + end);
  const states: Buffer[] = [];
  for (const [ledgerPath, n] of [
    [path, 1],
    [fork, 2],
  ] as const) {
    const ledger = await Ledger.open(ledgerPath, options);
    await ledger.append({ kind: "test", n });
    await ledger.close();
    states.push(await newestOf(ledgerPath));
  }
  const [remembered = Buffer.alloc(0)] = states;
  expect(await verifyLedger(fork, { keys: [vkey], remembered })).toMatchObject({
    valid: false,
    firstBadLine: { line: 4, reason: expect.stringContaining("root") },
  });
});

test("a state that was edited, or is another ledger's, vouches for nothing", async () => {
  const path = await writtenLedger(2);
  const edited = Buffer.from((await newestOf(path)).toString("utf8").replace("\n3\n", "\n2\n"));
  for (const remembered of [edited, await newestOf(await writtenLedger(2))]) {
    const { valid, checkpoints } = await verifyLedger(path, { keys: [vkey], remembered });
    expect([valid, checkpoints.problems[0]?.file]).toEqual([false, "the remembered state"]);
  }
});

test("what is remembered of a segment holds after the ledger has gone on in others", async () => {
  const path = await writtenLedger(2);
  const remembered = await newestOf(path);
  const ledger = await Ledger.open(path, options);
  await ledger.rotate();
  await ledger.append({ kind: "test" });
  await ledger.close();
  const segments = await verifySegments(path, { keys: [vkey], remembered });
  expect(segments.map(({ valid }) => valid)).toEqual([true, true]);
});

test("a sealed segment can be named itself, and is verified with those before it", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  for (let round = 0; round < 2; round += 1) {
    await ledger.rotate();
    await ledger.append({ kind: "test" });
  }
  await ledger.close();
  const segments = await verifySegments(`${path}.000002`, { keys: [vkey] });
  expect(segments).toMatchObject([
    { segment: 1, valid: true },
    { segment: 2, valid: true, linkProblem: null },
  ]);
});

test("a state is made, moves forward, and is whole at every moment", async () => {
  const path = statePath();
  const [small, large] = [await noteOf(3), await noteOf(5)];
  expect(await readState(path)).toBeNull();
  expect(await moveState(path, null, small, systemClock)).toBe(true);
  expect(await moveState(path, Buffer.from(small), large, systemClock)).toBe(true);
  expect((await readState(path))?.toString("utf8")).toBe(large);
  expect(await moveState(path, Buffer.from(large), large, systemClock)).toBe(false);
});

test("a verifier that was slower than another one does not take the state back", async () => {
  const path = statePath();
  const [small, middle, large] = [await noteOf(3), await noteOf(4), await noteOf(5)];
  writeFileSync(path, large);
  expect(await moveState(path, Buffer.from(small), middle, systemClock)).toBe(false);
  expect(await moveState(path, null, middle, systemClock)).toBe(false);
  expect(readFileSync(path, "utf8")).toBe(large);
});

test("a state that cannot be written is said to be so", async () => {
  const path = join(temporaryDirectory(), "none", "state");
  await expect(moveState(path, null, await noteOf(3), systemClock)).rejects.toMatchObject({
    code: "LEDGER_UNWRITABLE",
  });
});

test("a state in a directory that does not exist is refused in words about the state", async () => {
  const path = join(temporaryDirectory(), "missing/state");
  await expect(moveState(path, null, await noteOf(1), systemClock)).rejects.toMatchObject({
    code: "LEDGER_UNWRITABLE",
    message: expect.stringContaining(`The state ${path} cannot be written (its directory does not exist)`),
  });
});
