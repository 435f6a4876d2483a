import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "./child.mjs";
import { exclusively } from "./exclusive.mjs";
import { filesBelow, handOverToOwner, hashOfFiles, makeExecutable, root } from "./tree.mjs";

const dist = join(root, "dist");
const stampName = ".built-from";
const stagingName = ".staging";
const program = "cli/bin.js";

/** The sources do not compile; the message holds what the compiler says. */
export class BuildError extends Error {}

/** Whether dist/ is what a build of the present sources gives: the stamp names the hash of what went in and of what came out. */
export function isBuilt() {
  try {
    return readFileSync(join(dist, stampName), "utf8") === stamp();
  } catch {
    return false;
  }
}

function stamp() {
  const settings = ["package-lock.json", "tsconfig.json", "tsconfig.build.json", "scripts/build.mjs"];
  const sources = filesBelow(join(root, "src")).map((path) => `src/${path}`);
  return `sources ${hashOfFiles(root, [...settings, ...sources])}\noutputs ${hashOfFiles(dist, outputsIn(dist))}\n`;
}

function outputsIn(folder) {
  return filesBelow(folder).filter((path) => path !== stampName && !path.startsWith(`${stagingName}/`));
}

/**
 * Compiles src/ into dist/. Files are moved into place only after everything compiled, so that a failed build leaves the
 * last good one, and outputs whose source is gone are removed. Throws BuildError.
 */
export async function build() {
  const staging = join(dist, stagingName);
  rmSync(staging, { recursive: true, force: true });
  try {
    const { status, output } = await runTool("typescript", ["-p", "tsconfig.build.json", "--outDir", staging]);
    if (status !== 0) throw new BuildError(`The sources do not compile:\n${output}`);
    const outputs = filesBelow(staging);
    for (const path of outputs) if (path.endsWith(".d.ts")) rewriteSpecifiers(join(staging, path));
    if (outputs.includes(program)) makeExecutable(join(staging, program));
    replaceOutputs(staging, outputs);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  writeFileSync(join(dist, stampName), stamp());
}

/** tsc rewrites `./x.ts` to `./x.js` in what it emits for Node.js, but not in declarations, where other tools stumble on it. */
function rewriteSpecifiers(path) {
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/(\bfrom |\bimport\(|\bimport )"(\.{1,2}\/[^"\n]+)\.ts"/g, '$1"$2.js"'));
}

function replaceOutputs(staging, outputs) {
  const kept = new Set(outputs);
  for (const path of outputsIn(dist)) {
    if (kept.has(path)) continue;
    rmSync(join(dist, path));
    removeIfEmpty(dirname(path));
  }
  for (const path of outputs) {
    mkdirSync(join(dist, dirname(path)), { recursive: true });
    renameSync(join(staging, path), join(dist, path));
  }
}

function removeIfEmpty(folder) {
  if (folder === ".") return;
  try {
    rmdirSync(join(dist, folder));
  } catch (error) {
    if (error.code === "ENOTEMPTY") return;
    throw error;
  }
  removeIfEmpty(dirname(folder));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await exclusively(root, build, () => console.error("Waiting for another set-up of this clone …"));
    handOverToOwner("dist");
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
