import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setUp } from "./set-up.mjs";
import { filesBelow, root } from "./tree.mjs";

/**
 * `npm run vectors -- DIR`: holds dist/ against every vector file under DIR, whatever the directory. Each module of
 * scripts/vectors/ that exports `handles` is a reader:
 *
 *   handles(path)            whether it reads the file (path relative to DIR, with /)
 *   companion?(path)         whether the file belongs to another that it reads
 *   cases(directory, path)   an (async) iterable of { name, check, notChecked? }; check throws an Error whose message is the reason,
 *                            notChecked is a list of what the case expects and the reader cannot check
 *
 * Prints each failure, each thing that is not checked and, last, `N passed, N failed`; exits 1 on any failure, or when nothing was found.
 */
const folder = process.argv[2];
if (folder === undefined || !isDirectory(folder)) {
  console.error(
    `npm run vectors -- DIR: ${folder === undefined ? "name" : `${folder} is not`} a directory of vectors.`,
  );
  process.exitCode = 2;
} else {
  process.exitCode = await main(folder);
}

function isDirectory(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

async function main(directory) {
  try {
    await setUp();
  } catch (error) {
    console.error(error.message);
    return 1;
  }
  const readers = await loadReaders();
  const counts = { passed: 0, failed: 0 };
  for (const path of filesBelow(directory)) await readFile(readers, directory, path, counts);
  if (counts.passed + counts.failed === 0) console.log(`There are no vectors under ${directory}.`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

async function loadReaders() {
  const at = join(root, "scripts", "vectors");
  const modules = [];
  for (const name of readdirSync(at)
    .filter((file) => file.endsWith(".mjs"))
    .sort()) {
    modules.push(await import(pathToFileURL(join(at, name)).href));
  }
  return modules.filter((module) => typeof module.handles === "function");
}

async function readFile(readers, directory, path, counts) {
  const reader = readers.find((candidate) => candidate.handles(path));
  if (reader === undefined) {
    if (readers.some((candidate) => candidate.companion?.(path))) return;
    fail(counts, path, "(file)", "no reader for this file");
    return;
  }
  try {
    let found = 0;
    for await (const { name, check, notChecked = [] } of reader.cases(directory, path)) {
      found += 1;
      for (const what of notChecked) console.log(`NOT CHECKED ${path}: ${name}: ${what}`);
      await runCheck(counts, path, name, check);
    }
    if (found === 0) fail(counts, path, "(file)", "it holds no cases");
  } catch (error) {
    fail(counts, path, "(file)", reasonOf(error));
  }
}

async function runCheck(counts, path, name, check) {
  try {
    await check();
    counts.passed += 1;
  } catch (error) {
    fail(counts, path, name, reasonOf(error));
  }
}

function fail(counts, path, name, reason) {
  counts.failed += 1;
  console.log(`FAIL ${path}: ${name}: ${reason}`);
}

/** In one line, so that each failure is one line of output. */
function reasonOf(error) {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ");
}
