import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runNpm, unreachableReason } from "./child.mjs";
import { root } from "./tree.mjs";

/**
 * Whether node_modules holds what package-lock.json says. npm leaves its own account of what it installed in
 * node_modules/.package-lock.json, written last: an interrupted install, one for another platform or one of another lock
 * file does not pass, and an install by hand does.
 */
export function isInstalled() {
  const wanted = packagesOf("package-lock.json");
  const present = packagesOf("node_modules/.package-lock.json");
  if (wanted === null || present === null) return false;
  for (const [path, entry] of wanted) {
    const found = present.get(path);
    if (found === undefined ? !entry.optional : !sameContent(entry, found)) return false;
  }
  for (const [path, entry] of present) {
    if (!wanted.has(path) || !fitsThisPlatform(entry) || !existsSync(join(root, path, "package.json"))) return false;
  }
  return true;
}

function packagesOf(lockFile) {
  try {
    const { packages } = JSON.parse(readFileSync(join(root, lockFile), "utf8"));
    return new Map(Object.entries(packages).filter(([path]) => path !== ""));
  } catch {
    return null;
  }
}

function sameContent(left, right) {
  return left.version === right.version && left.integrity === right.integrity;
}

function fitsThisPlatform({ os, cpu }) {
  return (os === undefined || os.includes(process.platform)) && (cpu === undefined || cpu.includes(process.arch));
}

/** Installs exactly the lock file, development dependencies included whatever NODE_ENV says. Throws one sentence. */
export async function install() {
  const { status, output } = await runNpm(["ci", "--include=dev", "--no-audit", "--no-fund"]).catch((error) => {
    throw new Error(`npm could not be started (${error.message}); install it beside Node.js and run this again.`);
  });
  if (status !== 0) throw new Error(installFailure(output));
  if (!isInstalled()) {
    throw new Error(
      "npm ci ended well but node_modules does not match package-lock.json; run `npm ci` by hand and look.",
    );
  }
}

function installFailure(output) {
  const unreachable = unreachableReason(output);
  if (unreachable !== null) {
    return `The dependencies could not be installed because ${unreachable}; connect to the network, or copy node_modules from a clone of the same commit, and run this again.`;
  }
  if (/\b(EACCES|EPERM|EROFS)\b/.test(output)) {
    return "The dependencies could not be installed because this user may not write node_modules; run this as the owner of the clone, or make a clone of your own.";
  }
  const reason =
    output.split("\n").find((line) => /^npm error (?!code|errno|syscall|path)/.test(line)) ?? "no reason given";
  return `The dependencies could not be installed (${reason.replace(/^npm error /, "").trim()}); run \`npm ci\` to see all of what npm says.`;
}
