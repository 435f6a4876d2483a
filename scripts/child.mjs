import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./tree.mjs";

/**
 * Runs a program without a shell and without standard input. `output` is what it wrote to stdout and stderr, as it came, or
 * to stdout only; with `show` it goes to this process's own streams instead.
 */
export function run(
  program,
  programArguments,
  { cwd = root, env = process.env, show = false, outputOf = "both" } = {},
) {
  return new Promise((resolve, reject) => {
    const stdout = show ? "inherit" : "pipe";
    const stderr = outputOf === "stdout" ? "ignore" : stdout;
    const child = spawn(program, programArguments, { cwd, env, stdio: ["ignore", stdout, stderr] });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => chunks.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve({ status: code ?? 1, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

/** Runs the program of an installed development dependency with this very Node.js. */
export function runTool(packageName, programArguments, options) {
  return run(process.execPath, [programOf(packageName), ...programArguments], options);
}

/** The tool's program: the one that is called like the package's last name part, else its only one. */
function programOf(packageName) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof bin === "string") return join(folder, bin);
  const name = packageName === "typescript" ? "tsc" : packageName.split("/").at(-1);
  return join(folder, bin[name] ?? Object.values(bin)[0]);
}

/** Runs npm as a person at a shell would: free of what an outer `npm test` says about itself. */
export async function runNpm(programArguments, options = {}) {
  const cache = writableCache();
  const env = { ...environmentOfAShell(), ...(cache === null ? {} : { npm_config_cache: cache }) };
  const outerNpm = process.env["npm_execpath"];
  try {
    // yarn and pnpm set the same variable.
    if (outerNpm?.endsWith("npm-cli.js")) {
      return await run(process.execPath, [outerNpm, ...programArguments], { ...options, env });
    }
    return await run("npm", programArguments, { ...options, env });
  } finally {
    if (cache !== null) rmSync(cache, { recursive: true, force: true });
  }
}

/** Settings (npm_config_registry, …) stay; what describes the outer call goes. */
function environmentOfAShell() {
  const ofTheOuterCall =
    /^npm_(package_|lifecycle_|command$|config_local_prefix$|config_global_prefix$|config_prefix$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofTheOuterCall.test(name)));
}

/** A temporary cache for users whose home cannot be written (service accounts), or null where npm's own will do. */
function writableCache() {
  const usual = process.env["npm_config_cache"] ?? join(homedir(), ".npm");
  try {
    mkdirSync(usual, { recursive: true });
    accessSync(usual, constants.W_OK);
    return null;
  } catch {
    return mkdtempSync(join(tmpdir(), "carbon-ops-npm-"));
  }
}

/** Why npm could not reach the registry, or null when it failed for another reason. */
export function unreachableReason(npmOutput) {
  const code =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|FETCH_ERROR)\b/.exec(
      npmOutput,
    );
  return code === null ? null : `the npm registry cannot be reached (${code[1]})`;
}
