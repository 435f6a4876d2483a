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
 * What `node --import carbon-ops/register` costs: milliseconds at the start, and CPU time of a request, requests a second and their p99 of an HTTP service
 * under autocannon, beside the same service alone, with what the runtime takes for contexts alone, and under OpenTelemetry's instrumentation of HTTP, in
 * turns. Where others use the machine too, `chrt -f 10` before it keeps them away; CPU time of a request hardly depends on them.
 *
 *     node bench/register.bench.mjs [--rounds 9] [--seconds 1] [--only requests] [--node PATH]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    node: { type: "string", default: process.execPath },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const register = new URL("../dist/register.js", import.meta.url).href;
const openTelemetry = new URL("register-opentelemetry.mjs", import.meta.url).href;
const runtime = new URL("register-runtime.mjs", import.meta.url).href;
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
      rounds,
      reference: { label: "--import of an empty module", measure: () => millisecondsOf(empty) },
      subject: { label: "--import carbon-ops/register", measure: () => millisecondsOf(register, variables) },
    });
  }
}

const candidates = {
  alone: [],
  "contexts alone": ["--import", runtime],
  register: ["--import", register],
  OpenTelemetry: ["--import", openTelemetry],
};

async function startService(execArgv) {
  const child = fork(service, [], {
    execPath: values.node,
    execArgv,
    env: environment({ CARBON_OPS_SUMMARY: join(folder, "summary.ndjson") }),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [{ port }] = await once(child, "message");
  return { child, port };
}

async function cpuMicrosecondsOf({ child }) {
  child.send("cpu");
  const [{ cpuMicroseconds }] = await once(child, "message");
  return cpuMicroseconds;
}

async function load(running, milliseconds) {
  const before = await cpuMicrosecondsOf(running);
  const { requests, latency, duration, non2xx, errors } = await autocannon({
    url: `http://127.0.0.1:${running.port}/${milliseconds}`,
    connections: 20,
    duration: seconds,
  });
  const after = await cpuMicrosecondsOf(running);
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} requests failed.`);
  return {
    perSecond: requests.total / duration,
    p99: latency.p99,
    cpuMicroseconds: (after - before) / requests.total,
  };
}

const names = Object.keys(candidates);

/** Who goes first changes, so that what drifts meets all alike. */
async function throughput(running, milliseconds, description) {
  const results = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = names.map((_, index) => names[(index + round) % names.length]);
    for (const name of order) results.get(name).push(await load(running.get(name), milliseconds));
  }
  console.log(
    `${description} (${rounds} rounds of ${seconds} s, 20 connections; beside "alone": median of the rounds, and their middle half)`,
  );
  for (const name of names) {
    const own = results.get(name);
    const beside = (member) => ratios(own.map((result, round) => result[member] / results.get("alone")[round][member]));
    const shown = [
      `CPU ${median(own.map(({ cpuMicroseconds }) => cpuMicroseconds)).toFixed(1)} us a request`,
      beside("cpuMicroseconds"),
      `${median(own.map(({ perSecond }) => perSecond)).toFixed(0)} requests/s`,
      beside("perSecond"),
      `p99 ${median(own.map(({ p99 }) => p99)).toFixed(1)} ms`,
    ];
    console.log(`  ${name.padEnd(16)} ${shown.map((cell) => cell.padStart(26)).join("")}`);
  }
}

function ratios(unsorted) {
  const sorted = [...unsorted].sort((left, right) => left - right);
  const percent = (share) => (100 * (sorted[Math.floor(share * (sorted.length - 1))] - 1)).toFixed(1);
  return `${(100 * (median(sorted) - 1)).toFixed(1)} % (${percent(0.25)} to ${percent(0.75)})`;
}

function median(unsorted) {
  const sorted = [...unsorted].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

try {
  if (values.only !== "requests") await startUp();
  const running = new Map();
  for (const name of names) running.set(name, await startService(candidates[name]));
  // Until the runtime has compiled what is called often.
  for (const name of [...names, ...names]) await load(running.get(name), 0);
  await throughput(running, 0, "requests that answer at once");
  await throughput(running, 1, "requests with a millisecond of work and awaits");
  await throughput(running, 5, "requests with five milliseconds of work and awaits");
  for (const { child } of running.values()) {
    child.disconnect();
    await once(child, "exit");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
