import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runNpm } from "./child.mjs";
import { root } from "./tree.mjs";

/**
 * The other versions of Node.js that an application may be watched on, from the packages that hold a binary alone. Installed below
 * node_modules, once; `.ci/run` hands their paths to the tests as CARBON_OPS_TEST_NODES, and where there are none the tests run on this one.
 */
const versions = ["22.23.3", "24.21.0"];
const cache = join(root, "node_modules", ".cache", "nodes");

/** Null where it is not to be had: another platform, or no registry. */
async function nodeOf(version) {
  const name = `node-linux-${process.arch}`;
  const folder = join(cache, version);
  const program = join(folder, "node_modules", name, "bin", "node");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const wanted = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", `${name}@${version}`];
  const { status } = await runNpm(wanted).catch(() => ({ status: 1 }));
  if (status === 0 && existsSync(program)) return program;
  console.error(`Node.js ${version} could not be installed; the tests run without it.`);
  return null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const programs = [];
  for (const version of versions) {
    const program = await nodeOf(version);
    if (program !== null) programs.push(program);
  }
  console.log(programs.join(":"));
}
