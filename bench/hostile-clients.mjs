import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseRequest } from "../dist/governor/protocol.js";
import { seededRandom } from "./simulated-governor.mjs";

/**
 * The load of bench/governor-siege.bench.mjs, in a process of its own: node hostile-clients.mjs WHAT SOCKET AMOUNT. What was done goes to
 * stdout as JSON. `fuzz` sends AMOUNT lines; the others go on for AMOUNT seconds.
 */
const [what, socketPath, amountText] = process.argv.slice(2);
const amount = Number(amountText);
const endMs = performance.now() + amount * 1000;
const random = seededRandom(20_261_124);
const counted = { connections: 0, refused: 0, bytesSent: 0, bytesRead: 0 };
const roles = { fuzz, deaf: greedyAndDeaf, storm: halvesAndStorm };
console.log(JSON.stringify(await roles[what]()));
process.exit();

/** 25 clients that ask without end and never read; 25 that ask without end and read. They come back when they are let go. */
async function greedyAndDeaf() {
  const requests = Buffer.from(
    '{}\n{"op":"info"}\n{"op":"window","from_ns":"1","to_ns":"2"}\n{"op":"subscribe","interval_s":0.1}\n'.repeat(200),
  );
  for (let client = 0; client < 50; client += 1) keep((socket) => askForEver(socket, client % 2 === 0, requests));
  await sleep(amount * 1000);
  return counted;
}

function askForEver(socket, isDeaf, requests) {
  if (isDeaf) socket.pause();
  const send = () => {
    while (!socket.destroyed && socket.write(requests)) counted.bytesSent += requests.length;
  };
  socket.on("drain", send);
  send();
}

/** 25 clients that send half a line and then a byte now and then; 25 that connect, ask and leave as fast as they can; and 1,000 that only stay. */
async function halvesAndStorm() {
  for (let client = 0; client < 25; client += 1) keep(sendHalf);
  const storms = Array.from({ length: 25 }, storm);
  for (let client = 0; client < 1000; client += 1) connectQuietly(() => undefined);
  await Promise.all(storms);
  return counted;
}

function sendHalf(socket) {
  socket.write('{"op":"info","padding":"');
  const timer = setInterval(() => socket.write("x"), 20);
  socket.once("close", () => clearInterval(timer));
}

async function storm() {
  while (performance.now() < endMs) {
    await new Promise((resolve) => {
      const socket = connectQuietly(() => {
        socket.write("{}\n{}\n");
        setImmediate(() => socket.destroy());
      });
      socket.once("close", resolve);
    });
  }
}

/** Connects again, a little later, whenever the governor lets it go. */
function keep(behave) {
  const socket = connectQuietly(() => behave(socket));
  socket.once("close", () => setTimeout(() => keep(behave), 20));
}

function connectQuietly(then) {
  const socket = connect(socketPath, () => {
    counted.connections += 1;
    then();
  });
  socket.on("data", (chunk) => {
    counted.bytesRead += chunk.length;
    if (chunk.includes("too_many_clients")) counted.refused += 1;
  });
  socket.on("error", () => undefined);
  return socket;
}

/** Every line has one answer, the one that the protocol's own parser expects. */
async function fuzz() {
  const result = { lines: 0, wrong: 0, firstWrong: null, ok: 0, refused: 0, connectionsEnded: 0 };
  while (result.lines < amount) {
    const lines = Array.from({ length: 250 }, fuzzLine);
    await askBatch(lines, result);
    await askUnfinished(result);
  }
  return result;
}

async function askBatch(lines, result) {
  // A subscription adds lines of its own: at most one, and at the end.
  const isSubscription = (line) => parseRequest(line.toString("utf8")).op === "subscribe";
  const ordered = [...lines.filter((line) => !isSubscription(line)), ...lines.filter(isSubscription).slice(0, 1)];
  const answers = await exchange(Buffer.concat(ordered.flatMap((line) => [line, Buffer.from("\n")])));
  result.lines += ordered.length;
  for (const [index, line] of ordered.entries()) {
    const verdict = verdictOf(parseRequest(line.toString("utf8")), answers[index]);
    if (verdict === "wrong") {
      result.wrong += 1;
      result.firstWrong ??= {
        line: line.toString("latin1").slice(0, 200),
        answer: answers[index]?.slice(0, 200) ?? null,
      };
    } else result[verdict] += 1;
  }
}

function verdictOf(expected, answer) {
  try {
    const { status, code } = JSON.parse(answer);
    if ("code" in expected) return status === "error" && code === expected.code ? "refused" : "wrong";
    if (expected.op === "window" && status === "error") return code.startsWith("window_not_") ? "refused" : "wrong";
    return status === "ok" ? "ok" : "wrong";
  } catch {
    return "wrong";
  }
}

/** A line without its end has no answer; one that is too long has one, and then the connection ends. */
async function askUnfinished(result) {
  const isLong = random.below(2) === 0;
  const bytes = isLong ? randomBytes(4097 + random.below(60_000)) : fuzzLine().subarray(0, 4000);
  const answers = await exchange(bytes);
  result.lines += 1;
  const isRight = isLong
    ? answers.length === 1 && verdictOf({ code: "line_too_long" }, answers[0]) === "refused"
    : answers.length === 0;
  if (isRight) result.connectionsEnded += 1;
  else {
    result.wrong += 1;
    result.firstWrong ??= {
      line: `${bytes.length} bytes without a newline`,
      answer: answers[0]?.slice(0, 200) ?? null,
    };
  }
}

/** Sends everything, half-closes, and reads until the governor closes. */
function exchange(bytes) {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(text.split("\n").slice(0, -1)));
    socket.end(bytes);
  });
}

function fuzzLine() {
  const valid = [
    "{}",
    '{"op":"snapshot"}',
    '{"op":"info"}',
    '{"op":"window","from_ns":"1","to_ns":"2"}',
    `{"op":"window","from_ns":"${process.hrtime.bigint() - 300_000_000n}","to_ns":"${process.hrtime.bigint() - 200_000_000n}"}`,
    '{"op":"subscribe","interval_s":9}',
  ];
  const base = Buffer.from(valid[random.below(valid.length)]);
  const makers = [
    () => base,
    () => mutated(base),
    () => mutated(base),
    () => base.subarray(0, random.below(base.length)),
    () => randomBytes(random.below(200)),
    () =>
      Buffer.from(
        `{"op":"window","from_ns":"${"9".repeat(1 + random.below(400))}","to_ns":${"9".repeat(1 + random.below(400))}}`,
      ),
    () => Buffer.from(`{"op":"subscribe","interval_s":${random.below(2) === 0 ? "-" : ""}1e${random.below(400)}}`),
    () => Buffer.from("[".repeat(1 + random.below(4000))),
    () => Buffer.from('{"op":'.repeat(1 + random.below(600))),
    () => Buffer.from(`${"[".repeat(2000)}${"]".repeat(2000)}`),
    () => Buffer.from(`{"__proto__":{"op":"info"},"op":"${"\\u0000".repeat(random.below(50))}"}`),
  ];
  return withoutNewline(makers[random.below(makers.length)]());
}

function mutated(base) {
  let bytes = Buffer.from(base);
  for (let change = 1 + random.below(4); change > 0; change -= 1) {
    const at = random.below(bytes.length);
    const kind = random.below(3);
    if (kind === 0) bytes[at] = random.below(256);
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1), Buffer.from(" ")]);
    else bytes = Buffer.concat([bytes.subarray(0, at), randomBytes(1), bytes.subarray(at)]);
  }
  return bytes;
}

function randomBytes(length) {
  return withoutNewline(Buffer.from(Array.from({ length }, () => random.below(256))));
}

function withoutNewline(bytes) {
  return Buffer.from(bytes.map((byte) => (byte === 10 ? 32 : byte)));
}
