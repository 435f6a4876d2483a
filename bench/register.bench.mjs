import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { timeCommand } from "./child-process.mjs";
import { compare } from "./harness.mjs";

/**
 * What `node --import carbon-ops/register` costs: milliseconds at the start, and requests a second and their p99 of an HTTP service under autocannon, beside
 * the same service alone and under OpenTelemetry's instrumentation of HTTP, in turns.
 *
 *     node bench/register.bench.mjs [--rounds 6] [--seconds 4] [--node PATH]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "6" },
    seconds: { type: "string", default: "4" },
    node: { type: "string", default: process.execPath },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const register = new URL("../dist/register.js", import.meta.url).href;
const openTelemetry = new URL("register-opentelemetry.mjs", import.meta.url).href;
const service = fileURLToPath(new URL("register-service.cjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "carbon-ops-bench-"));

function environment(asked) {
  const { PATH } = process.env;
  return { PATH, HOME: folder, ...asked };
}

async function startUp() {
  const program = join(folder, "empty.cjs");
  writeFileSync(program, "");
  const empty = "data:text/javascript,";
  const millisecondsOf = async (module, asked = {}) =>
    1000 * (await timeCommand(values.node, ["--import", module, program], environment(asked))).seconds;
  const asked = {
    "nothing asked for": {},
    "a summary": { CARBON_OPS_SUMMARY: join(folder, "summary.ndjson") },
    "a summary and a ledger": {
      CARBON_OPS_SUMMARY: join(folder, "summary.ndjson"),
      CARBON_OPS_LEDGER: join(folder, "ledger.ndjson"),
    },
    "a summary and a page": { CARBON_OPS_SUMMARY: join(folder, "summary.ndjson"), CARBON_OPS_PROMETHEUS_PORT: "0" },
  };
  for (const [label, variables] of Object.entries(asked)) {
    await compare({
      title: `start to end of an empty program, ${label}`,
      unit: "ms",
      rounds: 2 * rounds,
      reference: { label: "--import of an empty module", measure: () => millisecondsOf(empty) },
      subject: { label: "--import carbon-ops/register", measure: () => millisecondsOf(register, variables) },
    });
  }
}

const candidates = {
  alone: [],
  register: ["--import", register],
  OpenTelemetry: ["--import", openTelemetry],
};

async function load(kind, execArgv) {
  const child = fork(service, [kind], {
    execPath: values.node,
    execArgv,
    env: environment({ CARBON_OPS_SUMMARY: join(folder, "summary.ndjson") }),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [{ port }] = await once(child, "message");
  const options = { url: `http://127.0.0.1:${port}/`, connections: 20 };
  await autocannon({ ...options, duration: 1 });
  const { requests, latency, non2xx, errors } = await autocannon({ ...options, duration: seconds });
  child.disconnect();
  await once(child, "exit");
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests of ${kind} failed.`);
  return { perSecond: requests.average, p99: latency.p99 };
}

async function throughput(kind, description) {
  const names = Object.keys(candidates);
  const results = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Who goes first changes, so that what drifts meets all alike.
    const order = names.map((_, index) => names[(index + round) % names.length]);
    for (const name of order) results.get(name).push(await load(kind, candidates[name]));
  }
  console.log(`${description} (${rounds} rounds of ${seconds} s, 20 connections)`);
  for (const name of names) {
    const own = results.get(name);
    const ratios = own.map(({ perSecond }, round) => perSecond / results.get("alone")[round].perSecond);
    const shown = [
      `${median(own.map(({ perSecond }) => perSecond)).toFixed(0)} requests/s`,
      `p99 ${median(own.map(({ p99 }) => p99)).toFixed(1)} ms`,
      `${(100 * (median(ratios) - 1)).toFixed(1)} % (${(100 * (Math.min(...ratios) - 1)).toFixed(1)} to ${(100 * (Math.max(...ratios) - 1)).toFixed(1)})`,
    ];
    console.log(`  ${name.padEnd(16)} ${shown.map((cell) => cell.padStart(20)).join("")}`);
  }
}

function median(unsorted) {
  const sorted = [...unsorted].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

try {
  await startUp();
  await throughput("work", "requests with a millisecond of work and awaits");
  await throughput("hello", "requests that answer at once");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
