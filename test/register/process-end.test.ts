import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testedNodes } from "../support/nodes.ts";
import { cleanEnvironment, endOf, temporaryDirectory } from "../support/program.ts";
import { registerUrl, summaryOf } from "./watched-service.ts";

interface ProgramUnder {
  readonly node?: string;
  readonly module?: string;
  readonly file?: "program.cjs" | "program.mjs";
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

interface Seen {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program of these lines, under `--import carbon-ops/register`. One that hangs is killed, and has no status. */
async function run(lines: readonly string[], home: string, under: ProgramUnder = {}): Promise<Seen> {
  const program = join(home, under.file ?? "program.cjs");
  writeFileSync(program, lines.join("\n"));
  const child = spawn(under.node ?? process.execPath, ["--import", under.module ?? registerUrl, program], {
    cwd: under.cwd ?? home,
    env: { ...cleanEnvironment(home), ...under.environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  const { status, stdout, stderr } = await endOf(child);
  return { status, stdout: stdout.toString(), stderr };
}

/** Answers one request, and then does this. */
const oneRequest = (afterwards: string): readonly string[] => [
  "const { createServer, get } = require('node:http');",
  "const server = createServer((request, response) => response.end('done'));",
  "server.listen(0, '127.0.0.1', () => get({ port: server.address().port, host: '127.0.0.1' }, (response) => {",
  "  response.resume().on('end', () => {",
  `    ${afterwards}`,
  "    server.close();",
  "    server.closeAllConnections();",
  "  });",
  "}));",
];

const askedFor: readonly Readonly<Record<string, string>>[] = [
  { CARBON_OPS_SERVER_TIMING: "yes" },
  { CARBON_OPS_SUMMARY: "stderr" },
  { CARBON_OPS_LEDGER: "ledger.ndjson" },
];

test.each(askedFor)("a process that has closed its standard error ends as ever: %j", async (environment) => {
  const lines = oneRequest("require('node:fs').closeSync(2); process.exitCode = 2;");
  expect(await run(lines, temporaryDirectory(), { environment })).toEqual({ status: 2, stdout: "", stderr: "" });
});

test("a process that has closed its standard output ends without a word of ours", async () => {
  const environment = { CARBON_OPS_LEDGER: "ledger.ndjson" };
  const lines = oneRequest("require('node:fs').closeSync(1);");
  expect(await run(lines, temporaryDirectory(), { environment })).toMatchObject({ status: 0, stderr: "" });
});

test("a summary does not go into the file that has the number of standard error by then", async () => {
  const home = temporaryDirectory();
  const lines = ["const fs = require('node:fs');", "fs.closeSync(2);", "console.log(fs.openSync('own.txt', 'w'));"];
  const seen = await run(lines, home, { environment: { CARBON_OPS_SUMMARY: "stderr" } });
  expect(seen).toEqual({ status: 0, stdout: "2\n", stderr: "" });
  expect(readFileSync(join(home, "own.txt"), "utf8")).toBe("");
});

test("a summary on a pipe that nobody reads is given up, and the process ends", async () => {
  const home = temporaryDirectory();
  const pipe = join(home, "pipe");
  spawnSync("mkfifo", [pipe]);
  const environment = { CARBON_OPS_SUMMARY: pipe };
  const seen = await run(["process.exitCode = 5;"], home, { environment });
  expect(seen.status).toBe(5);
  expect(seen.stderr).toBe(
    `carbon-ops: The summary cannot be written to ${pipe} (no such device or address); name another file.\n`,
  );
});

test("a process without any request is told of with what it used from its start", async () => {
  const home = temporaryDirectory();
  const busy = ["const endMs = Date.now() + 300;", "while (Date.now() < endMs);"];
  await run(busy, home, { environment: { CARBON_OPS_SUMMARY: "summary.ndjson" } });
  const { process: whole, tasks } = summaryOf(readFileSync(join(home, "summary.ndjson"), "utf8"));
  expect(tasks).toEqual([]);
  expect(whole.cpu_seconds).toBeGreaterThan(0.01);
});

describe("what could not be recorded at the end is in the summary", () => {
  async function problemsOf(environment: Readonly<Record<string, string>>, under: ProgramUnder = {}): Promise<string> {
    const home = temporaryDirectory();
    const summary = join(home, "summary.ndjson");
    await run(oneRequest(""), home, { ...under, environment: { CARBON_OPS_SUMMARY: summary, ...environment } });
    return summaryOf(readFileSync(summary, "utf8")).problems.join(" ");
  }

  test("a region that does not exist", async () => {
    const problems = await problemsOf({ CARBON_OPS_LEDGER: "ledger.ndjson", CARBON_OPS_REGION: "NOWHERE" });
    expect(problems).toContain('The region "NOWHERE" is in no table');
    expect(problems).toMatch(/records were not written to .*ledger\.ndjson; a note there says why/);
  });

  test("a ledger that is no file", async () => {
    expect(await problemsOf({ CARBON_OPS_LEDGER: "/dev/full" })).toMatch(
      /records? w(as|ere) not written to \/dev\/full/,
    );
  });
});

test("a process whose working directory is gone ends at once, and says what is not recorded", async () => {
  const home = temporaryDirectory();
  const cwd = join(home, "gone");
  mkdirSync(cwd);
  const summary = join(home, "summary.ndjson");
  const environment = { CARBON_OPS_SUMMARY: summary, CARBON_OPS_LEDGER: join(home, "ledger.ndjson") };
  const lines = oneRequest(`require('node:fs').rmdirSync(${JSON.stringify(cwd)});`);
  expect(await run(lines, home, { environment, cwd })).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(summaryOf(readFileSync(summary, "utf8")).problems.join(" ")).toContain("its working directory was removed");
});

test("as many listeners for its end as the runtime allows are not one too many", async () => {
  // The runtime has one itself, while it loads the program of a process with any --import.
  const lines = [
    "for (let count = 0; count < 9; count += 1) process.on('exit', () => 0);",
    "console.log(process.listenerCount('exit'));",
  ];
  const under = { file: "program.mjs", environment: { CARBON_OPS_SUMMARY: "summary.ndjson" } } as const;
  const alone = { ...under, module: "data:text/javascript,", environment: {} };
  const home = temporaryDirectory();
  const watched = await run(lines, home, under);
  expect(watched).toEqual(await run(lines, home, alone));
  expect(existsSync(join(home, "summary.ndjson"))).toBe(true);
});

test("an application that emits the end of another thing is not taken for one that ends", async () => {
  const home = temporaryDirectory();
  const lines = [
    "setTimeout(() => {",
    "  process.emit('exit', 0);",
    "  console.log(require('node:fs').existsSync('summary.ndjson'));",
    "}, 50);",
  ];
  const seen = await run(lines, home, { environment: { CARBON_OPS_SUMMARY: "summary.ndjson" } });
  expect(seen).toEqual({ status: 0, stdout: "false\n", stderr: "" });
});

test("one setting that is not allowed leaves the others in force, and is said once", async () => {
  const home = temporaryDirectory();
  const environment = {
    CARBON_OPS_SUMMARY: "summary.ndjson",
    CARBON_OPS_PUE: "0.2",
    CARBON_OPS_LEDGER: "ledger.ndjson",
    CARBON_OPS_REGION: "FR",
  };
  await run(oneRequest(""), home, { environment });
  const { problems } = summaryOf(readFileSync(join(home, "summary.ndjson"), "utf8"));
  expect(problems.filter((problem) => problem.includes("CARBON_OPS_PUE"))).toHaveLength(1);
  expect(readFileSync(join(home, "ledger.ndjson"), "utf8")).toContain('"name":"GET (no route)"');
});

test("a request is counted where the application has put other timers in the place of the runtime's", async () => {
  const home = temporaryDirectory();
  const lines = ["globalThis.setInterval = () => undefined;", "JSON.stringify = () => 'mine';", ...oneRequest("")];
  await run(lines, home, { environment: { CARBON_OPS_SUMMARY: "summary.ndjson" } });
  const { tasks } = summaryOf(readFileSync(join(home, "summary.ndjson"), "utf8"));
  expect(tasks).toMatchObject([{ name: "GET (no route)", completed: 1 }]);
});

/** Version 20 loads the program late under any `--import`, and messages of before are lost. */
const readsMessages = testedNodes.filter(({ version }) => Number.parseInt(version.slice(1), 10) >= 22);
const forking = readsMessages.length === 0 ? [] : ["answers", "waits to be left"];

describe.each(readsMessages)("on Node.js $version", ({ path: node }) => {
  test.each(forking)("a forked process that %s loses no message of its parent", async (kind) => {
    const lines = [
      "const { fork } = require('node:child_process');",
      "if (process.argv[2] === 'answers') {",
      "  process.on('message', (message) => { process.send(message + ' again'); process.disconnect(); });",
      "} else if (process.argv[2] !== undefined) {",
      "  process.on('disconnect', () => process.exit(5));",
      "  setTimeout(() => process.exit(9), 15_000);",
      "} else {",
      `  const child = fork(__filename, [${JSON.stringify(kind)}]);`,
      "  child.on('message', (message) => console.log(message));",
      "  child.on('exit', (code) => console.log(code));",
      kind === "answers" ? "  child.send('hello');" : "  child.disconnect();",
      "}",
    ];
    const environment = { CARBON_OPS_SUMMARY: "summary.ndjson", CARBON_OPS_SERVER_TIMING: "yes" };
    const seen = await run(lines, temporaryDirectory(), { node, environment });
    const stdout = kind === "answers" ? "hello again\n0\n" : "5\n";
    expect(seen).toEqual({ status: 0, stdout, stderr: "" });
  });
});
