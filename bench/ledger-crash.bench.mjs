import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Ledger, loadOrCreateSigningKey, verifyLedger } from "../dist/ledger/index.js";

/**
 * Four writers on one ledger, killed at random instants, again and again; one writer that is killed in the middle of a write,
 * so that a part of a line or of a checkpoint stays; then one writer whose system calls fail or kill it, one after the other
 * (where strace is installed). After each round every record whose append had returned must be there once and in order, what
 * was torn must stand in a file that a repair record names, and the ledger must verify. Ends with 1 when it is not so.
 *
 * node bench/ledger-crash.bench.mjs [--kills 1000] [--torn 100] [--no-faults]
 */
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "1000" },
    torn: { type: "string", default: "100" },
    "no-faults": { type: "boolean", default: false },
  },
});
const writerProgram = fileURLToPath(new URL("ledger-writer.mjs", import.meta.url));
const writersAtOnce = 4;
const roundsPerLedger = 20;
const folder = mkdtempSync(join(tmpdir(), "carbon-ops-ledger-crash-"));
const keyPath = join(folder, "ledger.key");
const { signer, verifierKey } = await loadOrCreateSigningKey(keyPath);
const broken = [];

try {
  await killWriters(Number(values.kills));
  await tearTails(Number(values.torn));
  if (!values["no-faults"]) {
    await tearAtLimit();
    await injectFaults();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const what of broken.slice(0, 20)) console.log(`  BROKEN: ${what}`);
console.log(broken.length === 0 ? "every promise kept" : `${broken.length} promises broken`);
if (broken.length > 0) process.exitCode = 1;

async function killWriters(kills) {
  const startMs = performance.now();
  const seen = { kills: 0, acknowledged: 0, lines: 0, repairs: 0, adoptedLines: 0, tornTails: 0 };
  for (let ledger = 0; seen.kills < kills; ledger += 1) {
    const place = await newLedger(`kills-${ledger}`);
    const acknowledged = [];
    for (let round = 0; round < roundsPerLedger && seen.kills < kills; round += 1) {
      const writers = Array.from({ length: writersAtOnce }, (_, writer) => {
        const group = [1, 1, 7, 40][(round + writer) % writersAtOnce];
        return killedWriter(place, `r${round}w${writer}`, group);
      });
      acknowledged.push(...(await Promise.all(writers)));
      seen.kills += writersAtOnce;
      const { valid, firstBadLine, tornTail } = await verifyLedger(place.path, { keys: [verifierKey] });
      if (!valid) broken.push(`round ${round} of ledger ${ledger}: not valid, ${JSON.stringify(firstBadLine)}`);
      if (tornTail !== null) seen.tornTails += 1;
    }
    const verdict = await settled(place, acknowledged, `ledger ${ledger}`);
    seen.acknowledged += acknowledged.reduce((sum, ids) => sum + ids.length, 0);
    seen.lines += verdict.lines;
    seen.repairs += verdict.repairCount;
    seen.adoptedLines += verdict.adoptedLines;
    rmSync(place.directory, { recursive: true });
  }
  console.log(
    `${seen.kills} kills of ${writersAtOnce} writers, ${((performance.now() - startMs) / 1000).toFixed(0)} s`,
  );
  console.log(`  ${seen.acknowledged} appends had returned, ${seen.lines} lines stand in the ledgers`);
  console.log(
    `  ${seen.tornTails} torn tails were seen, ${seen.repairs} repairs recorded, ${seen.adoptedLines} lines signed later`,
  );
}

async function newLedger(name) {
  const directory = join(folder, name);
  mkdirSync(directory);
  const path = join(directory, "carbon.ndjson");
  await (await Ledger.create(path, { signer })).close();
  return { directory, path };
}

/** The ids of the appends that had returned when it was killed. Some are killed while they start. */
function killedWriter({ path }, name, group) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writerProgram, path, keyPath, name, "1000000", String(group)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    const kill = () => child.kill("SIGKILL");
    const latest = setTimeout(kill, 5000);
    if (Math.random() < 0.1) setTimeout(kill, Math.random() * 300);
    child.stdout.once("data", () => setTimeout(kill, Math.random() * 120));
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(latest);
      resolve(output.split("\n").slice(0, -1));
    });
  });
}

/** Opens the ledger as the next writer would, and looks whether all is there. */
async function settled({ path }, acknowledged, what) {
  try {
    await (await Ledger.open(path, { signer })).close();
  } catch (error) {
    broken.push(`${what}: the next writer is refused (${error.code}: ${error.message})`);
  }
  const verdict = await verifyLedger(path, { keys: [verifierKey] });
  if (!verdict.valid || verdict.unsignedLines > 0 || verdict.tornTail !== null) {
    broken.push(`${what}: ${verdict.unsignedLines} lines unsigned, ${JSON.stringify(verdict.firstBadLine)}`);
  }
  const written = (readFileSync(path, "utf8").match(/"id":"[^"]+"/g) ?? []).map((member) => member.slice(6, -1));
  const placeOf = new Map(written.map((id, index) => [id, index]));
  if (placeOf.size !== written.length) broken.push(`${what}: a record stands there twice`);
  for (const ids of acknowledged) {
    const places = ids.map((id) => placeOf.get(id) ?? Number.NaN);
    if (places.some(Number.isNaN)) broken.push(`${what}: a record is lost, though its append had returned`);
    if (places.some((place, index) => index > 0 && place <= places[index - 1]))
      broken.push(`${what}: records are out of order`);
  }
  return verdict;
}

/** The kernel leaves a large write of a process that is killed where it is: a part of the batch stands in the file. */
async function tearTails(rounds) {
  const seen = { kills: 0, torn_tail: 0, torn_checkpoint: 0, bytes: 0 };
  const [group, length] = [400, 60_000];
  for (let ledger = 0; seen.kills < rounds; ledger += 1) {
    const place = await newLedger(`torn-${ledger}`);
    const acknowledged = [];
    for (let round = 0; round < 5 && seen.kills < rounds; round += 1) {
      seen.kills += 1;
      const most = statSync(place.path).size + 1 + Math.random() * group * length;
      acknowledged.push(await killedBeyond(place, most, [`r${round}`, "1000000", String(group), String(length)]));
      await mended(place, acknowledged, `torn ledger ${ledger}, round ${round}`, seen);
    }
    rmSync(place.directory, { recursive: true });
  }
  console.log(`${seen.kills} kills of a writer in the middle of ${((group * length) / 1e6).toFixed(0)} MB`);
  tellTorn(seen);
}

/** Kills a writer as soon as the ledger is larger; gives the ids of the appends that had returned. */
function killedBeyond({ path }, bytes, argv) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writerProgram, path, keyPath, ...argv], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const look = () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (statSync(path).size > bytes) child.kill("SIGKILL");
      else setImmediate(look);
    };
    look();
    child.once("error", reject);
    child.once("close", () => resolve(output.split("\n").slice(0, -1)));
  });
}

/**
 * At the largest size that files may have, the kernel writes what fits, and the next call fails; the writer is killed when it
 * wants to take back what was written. The ledger reaches it first where records are long, its history where they are short.
 */
async function tearAtLimit() {
  if (!hasStrace()) return;
  const seen = { kills: 0, torn_tail: 0, torn_checkpoint: 0, bytes: 0 };
  for (const length of [0, 3000]) {
    for (let blocks = 8; blocks < 48; blocks += 1) {
      seen.kills += 1;
      const place = await newLedger(`limit-${length}-${blocks}`);
      const killing = "-f -o /dev/null -e trace=ftruncate -e inject=ftruncate:signal=KILL -P".split(" ");
      killing.push(place.path, "-P", `${place.path}.checkpoints`);
      const writer = [process.execPath, writerProgram, place.path, keyPath, "w", "1000", "1", String(length)];
      const { stdout } = spawnSync("sh", ["-c", `ulimit -f ${blocks}; exec strace "$@"`, "sh", ...killing, ...writer], {
        encoding: "utf8",
        timeout: 60_000,
        stdio: ["ignore", "pipe", "ignore"],
      });
      await mended(place, [stdout.split("\n").slice(0, -1)], `limit of ${blocks} blocks, ${length} bytes`, seen);
      rmSync(place.directory, { recursive: true });
    }
  }
  console.log(`${seen.kills} kills of a writer that a limit of the file size stopped in the middle of a write`);
  tellTorn(seen);
}

function tellTorn({ torn_tail: tails, torn_checkpoint: checkpoints, bytes }) {
  console.log(
    `  ${tails} torn tails and ${checkpoints} torn checkpoints, ${(bytes / 1e6).toFixed(2)} MB, each set aside and recorded`,
  );
  if (tails === 0) broken.push("no tail was torn: this campaign has shown nothing");
}

/** Whatever is torn is no part of the ledger, and stands, after the next writer, byte for byte in a file that a record names. */
async function mended(place, acknowledged, what, seen) {
  const torn = tornBytesOf(place.path);
  const { valid, tornTail, firstBadLine } = await verifyLedger(place.path, { keys: [verifierKey] });
  if (!valid) broken.push(`${what}: not valid before it is mended, ${JSON.stringify(firstBadLine)}`);
  const [tail] = torn.filter(({ reason }) => reason === "torn_tail");
  if ((tornTail?.bytes ?? 0) !== (tail?.bytes.length ?? 0)) broken.push(`${what}: the torn tail is not told`);
  await settled(place, acknowledged, what);
  const repairs = readFileSync(place.path, "utf8")
    .split("\n")
    .filter((line) => line.includes('"kind":"repair"'))
    .map((line) => JSON.parse(line).record);
  for (const { reason, bytes } of torn) {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const repair = repairs.find((record) => record.reason === reason && record.sha256 === sha256);
    const isKept = repair !== undefined && readFileSync(join(place.directory, repair.file)).equals(bytes);
    if (!isKept) broken.push(`${what}: ${bytes.length} bytes (${reason}) are not set aside, or no record tells of it`);
    seen[reason] += 1;
    seen.bytes += bytes.length;
  }
}

/** What stands behind the last whole line of a ledger, and behind the last whole checkpoint of its history. */
function tornBytesOf(path) {
  const ledger = readFileSync(path);
  const history = readFileSync(`${path}.checkpoints`);
  const wholeNotes = history.toString("latin1").match(/(?:[^\n]+\n){3}\n(?:\u00e2\u0080\u0094 [^\n]+\n)+\n/g) ?? [];
  const historyEnd = wholeNotes.reduce((sum, note) => sum + note.length, 0);
  return [
    { reason: "torn_tail", bytes: ledger.subarray(ledger.lastIndexOf("\n") + 1) },
    { reason: "torn_checkpoint", bytes: history.subarray(historyEnd) },
  ].filter(({ bytes }) => bytes.length > 0);
}

function hasStrace() {
  if (spawnSync("strace", ["-V"], { stdio: "ignore" }).status === 0) return true;
  console.log("strace is not installed: faults are injected by the tests only");
  return false;
}

/** Each call on a file of the ledger that a writer makes, in its turn, fails, or is the writer's last. */
async function injectFaults() {
  if (!hasStrace()) return;
  let runs = 0;
  const reached = {};
  for (const call of ["write", "fdatasync", "fsync", "rename", "openat", "ftruncate", "link", "unlink"]) {
    for (const fault of ["error=EIO", "error=ENOSPC", "signal=KILL"]) {
      for (let nth = 1; nth <= 40; nth += 1) {
        runs += 1;
        if (!(await appendUnderFault(call, fault, nth))) break;
        reached[call] = (reached[call] ?? 0) + 1;
      }
    }
  }
  const counts = Object.entries(reached).map(([call, count]) => `${call} ${count}`);
  console.log(`${runs} writers with an injected fault (EIO, ENOSPC, SIGKILL): ${counts.join(", ")}`);
}

/** Whether there was such a call. */
async function appendUnderFault(call, fault, nth) {
  const place = await newLedger(`${call}-${fault}-${nth}`);
  const trace = join(place.directory, "trace");
  const watched = ["", ".checkpoint", ".checkpoint.tmp", ".checkpoints", ".lock", ".frontier"].map(
    (end) => place.path + end,
  );
  // -P follows names that exist when strace starts, and directories.
  const paths = [...watched, place.directory].flatMap((path) => ["-P", path]);
  const { stdout } = spawnSync(
    "strace",
    [
      "-f",
      "-o",
      trace,
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${call}:${fault}:when=${nth}`,
      ...paths,
      process.execPath,
    ].concat([writerProgram, place.path, keyPath, "w", "3"]),
    { encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "ignore"] },
  );
  const traced = existsSync(trace) ? readFileSync(trace, "utf8") : "";
  const wasReached = traced.includes("(INJECTED)") || traced.includes("killed by SIGKILL");
  await settled(place, [(stdout ?? "").split("\n").slice(0, -1)], `${call} ${fault} no. ${nth}`);
  rmSync(place.directory, { recursive: true });
  return wasReached;
}
