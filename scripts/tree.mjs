import { createHash } from "node:crypto";
import { chmodSync, lchownSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository root: the folder above this one, wherever it was cloned to. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Every file below a folder, as paths relative to it, sorted; none when the folder is missing. */
export function filesBelow(folder, prefix = "") {
  const found = [];
  for (const entry of listing(join(folder, prefix))) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) found.push(...filesBelow(folder, path));
    else found.push(path);
  }
  return found.sort((left, right) => (left < right ? -1 : 1));
}

function listing(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** SHA-256 over names and contents of files, in the order given. */
export function hashOfFiles(folder, paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    const content = readFileSync(join(folder, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

export function makeExecutable(path) {
  chmodSync(path, 0o755);
}

/**
 * Root that works in somebody else's clone would leave files there that their owner cannot replace: gives such folders to
 * the owner of the tree. Does nothing for anybody else.
 */
export function handOverToOwner(...folders) {
  if (process.getuid === undefined || process.getuid() !== 0) return;
  const owner = statSync(root);
  if (owner.uid === 0) return;
  for (const folder of folders) give(join(root, folder), owner);
}

function give(path, owner) {
  let status;
  try {
    status = lstatSync(path);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  if (status.uid !== owner.uid || status.gid !== owner.gid) lchownSync(path, owner.uid, owner.gid);
  if (status.isDirectory()) for (const name of readdirSync(path)) give(join(path, name), owner);
}
