import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  carbonOps,
  cleanEnvironment,
  endOf,
  programPath,
  startCarbonOps,
  temporaryDirectory,
} from "../support/program.ts";
import { parseRunResult } from "../support/run-result.ts";

/** Runs a command and reads the JSON that `run` wrote about it. */
async function runWithJson(command: readonly string[], flags: readonly string[] = []) {
  const cwd = temporaryDirectory();
  const end = await carbonOps(["run", "--json", "result.json", ...flags, "--", ...command], { cwd });
  return { ...end, cwd, result: parseRunResult(readFileSync(join(cwd, "result.json"), "utf8")) };
}

/** Busy for the given CPU milliseconds, and says on stdout how many it really took. */
const busyNode = (cpuMs: number): readonly string[] => [
  process.execPath,
  "-e",
  `const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
   while (used() < ${cpuMs}); console.log(used());`,
];

test("a Node script: its energy, CPU time and grams are in the result, and its output is its own", async () => {
  const { status, stdout, stderr, result } = await runWithJson(busyNode(600), ["--region", "GB"]);
  const truthSeconds = Number(stdout.toString()) / 1000;
  expect(status).toBe(0);
  expect(result.cpu.task_cpu_seconds).toBeGreaterThan(truthSeconds * 0.98);
  expect(result.cpu.task_cpu_seconds).toBeLessThan(truthSeconds * 1.1 + 0.05);
  expect(result.grams).toBeGreaterThan(0);
  expect(result.interval.lower_grams).toBeLessThan(result.grams ?? 0);
  expect(result.interval.upper_grams).toBeGreaterThan(result.grams ?? 0);
  expect(result.energy.energy_wh_task).toBeGreaterThan(0);
  expect(result.energy.energy_wh_task).toBeLessThanOrEqual(result.energy.energy_wh_active ?? 0);
  expect(result.region).toBe("GB");
  expect(stderr).toMatch(/95 % interval/);
  expect(stderr).toMatch(/modelled, not measured|measured:/);
});

test("a shell pipeline: every part of it counts", async () => {
  const { status, stdout, result } = await runWithJson(["sh", "-c", "seq 1 400000 | sort -rn | tail -n 1"]);
  expect(status).toBe(0);
  expect(stdout.toString()).toBe("1\n");
  expect(result.cpu.task_cpu_seconds).toBeGreaterThan(0);
});

test("200 short-lived children: their CPU time is in the result to 5 %", async () => {
  // `times` prints the CPU time of the shell and of the children it waited for: the kernel's own account.
  const script = `
    i=0
    while [ $i -lt 200 ]; do
      sh -c 'j=0; while [ $j -lt 4000 ]; do j=$((j + 1)); done'
      i=$((i + 1))
    done
    times`;
  const { stdout, result } = await runWithJson(["sh", "-c", script]);
  const truthSeconds = [...stdout.toString().matchAll(/(\d+)m([\d.]+)s/g)]
    .map(([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds))
    .reduce((sum, seconds) => sum + seconds, 0);
  expect(truthSeconds).toBeGreaterThan(0.3);
  expect(Math.abs(result.cpu.task_cpu_seconds - truthSeconds)).toBeLessThan(0.05 * truthSeconds + 0.02);
});

test("a command that exits 7: so does run", async () => {
  const { status, result } = await runWithJson(["sh", "-c", "exit 7"]);
  expect(status).toBe(7);
  expect(result.exit_status).toBe(7);
});

test("a command that is killed: run ends with 128 + 9, and its record is written", async () => {
  const cwd = temporaryDirectory();
  const { status, stderr } = await carbonOps(["run", "--ledger", "l.ndjson", "--", "sh", "-c", "kill -9 $$"], { cwd });
  expect(status).toBe(137);
  expect(stderr).toContain("ended by SIGKILL");
  expect(readFileSync(join(cwd, "l.ndjson"), "utf8")).toContain('"signal":"SIGKILL"');
});

test("a command that does not exist: one sentence, status 127, no ledger", async () => {
  const cwd = temporaryDirectory();
  const { status, stderr } = await carbonOps(["run", "--ledger", "l.ndjson", "--", "no-such-command"], { cwd });
  expect(status).toBe(127);
  expect(stderr).toBe('carbon-ops: "no-such-command" was not found; check its spelling and your PATH.\n');
  expect(existsSync(join(cwd, "l.ndjson"))).toBe(false);
});

test("a file that may not be executed: one sentence, status 126", async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "script"), "#!/bin/sh\n");
  chmodSync(join(cwd, "script"), 0o644);
  const { status, stderr } = await carbonOps(["run", "--", "./script"], { cwd });
  expect(status).toBe(126);
  expect(stderr).toMatch(/^carbon-ops: "\.\/script" could not be started: it is not an executable file.*\n$/);
});

test("a script whose interpreter is missing: the sentence says so", async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "script"), "#!/no/such/interpreter\n", { mode: 0o755 });
  const { status, stderr } = await carbonOps(["run", "--", "./script"], { cwd });
  expect(status).toBe(126);
  expect(stderr).toContain("the interpreter that its first line names does not exist");
});

test("100 MB of arbitrary bytes on stdout arrive unchanged", async () => {
  const script = `const { createHash } = require("node:crypto"); const hash = createHash("sha256");
    let block = Buffer.alloc(1 << 20); let count = 0;
    const next = () => { if (count++ === 100) { process.stderr.write(hash.digest("hex") + "\\n"); return; }
      block = require("node:crypto").randomBytes(1 << 20); hash.update(block);
      process.stdout.write(block, next); };
    next();`;
  const { status, stdout, stderr } = await carbonOps(["run", "--quiet", "--", process.execPath, "-e", script]);
  expect(status).toBe(0);
  expect(stdout.length).toBe(100 << 20);
  expect(createHash("sha256").update(stdout).digest("hex")).toBe(stderr.trim());
});

test("standard input reaches the command, byte for byte", async () => {
  const end = await carbonOps(["run", "--quiet", "--", "cat"], { input: "ÿ\u0000\u0001 the end" });
  expect(end.stdout.toString()).toBe("ÿ\u0000\u0001 the end");
});

test("with its standard input closed, a command still runs", async () => {
  const { status, stdout } = await carbonOps(["run", "--quiet", "--", "sh", "-c", "cat; echo done"]);
  expect(status).toBe(0);
  expect(stdout.toString()).toBe("done\n");
});

test("a reader that goes away does not stop the record from being written", async () => {
  const cwd = temporaryDirectory();
  const child = startCarbonOps(
    ["run", "--ledger", "l.ndjson", "--json", "-", "--", "sh", "-c", "yes | head -c 10000000"],
    { cwd },
  );
  child.stdout?.once("data", () => child.stdout?.destroy());
  const { stderr } = await endOf(child);
  expect(stderr).toContain("l.ndjson, record 1");
  expect(readFileSync(join(cwd, "l.ndjson"), "utf8").trimEnd().split("\n")).toHaveLength(2);
});

test("SIGTERM is passed on, and the record is written", async () => {
  const cwd = temporaryDirectory();
  const script = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
  const child = startCarbonOps(["run", "--ledger", "l.ndjson", "--", "sh", "-c", script], { cwd });
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  const { status, stdout } = await endOf(child);
  expect(stdout.toString()).toBe("ready\ntold\n");
  expect(status).toBe(5);
  expect(readFileSync(join(cwd, "l.ndjson"), "utf8")).toContain('"exit_status":5');
});

test("two interrupts that the command ignores do not cost the record", async () => {
  const cwd = temporaryDirectory();
  const script = "trap '' INT; echo ready; sleep 0.5; exit 0";
  const child = startCarbonOps(["run", "--ledger", "l.ndjson", "--", "sh", "-c", script], { cwd });
  child.stdout?.once("data", () => {
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGINT"), 50);
  });
  const { status } = await endOf(child);
  expect(status).toBe(0);
  expect(readFileSync(join(cwd, "l.ndjson"), "utf8").trimEnd().split("\n")).toHaveLength(2);
});

test("labels, name and settings end up in the record", async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "carbon-ops.config.yaml"), "region: FR\nlabels:\n  Team: search\n");
  const flags = ["--label", "job=a=b,c", "--name", "nightly", "--pue", "1.25", "--json", "-", "--quiet"];
  const { stdout } = await carbonOps(["run", ...flags, "--", "true"], { cwd });
  const result = parseRunResult(stdout.toString());
  expect(result.labels).toEqual({ Team: "search", job: "a=b,c" });
  expect(result.name).toBe("nightly");
  expect(result.pue_used).toBe(1.25);
  expect(result.region).toBe("FR");
});

test("a budget is judged on the interval's upper limit, and exceeding it is status 3", async () => {
  const busy = busyNode(400);
  const { result } = await runWithJson(busy, ["--region", "GB"]);
  const between = String(((result.grams ?? 0) + result.interval.upper_grams) / 2);
  const onUpper = await runWithJson(busy, ["--region", "GB", "--max-grams", between]);
  expect(onUpper.status).toBe(3);
  expect(onUpper.stderr).toMatch(
    /carbon-ops: The budget was exceeded: the interval's upper limit is .+ of at most .+\.\n$/,
  );
  const onMean = await runWithJson(busy, ["--region", "GB", "--max-grams", between, "--budget-on", "mean"]);
  expect(onMean.status).toBe(0);
  const inWattHours = await runWithJson(busy, ["--max-wh", "0.0000001"]);
  expect(inWattHours.status).toBe(3);
});

test("a command that fails keeps its own status when it also exceeds its budget", async () => {
  const { status } = await runWithJson(["sh", "-c", "exit 9"], ["--max-wh", "1e-12"]);
  expect(status).toBe(9);
});

test("a record that cannot be kept is said, and the command's own status and summary stay", async () => {
  const cwd = temporaryDirectory();
  // The ledger's directory is taken away while the command runs.
  mkdirSync(join(cwd, "records"));
  const { status, stderr } = await carbonOps(
    ["run", "--ledger", "records/l.ndjson", "--", "sh", "-c", "rmdir records; exit 7"],
    { cwd },
  );
  expect(status).toBe(7);
  expect(stderr).toContain("not kept, for the reason below");
  expect(stderr).toMatch(/\ncarbon-ops: [^\n]+\n$/);
});

test("a command that was never started leaves no signing key behind", async () => {
  const cwd = temporaryDirectory();
  await carbonOps(["run", "--ledger", "l.ndjson", "--", "no-such-command"], { cwd });
  expect(existsSync(join(cwd, ".config"))).toBe(false);
});

test("a command too short for the kernel's clocks has an upper limit, not exactly nothing", async () => {
  const { result } = await runWithJson(["true"]);
  expect(result.interval.upper_grams).toBeGreaterThan(0);
});

test("the error sources of the uncertainty stay in the JSON beside the verdicts of a budget", async () => {
  const { result } = await runWithJson(["true"], ["--max-grams", "5"]);
  expect(result["budget"]).toEqual(
    expect.arrayContaining([expect.objectContaining({ source_id: expect.any(String) })]),
  );
  expect(result["budget_verdicts"]).toMatchObject([{ quantity: "grams", limit: 5, exceeded: false }]);
});

test("an idle baseline above all that the host took is said to be wrong", async () => {
  const { stderr } = await carbonOps(["run", "--idle-watts", "5000", "--", "sleep", "0.2"]);
  expect(stderr.replace(/\s+/g, " ")).toContain("the idle baseline of 5000 W is more than all that the host took");
});

test("a directory of the PATH that may not be searched does not change what was not found", async () => {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, "closed"));
  chmodSync(join(cwd, "closed"), 0o000);
  const environment = { PATH: `${join(cwd, "closed")}:/usr/bin:/bin` };
  const { status } = await carbonOps(["run", "--", "no-such-command"], { cwd, environment });
  expect(status).toBe(127);
});

test("a result that standard output does not take is said, with status 1", async () => {
  const cwd = temporaryDirectory();
  const shell = '"$0" "$1" run --quiet --json - -- true >/dev/full';
  const { status, stderr } = spawnSync("sh", ["-c", shell, process.execPath, programPath], {
    cwd,
    env: cleanEnvironment(cwd),
    encoding: "utf8",
  });
  expect(stderr).toMatch(/^carbon-ops: Standard output cannot be written \(.*ENOSPC.*\); send it elsewhere\.\n$/);
  expect(status).toBe(1);
});

test("a FIFO that nobody reads can be interrupted once the record is safe", async () => {
  const cwd = temporaryDirectory();
  spawnSync("mkfifo", [join(cwd, "fifo")]);
  const child = startCarbonOps(["run", "--json", "fifo", "--ledger", "l.ndjson", "--", "true"], { cwd });
  child.stderr?.on("data", (chunk: Buffer) => {
    if (chunk.toString().includes("record 1")) child.kill("SIGTERM");
  });
  const { signal } = await endOf(child);
  expect(signal).toBe("SIGTERM");
});

test("a name cannot steer the terminal", async () => {
  const { stderr } = await carbonOps(["run", "--name", "a\u001b[31mb\nc", "--", "true"]);
  expect(stderr).not.toContain("\u001b");
  expect(stderr).toContain("a\ufffd[31mb\ufffdc");
});

test("a region that is in no table is named with the place it was found in", async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "carbon-ops.config.json"), '{"region": "Atlantis"}');
  const inFile = await carbonOps(["run", "--", "true"], { cwd });
  expect(inFile.stderr).toMatch(/carbon-ops\.config\.json: region: The region "Atlantis"/);
  const inVariable = await carbonOps(["run", "--", "true"], { environment: { DCL_DEFAULT_REGION: "xx" } });
  expect(inVariable.stderr).toMatch(/^carbon-ops: DCL_DEFAULT_REGION: The region "xx"/);
  const inFlag = await carbonOps(["run", "--pue", "hyperscael", "--", "true"]);
  expect(inFlag.stderr).toMatch(/^carbon-ops: --pue: .*hyperscael.*hyperscale/);
});

test("a configuration file that is a FIFO is refused instead of waited for", async () => {
  const cwd = temporaryDirectory();
  spawnSync("mkfifo", [join(cwd, "carbon-ops.config.json")]);
  const { status, stderr } = await carbonOps(["run", "--", "true"], { cwd });
  expect(stderr).toContain("it is not a regular file");
  expect(status).toBe(2);
});

test("--quiet prints nothing of ours", async () => {
  const { stdout, stderr } = await carbonOps(["run", "--quiet", "--", "echo", "hello"]);
  expect(stdout.toString()).toBe("hello\n");
  expect(stderr).toBe("");
});

test.each([
  [["run"], "There is no command to run"],
  [["run", "--"], "There is no command to run"],
  [["run", "--", ""], "There is no command to run"],
  [["run", "--json", "--", "touch", "started"], "--json needs a value"],
  [["run", "--ledger", "--", "touch", "started"], "--ledger needs a value"],
  [["run", "--json", "x", "--ledger", "./x", "--", "touch", "started"], "both name"],
  [["run", "--name", "", "--", "touch", "started"], "--name"],
  [["run", "--name", "n".repeat(20_000), "--", "touch", "started"], "16384 bytes"],
  [["run", "--regoin", "GB", "--", "true"], "--region"],
  [["run", "--region", "Atlantis", "--", "touch", "started"], "Atlantis"],
  [["run", "--pue", "1e308", "--", "touch", "started"], "--pue is 1e+308"],
  [["run", "--level", "0.9999999999999999", "--", "touch", "started"], "--level"],
  [["run", "--idle-watts", "1e308", "--", "touch", "started"], "--idle-watts"],
  [["run", "--cpu-tdp-watts", "1e308", "--", "touch", "started"], "--cpu-tdp-watts"],
  [["run", "--label", "__proto__=x", "--", "touch", "started"], "__proto__"],
  [["run", "--label", "noequals", "--", "touch", "started"], "--label"],
  [["run", "--max-grams", "-1", "--", "touch", "started"], "--max-grams"],
  [["run", "--max-wh", "Infinity", "--", "touch", "started"], "--max-wh"],
  [["run", "--pue", "0.9", "--", "touch", "started"], "0.9"],
  [["run", "--level", "NaN", "--", "touch", "started"], "--level"],
  [["run", "--energy-source", "plutonium", "--", "touch", "started"], "--energy-source"],
  [["run", "--energy-source", "powercap", "--", "touch", "started"], "powercap"],
  [["run", "--ledger", "directory", "--", "touch", "started"], "directory"],
  [["run", "--ledger", "no/such/place", "--", "touch", "started"], "no/such"],
  [["run", "--json", "directory", "--", "touch", "started"], "directory"],
  [["run", "--json", "no/such/place", "--", "touch", "started"], "no/such/place"],
])("%j: one sentence that names the fault, no command started, nothing written", async (argv, fault) => {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, "directory"));
  const environment = { CARBON_OPS_SYS_ROOT: join(cwd, "directory") };
  const { status, stdout, stderr } = await carbonOps(argv, { cwd, environment });
  expect(stderr).toMatch(/^carbon-ops: [^\n]+\n$/);
  expect(stderr).toContain(fault);
  expect(stdout.toString()).toBe("");
  expect([1, 2]).toContain(status);
  expect(existsSync(join(cwd, "started"))).toBe(false);
});
