import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cleanEnvironment, programPath, temporaryDirectory } from "../support/program.ts";

/** `carbon-ops run` under a pseudo-terminal of `script` (bsdutils, on every Debian); what is typed goes to its stdin. */
function startOnTerminal(cwd: string, shellScript: string) {
  const words = [process.execPath, programPath, "run", "--ledger", "l.ndjson", "--", "sh", "-c", shellScript];
  const quoted = ["exec", ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return spawn("script", ["-qefc", quoted, "/dev/null"], { cwd, env: { ...cleanEnvironment(cwd), SHELL: "/bin/sh" } });
}

/** Everything the terminal shows until it shows `text`. */
async function shown(terminal: ReturnType<typeof startOnTerminal>, text: string): Promise<void> {
  let seen = "";
  await new Promise<void>((resolve) => {
    terminal.stdout.on("data", (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(text)) resolve();
    });
  });
}

test("an interactive command has its terminal, reads what is typed and answers", async () => {
  const cwd = temporaryDirectory();
  const terminal = startOnTerminal(
    cwd,
    'test -t 0 && test -t 1 && test -t 2 && echo "on a terminal"; read -r name; echo "hello $name"',
  );
  void shown(terminal, "on a terminal").then(() => terminal.stdin.write("Ada\n"));
  const { stdout, status } = await sessionEnd(terminal);
  expect(stdout).toContain("on a terminal");
  expect(stdout).toContain("hello Ada");
  expect(status).toBe(0);
});

test("Ctrl-C twice reaches the command once each, and the record is still written", async () => {
  const cwd = temporaryDirectory();
  const terminal = startOnTerminal(
    cwd,
    `presses=0; trap 'presses=$((presses + 1)); echo "press $presses"' INT
     echo ready; while [ $presses -lt 2 ]; do sleep 0.05; done; sleep 0.3; echo "presses in all: $presses"; exit 4`,
  );
  void shown(terminal, "ready").then(() => terminal.stdin.write("\u0003"));
  void shown(terminal, "press 1").then(() => terminal.stdin.write("\u0003"));
  const { stdout, status } = await sessionEnd(terminal);
  expect(stdout).toContain("presses in all: 2");
  expect(status).toBe(4);
  expect(readFileSync(join(cwd, "l.ndjson"), "utf8")).toContain('"exit_status":4');
});

test("a resized terminal is told to the command once", async () => {
  const cwd = temporaryDirectory();
  const terminal = startOnTerminal(
    cwd,
    "count=0; trap 'count=$((count + 1))' WINCH; stty cols 47; sleep 0.4; stty size; echo \"resized $count\"",
  );
  const { stdout } = await sessionEnd(terminal);
  expect(stdout).toMatch(/\d+ 47/);
  expect(stdout).toContain("resized 1");
});

/** The end of a terminal session; its input stays open until then. */
async function sessionEnd(terminal: ReturnType<typeof startOnTerminal>) {
  const chunks: Buffer[] = [];
  terminal.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    terminal.once("error", reject);
    terminal.once("close", resolve);
  });
  return { status, stdout: Buffer.concat(chunks).toString() };
}
