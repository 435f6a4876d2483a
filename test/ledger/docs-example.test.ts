import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { temporaryDirectory } from "../support/program.ts";

const page = readFileSync(new URL("../../docs/ledger.md", import.meta.url), "utf8");

/** The indented block that follows a sentence of the page. */
function blockAfter(sentence: string): string {
  const [, rest = ""] = page.split(`${sentence}\n\n`);
  const end = rest.search(/\n\n(?! {4})/);
  return `${rest.slice(0, end).replace(/^ {4}/gm, "")}\n`;
}

const ledger = blockAfter("Three lines:");
const checkpoint = blockAfter("Their checkpoint:");
const key = blockAfter("The public key that signed it:").trim();
const [chainScript = "", rootScript = ""] = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, script = ""]) => script);

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from(ledger);
}

test("the example of the page is a valid ledger, signed by the key that stands there", async () => {
  const findings = await verifyLedger(bytes(), { keys: [key], checkpoint: Buffer.from(checkpoint) });
  expect(findings).toMatchObject({ valid: true, lines: 3, unsignedLines: 0, signedBy: key });
});

function run(script: string, content = ledger): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "carbon.ndjson"), content);
  return execFileSync("/bin/sh", ["-c", script], {
    cwd: directory,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

test("the page's shell script says that the chain holds, and what the page says that it prints", () => {
  expect(page).toContain(`    ${run(chainScript)}`);
});

test("the page's shell script finds a changed line", () => {
  expect(() => run(chainScript, ledger.replace("moved", "moves"))).toThrow(expect.objectContaining({ status: 1 }));
});

test("the page's root is the one that is signed", () => {
  // xxd is not everywhere; what it does here, Node.js does as well.
  const xxd = `${JSON.stringify(process.execPath)} -e 'process.stdout.write(Buffer.from(require("fs").readFileSync(0, "latin1").trim(), "hex"))'`;
  expect(run(rootScript.replaceAll("xxd -r -p", xxd)).trim()).toBe(checkpoint.split("\n")[2]);
});
