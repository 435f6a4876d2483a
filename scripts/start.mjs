import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "./child.mjs";
import { setUp } from "./set-up.mjs";
import { handOverToOwner, root } from "./tree.mjs";

/**
 * `npm start`: sets up what is missing, then does what carbon-ops is for, on a real workload: runs a command, records it, and
 * checks the record. Key and ledger stay in .carbon-ops/ of the clone, which git ignores.
 */
const folder = ".carbon-ops";
const ledger = `${folder}/ledger.ndjson`;
const key = `${folder}/ledger.key`;

// Nobody knows where this machine's electricity comes from but its user: without a word from them, the program says what it assumes.
const region = process.env["CARBON_OPS_REGION"];
const regionFlags = region === undefined || region === "" ? [] : ["--region", region];

const commandLines = [
  ["run", ...regionFlags, "--ledger", ledger, "--ledger-key", key, "--", "node", "examples/cpu-bound.mjs"],
  ["ledger", "verify", ledger, "--key", `${key}.pub`],
];

try {
  await setUp();
  mkdirSync(join(root, folder), { recursive: true });
  console.log("Below, carbon-ops is this clone's ./dist/cli/bin.js.");
  process.exitCode = await runAll();
  handOverToOwner(folder);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** Runs the commands one after the other; resolves to the worst exit status. */
async function runAll() {
  let worst = 0;
  for (const commandLine of commandLines) {
    console.log(`\n$ carbon-ops ${commandLine.join(" ")}`);
    const { status } = await run(process.execPath, [join(root, "dist/cli/bin.js"), ...commandLine], { show: true });
    worst = Math.max(worst, status);
  }
  return worst;
}
