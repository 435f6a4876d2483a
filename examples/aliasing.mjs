import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Draws what slow readers of a 32-bit energy counter miss, as aliasing.svg beside this file. Needs a build (`npm run build`).
 * Usage: node examples/aliasing.mjs [flags of `carbon-ops demo aliasing`]
 */
const program = fileURLToPath(new URL("../dist/cli/bin.js", import.meta.url));
const picture = fileURLToPath(new URL("aliasing.svg", import.meta.url));
const flags = process.argv.length > 2 ? process.argv.slice(2) : ["--duration", "120s", "--speed", "15"];
const { status } = spawnSync(process.execPath, [program, "demo", "aliasing", ...flags, "--svg", picture], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
