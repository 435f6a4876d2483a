import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { loadOrCreateSigningKey } from "../../src/ledger/signing-key.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { temporaryDirectory } from "../support/program.ts";
import { recordsOf } from "./ledger-folder.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Processes need JavaScript: the ledger's sources are compiled once, into a folder of their own. */
let compiled = "";

beforeAll(() => {
  compiled = mkdtempSync(join(tmpdir(), "carbon-ops-ledger-"));
  const configuration = {
    extends: join(repository, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      rootDir: join(repository, "src"),
      outDir: join(compiled, "out"),
      typeRoots: [join(repository, "node_modules/@types")],
    },
    include: [],
    files: [join(repository, "src/ledger/index.ts")],
  };
  writeFileSync(join(compiled, "tsconfig.json"), JSON.stringify(configuration));
  writeFileSync(join(compiled, "package.json"), '{"type":"module"}');
  writeFileSync(join(compiled, "writer.js"), writerProgram);
  execFileSync(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", compiled]);
});

afterAll(() => rmSync(compiled, { recursive: true, force: true }));

/** Appends `count` records in groups, and prints the name of each one as soon as its append has returned. */
const writerProgram = `
import { writeSync } from "node:fs";
import { Ledger, loadSigningKey } from "./out/ledger/index.js";
const [path, keyPath, name, count, group, padding] = process.argv.slice(2);
const { signer } = await loadSigningKey(keyPath);
const ledger = await Ledger.open(path, { signer });
const text = "x".repeat(Number(padding));
try {
  for (let index = 0; index < Number(count); index += Number(group)) {
    await Promise.all(Array.from({ length: Number(group) }, async (_, offset) => {
      const id = name + "-" + (index + offset);
      await ledger.append({ kind: "test", id, text });
      writeSync(1, id + "\\n");
    }));
  }
} catch (error) {
  writeSync(2, String(error.code));
  process.exitCode = 1;
}
await ledger.close();
`;

interface WriterOptions {
  readonly name: string;
  readonly count: number;
  readonly group: number;
  readonly padding?: number;
  /** Limit on file sizes in blocks of 512 bytes. */
  readonly blocks?: number;
}

interface Folder {
  readonly path: string;
  readonly keyPath: string;
  readonly key: string;
}

async function newFolder(): Promise<Folder> {
  const folder = temporaryDirectory();
  const keyPath = join(folder, "ledger.key");
  const { signer, verifierKey } = await loadOrCreateSigningKey(keyPath);
  mkdirSync(join(folder, "data"));
  const path = join(folder, "data", "carbon.ndjson");
  await (await Ledger.create(path, { signer })).close();
  return { path, keyPath, key: verifierKey };
}

function startWriter(
  { path, keyPath }: Folder,
  { name, count, group, padding = 0, blocks }: WriterOptions,
): ChildProcess {
  const program = [process.execPath, join(compiled, "writer.js"), path, keyPath, name, count, group, padding].map(
    String,
  );
  const limit = blocks === undefined ? "" : `ulimit -f ${blocks}; `;
  return spawn("/bin/sh", ["-c", `${limit}exec "$@"`, "sh", ...program], { stdio: ["ignore", "pipe", "pipe"] });
}

interface WriterEnd {
  readonly acknowledged: readonly string[];
  readonly errors: string;
  readonly status: number | null;
}

async function endOf(writer: ChildProcess): Promise<WriterEnd> {
  let output = "";
  let errors = "";
  writer.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  writer.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve) => {
    writer.once("close", resolve);
  });
  return { acknowledged: output.split("\n").filter((line) => line !== ""), errors, status };
}

async function reopened({ path, keyPath }: Folder): Promise<Ledger> {
  return await Ledger.open(path, { signer: (await loadOrCreateSigningKey(keyPath)).signer });
}

const idsOf = (path: string): unknown[] =>
  recordsOf(path)
    .filter(({ kind }) => kind === "test")
    .map(({ id }) => id);

test("eight processes that append at the same time make one valid chain of all their records", async () => {
  const folder = await newFolder();
  const writers = Array.from({ length: 8 }, (_, writer) =>
    startWriter(folder, { name: `w${writer}`, count: 50, group: 5 }),
  );
  const ends = await Promise.all(writers.map(endOf));
  const acknowledged = ends.flatMap((end) => end.acknowledged);
  expect(ends.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 0));
  expect(new Set(idsOf(folder.path))).toEqual(new Set(acknowledged));
  expect(acknowledged).toHaveLength(400);
  expect(await verifyLedger(folder.path, { keys: [folder.key] })).toMatchObject({
    valid: true,
    lines: 401,
    unsignedLines: 0,
  });
});

test("a writer that is killed at any instant loses nothing that it acknowledged, and the next one goes on", async () => {
  const folder = await newFolder();
  const acknowledged: string[] = [];
  for (let round = 0; round < 8; round += 1) {
    const writer = startWriter(folder, {
      name: `r${round}`,
      count: 100_000,
      group: 1 + (round % 3) * 20,
      padding: round * 900,
    });
    writer.stdout?.once("data", () => {
      setTimeout(() => writer.kill("SIGKILL"), Math.random() * 40);
    });
    acknowledged.push(...(await endOf(writer)).acknowledged);
    const findings = await verifyLedger(folder.path, { keys: [folder.key] });
    expect(findings).toMatchObject({ valid: true, firstBadLine: null });
  }
  await (await reopened(folder)).close();
  const ids = idsOf(folder.path);
  expect(new Set(ids).size).toBe(ids.length);
  expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThanOrEqual(8);
  expect(await verifyLedger(folder.path, { keys: [folder.key] })).toMatchObject({
    valid: true,
    unsignedLines: 0,
    tornTail: null,
  });
});

test("a writer that is killed among others does not stop them", async () => {
  const folder = await newFolder();
  const victim = startWriter(folder, { name: "victim", count: 100_000, group: 10 });
  const others = ["a", "b"].map((name) => startWriter(folder, { name, count: 60, group: 3 }));
  victim.stdout?.once("data", () => {
    setTimeout(() => victim.kill("SIGKILL"), Math.random() * 100);
  });
  const ends = await Promise.all([victim, ...others].map(endOf));
  await (await reopened(folder)).close();
  const ids = idsOf(folder.path);
  expect(ends.flatMap((end) => end.acknowledged).filter((id) => !ids.includes(id))).toEqual([]);
  expect(ends.slice(1).map((end) => end.acknowledged.length)).toEqual([60, 60]);
  expect(await verifyLedger(folder.path, { keys: [folder.key] })).toMatchObject({ valid: true, unsignedLines: 0 });
});

test("a file that may not grow any more is an error to the writer, and the ledger stays whole", async () => {
  const folder = await newFolder();
  const end = await endOf(startWriter(folder, { name: "big", count: 1000, group: 1, padding: 1000, blocks: 40 }));
  expect(end).toMatchObject({ status: 1, errors: "LEDGER_WRITE_FAILED" });
  expect(idsOf(folder.path)).toEqual(end.acknowledged);
  expect(end.acknowledged.length).toBeGreaterThan(5);
  expect(readFileSync(folder.path).length).toBeLessThan(40 * 512);
  const findings = await verifyLedger(folder.path, { keys: [folder.key] });
  expect(findings).toMatchObject({ valid: true, unsignedLines: 0, tornTail: null });
});

test("a writer that was stopped while it held the lock still holds it, and goes on when it is continued", async () => {
  const folder = await newFolder();
  const stopped = startWriter(folder, { name: "stopped", count: 100_000, group: 1 });
  await new Promise((resolve) => {
    stopped.stdout?.once("data", resolve);
  });
  const ended = endOf(stopped);
  // At some instants no lock is held: then the other one writes, and it is stopped again.
  const { signer } = await loadOrCreateSigningKey(folder.keyPath);
  const impatient = { signer, lockWaitSeconds: 0.3 };
  const refusals: unknown[] = [];
  for (let attempt = 0; attempt < 50 && refusals.length === 0; attempt += 1) {
    stopped.kill("SIGSTOP");
    const length = readFileSync(folder.path).length;
    const opened = await Ledger.open(folder.path, impatient).catch((error: unknown) => error);
    if (opened instanceof Ledger) await opened.close();
    else refusals.push({ error: opened, grownBytes: readFileSync(folder.path).length - length });
    stopped.kill("SIGCONT");
    await new Promise((resolve) => {
      setTimeout(resolve, 5 + Math.random() * 20);
    });
  }
  stopped.kill("SIGKILL");
  const { acknowledged } = await ended;
  expect(refusals).toMatchObject([{ error: { code: "LEDGER_LOCKED" }, grownBytes: 0 }]);
  await (await reopened(folder)).close();
  expect(acknowledged.filter((id) => !idsOf(folder.path).includes(id))).toEqual([]);
  expect(await verifyLedger(folder.path, { keys: [folder.key] })).toMatchObject({ valid: true, unsignedLines: 0 });
});
