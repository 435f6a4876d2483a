import { spawn, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { Agent, get } from "node:http";
import { getPriority, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectGovernor } from "../dist/governor/client.js";

/**
 * What the governor costs at 10 Hz, for 6 and for 24 domains: CPU time per tick, memory, lateness of ticks, a snapshot's round trip. The reference,
 * where it is installed, is Debian's prometheus-node-exporter with its RAPL collector alone, scraped at 10 Hz on the same tree.
 */
const seconds = Number(process.env.CARBON_OPS_BENCH_SECONDS ?? 15);
const daemon = fileURLToPath(new URL("../dist/governor/daemon/main.js", import.meta.url));
const unit = readFileSync(new URL("../packaging/systemd/carbon-ops-governor.service", import.meta.url), "utf8");
/** The daemon is started as its unit starts it: with the same flags of Node.js, and its Nice= where that is allowed. */
const nodeFlags = /^ExecStart=\S+ (.*?)\S*\/carbon-ops\//m.exec(unit)[1].split(" ").filter(Boolean);
const nice = Number(/^Nice=(-?\d+)$/m.exec(unit)[1]);
const exporter = "prometheus-node-exporter";
const hasExporter = spawnSync(exporter, ["--version"]).status === 0;

for (const packages of [2, 8]) {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-bench-"));
  try {
    await measure(folder, packages);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder, packages) {
  const domains = packages * 3;
  writeTree(folder, packages);
  const reference = hasExporter ? await exporterCost(folder) : null;
  const governor = await governorCost(folder);
  console.log(`${domains} domains, ${seconds} s each, node ${nodeFlags.join(" ")}, nice ${governor.niceOfDaemon}`);
  console.log(
    `  governor         ${governor.perTickMs.toFixed(3)} ms of CPU a tick, ${governor.percent.toFixed(2)} % of a core, RSS ${governor.rssMb.toFixed(1)} MB`,
  );
  if (reference === null) console.log(`  ${exporter} is not installed: no reference`);
  else {
    console.log(`  node_exporter    ${reference.perTickMs.toFixed(3)} ms of CPU a scrape`);
    console.log(`  ratio            ${(governor.perTickMs / reference.perTickMs).toFixed(2)} (aim 0.3)`);
  }
  for (const [name, lateness] of Object.entries(governor.lateness)) {
    const { p50, p99, max } = lateness;
    console.log(
      `  ticks late, ${name.padEnd(5)} p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)}, max ${max.toFixed(2)} ms`,
    );
  }
  console.log(
    `  snapshot         ${governor.roundTripUs.p50.toFixed(0)} µs p50, ${governor.roundTripUs.p99.toFixed(0)} µs p99 on a kept connection`,
  );
}

/** A package, its memory and its cores, as the kernel nests them. */
function writeTree(folder, packages) {
  const links = join(folder, "sys/class/powercap");
  mkdirSync(links, { recursive: true });
  mkdirSync(join(folder, "proc"), { recursive: true });
  const zone = (name, title) => {
    const directory = join(folder, "sys/devices/virtual/powercap", name);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "name"), `${title}\n`);
    writeFileSync(join(directory, "energy_uj"), "123456789012\n");
    writeFileSync(join(directory, "max_energy_range_uj"), "262143328850\n");
    symlinkSync(directory, join(links, name));
  };
  for (let index = 0; index < packages; index += 1) {
    zone(`intel-rapl:${index}`, `package-${index}`);
    zone(`intel-rapl:${index}:0`, "core");
    zone(`intel-rapl:${index}:1`, "dram");
  }
}

async function governorCost(folder) {
  const socketPath = join(folder, "s.sock");
  const words = [`--powercap-root=${join(folder, "sys/class/powercap")}`, `--proc-root=${join(folder, "proc")}`];
  const places = [
    `--socket-path=${socketPath}`,
    `--socket-group=${process.getegid()}`,
    `--state-file=${join(folder, "state.json")}`,
  ];
  const child = spawn(process.execPath, [...nodeFlags, daemon, ...words, ...places], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let moving = null;
  try {
    const niceOfDaemon = reniced(child.pid);
    await new Promise((resolve) => child.stderr.once("data", resolve));
    child.stderr.resume();
    moving = moveCounters(folder);
    // The first seconds load modules and collect their garbage.
    await sleep(5000);
    const [cpuBefore, ticksBefore] = [cpuSeconds(child.pid), (await snapshotOf(socketPath)).sequence];
    await sleep(seconds * 1000);
    const cpu = cpuSeconds(child.pid) - cpuBefore;
    const ticks = (await snapshotOf(socketPath)).sequence - ticksBefore;
    const idle = (await rawInfo(socketPath)).tick_lateness_ms;
    const rssMb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024;
    const roundTripUs = await roundTrips(socketPath);
    const loaded = await underLoad(() => rawInfo(socketPath));
    return {
      perTickMs: (cpu / ticks) * 1000,
      percent: (cpu / seconds) * 100,
      niceOfDaemon,
      rssMb,
      lateness: { idle, full: loaded.tick_lateness_ms },
      roundTripUs,
    };
  } finally {
    clearInterval(moving);
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("close", resolve));
  }
}

function reniced(pid) {
  try {
    setPriority(pid, nice);
  } catch {
    // Only root may raise a priority.
  }
  return getPriority(pid);
}

/** 100 W in each domain: a counter that stands still is looked at twice. */
function moveCounters(folder) {
  const links = join(folder, "sys/class/powercap");
  const files = readdirSync(links).map((name) => openSync(join(links, name, "energy_uj"), "r+"));
  let microjoules = 123_456_789_012;
  return setInterval(() => {
    microjoules += 5_000_000;
    for (const file of files) writeSync(file, `${microjoules}\n`, 0);
  }, 50);
}

/** Lateness is kept for the last 1024 ticks, so those before the load are in it, too. */
async function underLoad(ask) {
  const burners = Array.from({ length: 2 }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { timeout: (seconds + 10) * 1000 }),
  );
  try {
    await sleep(seconds * 1000);
    return await ask();
  } finally {
    for (const burner of burners) burner.kill("SIGKILL");
  }
}

async function exporterCost(folder) {
  const address = "127.0.0.1:19189";
  const words = [
    "--collector.disable-defaults",
    "--collector.rapl",
    `--path.sysfs=${join(folder, "sys")}`,
    `--web.listen-address=${address}`,
  ];
  const child = spawn(exporter, words, { stdio: "ignore" });
  const agent = new Agent({ keepAlive: true });
  const scrape = () =>
    new Promise((resolve, reject) => {
      get(`http://${address}/metrics`, { agent }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve(text));
      }).on("error", reject);
    });
  try {
    await sleep(1000);
    if (!(await scrape()).includes("node_rapl_package_joules_total")) throw new Error("node_exporter shows no RAPL");
    const cpuBefore = cpuSeconds(child.pid);
    const startMs = performance.now();
    const scrapes = seconds * 10;
    for (let scraped = 0; scraped < scrapes; scraped += 1) {
      await scrape();
      await sleep(Math.max(0, startMs + (scraped + 1) * 100 - performance.now()));
    }
    return { perTickMs: ((cpuSeconds(child.pid) - cpuBefore) / scrapes) * 1000 };
  } finally {
    agent.destroy();
    child.kill("SIGTERM");
  }
}

async function roundTrips(socketPath) {
  const client = await connectGovernor({ socketPath });
  const us = [];
  for (let round = 0; round < 2000; round += 1) {
    const start = performance.now();
    await client.snapshot();
    us.push((performance.now() - start) * 1000);
  }
  client.close();
  us.sort((left, right) => left - right);
  return { p50: us[1000], p99: us[1980] };
}

async function snapshotOf(socketPath) {
  const client = await connectGovernor({ socketPath });
  const snapshot = await client.snapshot();
  client.close();
  return snapshot;
}

async function rawInfo(socketPath) {
  const { connect } = await import("node:net");
  const socket = connect(socketPath);
  socket.end('{"op":"info"}\n');
  let text = "";
  for await (const chunk of socket) text += chunk;
  return JSON.parse(text);
}

/** Time that all threads ran, in nanoseconds of the scheduler: the 10 ms steps of /proc/PID/stat are too coarse for a few ticks a second. */
function cpuSeconds(pid) {
  const folder = `/proc/${pid}/task`;
  const ran = readdirSync(folder).map((thread) =>
    Number(readFileSync(join(folder, thread, "schedstat"), "utf8").split(" ")[0]),
  );
  return ran.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9;
}
