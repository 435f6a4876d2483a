import { fileURLToPath } from "node:url";
import { build, isBuilt } from "./build.mjs";
import { exclusively } from "./exclusive.mjs";
import { install, isInstalled } from "./install.mjs";
import { handOverToOwner, root } from "./tree.mjs";

const oldestNode = [20, 19];

/**
 * Brings the clone to where its scripts work: dependencies as in the lock file, dist/ as in the sources. Does nothing, and
 * says nothing, when both are so. Throws an error whose message is for a person.
 */
export async function setUp() {
  requireNode(process.versions.node);
  await exclusively(root, bringUpToDate, () => console.error("Waiting for another set-up of this clone …"));
}

async function bringUpToDate() {
  if (!isInstalled()) {
    console.error("Installing the dependencies of package-lock.json …");
    await install();
    handOverToOwner("node_modules");
  }
  if (!isBuilt()) {
    console.error("Building dist/ …");
    await buildOrExplain();
    handOverToOwner("dist");
  }
}

async function buildOrExplain() {
  try {
    await build();
  } catch (error) {
    if (!["EACCES", "EPERM", "EROFS"].includes(error.code)) throw error;
    throw new Error(
      "dist/ cannot be written by this user; run this as the owner of the clone, or make a clone of your own.",
      { cause: error },
    );
  }
}

function requireNode(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new Error(
    `carbon-ops needs Node.js ${oldestNode.join(".")} or newer, and this is ${version}; install a newer one.`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await setUp();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
