import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ComparisonJson, parseComparison } from "../support/comparison-json.ts";
import { type CountedCommands, countedCommands } from "../support/counted-commands.ts";
import { carbonOps, endOf, startCarbonOps, temporaryDirectory } from "../support/program.ts";
import { seededNormals } from "../uncertainty/seeded-normals.ts";

/** Joules of runs that scatter by so much about their median. */
function scattered(medianJoules: number, scatter: number, seed: number): readonly number[] {
  const normal = seededNormals(seed);
  return Array.from({ length: 200 }, () => medianJoules * Math.exp(scatter * normal()));
}

/** All energy of the counter is the running command's, whoever else uses the CPUs of the machine that tests. */
async function compared(
  { cwd, environment }: CountedCommands,
  commands: readonly string[],
  flags: readonly string[],
): Promise<{ readonly status: number | null; readonly stderr: string; readonly result: ComparisonJson }> {
  const all = ["compare", "--energy-of", "host", "--seed", "1", "--json", "-", ...flags, ...commands];
  const { status, stderr, stdout } = await carbonOps(all, { cwd, environment });
  return { status, stderr, result: parseComparison(stdout.toString()) };
}

test("--detect 5%: it says how many runs that takes, does as many, and finds a difference of 5 %", async () => {
  const host = countedCommands();
  const a = host.command("a", scattered(2, 0.02, 11));
  const b = host.command("b", scattered(2 * 1.05, 0.02, 12));
  const { status, stderr, result } = await compared(host, [a, b], ["--detect", "5%"]);
  const announced = Number(/(\d+) runs of each command show 5 %/.exec(stderr)?.[1]);
  expect(status).toBe(0);
  expect(result.detect).toMatchObject({ announced_rounds: announced, pilot_rounds: 8 });
  expect(result.round_count).toBe(announced);
  const [pair] = result.pairs;
  expect(pair).toMatchObject({ command: "B", reference: "A", is_real: true });
  expect(pair?.lower).toBeLessThan(1.05);
  expect(pair?.upper).toBeGreaterThan(1.05);
  expect(result.basis).toContain("all that the host took while a command ran");
});

test("on the counters of carbon-ops simulate: what the runs took is never more than the host's exact truth, and grows with time", async () => {
  const cwd = temporaryDirectory();
  const simulator = startCarbonOps(["simulate", "powercap", "--dir", join(cwd, "host"), "--watts", "60"], { cwd });
  const truth = endOf(simulator);
  await new Promise((resolve) => simulator.stderr?.once("data", resolve));
  const end = await carbonOps(
    ["compare", "--energy-of", "host", "--runs", "3", "--json", "-", "sleep 0.2", "sleep 1.5"],
    { cwd, environment: { CARBON_OPS_SYS_ROOT: join(cwd, "host", "sys") } },
  );
  simulator.kill("SIGTERM");
  const [, hostMicrojoules] = /"host_microjoules": "(\d+)"/.exec((await truth).stdout.toString()) ?? [];
  const { commands } = parseComparison(end.stdout.toString());
  const joules = commands.map(({ energy_wh: energyWh }) => energyWh.reduce((sum, each) => sum + each * 3600, 0));
  expect(end.status).toBe(0);
  expect((joules[0] ?? 0) + (joules[1] ?? 0)).toBeLessThanOrEqual(Number(hostMicrojoules) / 1e6);
  // 1.5 s at 60 W, three times; the files may be some way behind.
  expect(joules[1]).toBeGreaterThan(3 * 60);
});

test("twins: no difference is shown, and the energy of every run is exactly what the counter counted", async () => {
  const host = countedCommands();
  const joules = scattered(2, 0.03, 21);
  const [a, b] = [host.command("a", joules), host.command("b", scattered(2, 0.03, 22))];
  const { status, result } = await compared(host, [a, b], ["--runs", "6", "--warmup", "2"]);
  expect(status).toBe(0);
  expect(result.pairs[0]?.is_real).toBe(false);
  const measured = result.commands[0]?.energy_wh ?? [];
  const errors = measured.map((energyWh, run) => Math.abs(energyWh * 3600 - (joules[run + 2] ?? 0)));
  expect(errors).toHaveLength(6);
  // The counter counts in steps of 61 µJ.
  expect(Math.max(...errors)).toBeLessThan(62e-6);
});

test("--fail-if-worse: a command that is worse by the bound of its interval ends it with 3, and one that may be does not", async () => {
  const host = countedCommands();
  const a = host.command("a", scattered(2, 0.01, 31));
  const worse = host.command("worse", scattered(2 * 1.2, 0.01, 32));
  const near = host.command("near", scattered(2 * 1.05, 0.01, 33));
  const { status, stderr, result } = await compared(host, [a, worse, near], ["--runs", "6", "--fail-if-worse", "5%"]);
  expect(status).toBe(3);
  expect(result.correction).toBe("holm");
  expect(result.gate).toMatchObject([
    { command: "B", is_worse: true },
    { command: "C", is_worse: false, may_be_worse: true },
  ]);
  expect(stderr).toContain("carbon-ops: B is worse than A by more than 5 %: its whole interval lies above.\n");
});

test("a run that stands out is named, stays in the figures, and what they would be without it is said", async () => {
  const host = countedCommands();
  const steady = scattered(2, 0.01, 41).slice(0, 12);
  const a = host.command("a", steady);
  const b = host.command("b", [...steady.slice(0, 7), 4, ...steady.slice(8)]);
  const end = await carbonOps(
    ["compare", "--energy-of", "host", "--runs", "11", "--seed", "3", "--json", "r.json", a, b],
    host,
  );
  const result = parseComparison(readFileSync(join(host.cwd, "r.json"), "utf8"));
  expect(result.commands.map(({ outliers }) => outliers.map(({ round }) => round))).toEqual([[], [7]]);
  expect(result.commands[1]?.energy_wh).toHaveLength(11);
  expect(result.pairs[0]?.without_outliers?.rounds).toBe(10);
  const page = end.stdout.toString().replace(/\s+/g, " ");
  expect(page).toMatch(/B in round 7: 1\.11 mWh, .* more than its median; it is in all figures/);
  expect(page).toContain("without those rounds");
});

test("the page has both commands, a plot, the verdict, carbon, what it rests on and the seed; commands print nowhere", async () => {
  const host = countedCommands();
  const a = host.command("a", scattered(2, 0.01, 51));
  const b = host.command("b", scattered(3, 0.01, 52));
  const { stdout, stderr, status } = await carbonOps(
    ["compare", "--energy-of", "host", "--runs", "5", "--seed", "9", "--markdown", "s.md", a, b],
    host,
  );
  const page = stdout.toString();
  expect(status).toBe(0);
  expect(page).toContain("  A  ./a\n");
  expect(page.replace(/\s+/g, " ")).toMatch(/B uses \d\d\.\d % more energy and carbon than A \(95 % interval/);
  expect(page).toContain("CO2e");
  expect(page).toMatch(/ A {2}[.:oO@]/);
  expect(page.replace(/\s+/g, " ")).toContain("Idle power is not known");
  expect(page).toContain("--seed 9");
  expect(`${page}${stderr}`).not.toContain("output of");
  const markdown = readFileSync(join(host.cwd, "s.md"), "utf8");
  expect(markdown).toMatch(/^- \*\*B uses .* more energy and carbon than A/m);
  expect(markdown).toContain("| A | `./a` | ");
});

test("--show-output shows what commands print, on standard error", async () => {
  const host = countedCommands();
  const [a, b] = [host.command("a", scattered(2, 0.01, 61)), host.command("b", scattered(2, 0.01, 62))];
  const { stderr, stdout } = await carbonOps(
    ["compare", "--energy-of", "host", "--runs", "2", "--show-output", a, b],
    host,
  );
  expect(stderr.match(/output of a/g)).toHaveLength(3);
  expect(stdout.toString()).not.toContain("output of");
});

test("the same seed gives the same order, another one another", async () => {
  const orderOf = async (seed: string): Promise<string> => {
    const host = countedCommands();
    const words = ["a", "b", "c"].map((name) => `echo ${name} >> order; ${host.command(name, [1, 1.1, 1])}`);
    await carbonOps(["compare", "--energy-of", "host", "--runs", "2", "--seed", seed, ...words], host);
    return readFileSync(join(host.cwd, "order"), "utf8").replaceAll("\n", "");
  };
  const [first, again, other] = [await orderOf("5"), await orderOf("5"), await orderOf("6")];
  expect(first).toBe(again);
  expect(first).not.toBe(other);
  expect(first).toMatch(/^[abc]{9}$/);
});

test("a command that fails: one sentence with its name, the round and the status, and status 1", async () => {
  const host = countedCommands();
  const words = ["compare", "--energy-of", "host", "--quiet", host.command("a", [1]), "exit 7"];
  const { status, stderr, stdout } = await carbonOps(words, host);
  expect(status).toBe(1);
  expect(stdout.toString()).toBe("");
  expect(stderr).toMatch(/^carbon-ops: B \("exit 7"\) failed in warm-up 1: it ended with status 7; .*\n$/);
});

test("a command that fails later: what is known is printed before the sentence", async () => {
  const host = countedCommands();
  const a = host.command("a", scattered(2, 0.01, 71));
  const b = host.command("b", scattered(2, 0.01, 72));
  const failing = `echo x >> count; [ $(wc -l < count) -lt 5 ] && ${b}`;
  const { status, stderr, result } = await compared(host, [a, failing], ["--runs", "9", "--quiet"]);
  expect(status).toBe(1);
  expect(result).toMatchObject({ cut_short: "failed", round_count: 3, wanted_rounds: 9 });
  expect(stderr).toMatch(/^carbon-ops: B \(.*\) failed in round 4: it ended with status 1; .*\n$/);
});

test("SIGINT: what is known so far is printed, and the status is 130", async () => {
  const host = countedCommands();
  const a = host.command("a", scattered(2, 0.01, 81));
  const b = host.command("b", scattered(2, 0.01, 82));
  const slow = `${b}; echo x >> count; if [ $(wc -l < count) -eq 5 ]; then echo now >&2; exec sleep 30; fi`;
  const child = startCarbonOps(
    ["compare", "--energy-of", "host", "--runs", "50", "--show-output", "--json", "-", a, slow],
    host,
  );
  child.stderr?.on("data", (chunk: Buffer) => {
    if (chunk.toString().includes("now")) child.kill("SIGINT");
  });
  const { status, stdout } = await endOf(child);
  expect(status).toBe(130);
  expect(parseComparison(stdout.toString())).toMatchObject({ cut_short: "interrupted", round_count: 3 });
});

test("interrupted before two rounds: a sentence, no figures, status 130", async () => {
  const child = startCarbonOps(["compare", "--show-output", "echo now; exec sleep 30", "echo now; exec sleep 31"]);
  child.stderr?.on("data", (chunk: Buffer) => {
    if (chunk.toString().includes("now")) child.kill("SIGINT");
  });
  const { status, stdout, stderr } = await endOf(child);
  expect({ status, stdout: stdout.toString() }).toEqual({ status: 130, stdout: "" });
  expect(stderr).toContain("interrupted before two rounds");
});

test("a command that ignores the first signal is killed with all it has started by the second one", async () => {
  const cwd = temporaryDirectory();
  const stubborn =
    "trap '' INT TERM; (while :; do echo x >> beat; sleep 0.1; done) & echo now; wait; while :; do sleep 0.1; done";
  const child = startCarbonOps(["compare", "--show-output", stubborn, stubborn], { cwd });
  let stderr = "";
  let signals = 0;
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    // It says so after a second of waiting for the command.
    const wanted = [/now\n/, /SIGINT again kills it/][signals];
    if (wanted?.test(stderr) === true) {
      signals += 1;
      child.kill("SIGINT");
    }
  });
  const { status } = await endOf(child);
  expect(status).toBe(130);
  expect(stderr.match(/^carbon-ops: .*$/gm)).toEqual([expect.stringContaining("interrupted before two rounds")]);
  const beats = readFileSync(join(cwd, "beat"), "utf8");
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(readFileSync(join(cwd, "beat"), "utf8")).toBe(beats);
});

test("that a command fails is said first, whichever takes no energy", async () => {
  // The seed has B first.
  const { status, stderr } = await carbonOps(["compare", "--quiet", "--seed", "3", "false", "true"], countedCommands());
  expect(status).toBe(1);
  expect(stderr).toMatch(/^carbon-ops: A \("false"\) failed in warm-up 1: .*\n$/);
});

test("without counters it says that it compares CPU time", async () => {
  const cwd = temporaryDirectory();
  const busy = (count: string): string => `node -e 'for (let i = 0, s = 0; i < ${count}; i++) s += i;'`;
  const { status } = await carbonOps(
    ["compare", "--energy-source", "model", "--runs", "2", "--json", "r.json", busy("4e7"), busy("4e8")],
    { cwd },
  );
  const result = parseComparison(readFileSync(join(cwd, "r.json"), "utf8"));
  expect(status).toBe(0);
  expect(result.basis).toContain("so this compares the CPU time of the commands");
  expect(result.pairs[0]?.ratio).toBeGreaterThan(1.3);
});

test.each([
  [["a"], "There is 1 command, but 2 to 8 can be compared"],
  [["a", " "], "A command is empty"],
  [["--runs", "1", "a", "b"], '--runs is "1", but must be a whole number from 2'],
  [["--detect", "0", "a", "b"], '--detect is "0", but must be a percentage'],
  [["--detect", "5%", "--runs", "9", "a", "b"], "--runs cannot be given beside it"],
  [["--power", "1", "a", "b"], '--power is "1"'],
  [["--energy-of", "all", "a", "b"], "must be task or host"],
  [["--json", "-", "--markdown", "-", "a", "b"], "give each its own"],
])("compare %j: one sentence, status 2", async (words, sentence) => {
  const { status, stderr } = await carbonOps(["compare", ...words]);
  expect(status).toBe(2);
  expect(stderr).toContain(sentence);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("a command that takes no energy that can be told from idle power: a sentence, no logarithm of nothing", async () => {
  const host = countedCommands();
  const words = ["compare", "--energy-of", "host", "--quiet", host.command("a", [1]), "true"];
  const { status, stderr } = await carbonOps(words, host);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^carbon-ops: A run of B \("true"\) took no energy that can be told from idle power; .*\n$/);
});

test("a difference that takes more runs than allowed: the number is in the sentence, and nothing more is run", async () => {
  const host = countedCommands();
  const [a, b] = [host.command("a", scattered(2, 0.2, 91)), host.command("b", scattered(2, 0.2, 92))];
  const { status, stderr } = await carbonOps(
    ["compare", "--energy-of", "host", "--detect", "1%", "--max-runs", "30", "--quiet", a, b],
    host,
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/^carbon-ops: To show 1 % takes \d+ runs of each command, .* --max-runs \d+, .*\n$/);
});
