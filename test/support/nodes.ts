import { spawnSync } from "node:child_process";

export interface TestedNode {
  readonly version: string;
  readonly path: string;
}

/**
 * The versions of Node.js that applications are watched on: this one, and those that CARBON_OPS_TEST_NODES names, as paths with colons between them.
 */
export const testedNodes: readonly TestedNode[] = [
  { version: process.version, path: process.execPath },
  ...(process.env["CARBON_OPS_TEST_NODES"] ?? "").split(":").flatMap((path) => (path === "" ? [] : nodeAt(path))),
];

function nodeAt(path: string): TestedNode[] {
  const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return status === 0 ? [{ version: stdout.trim(), path }] : [];
}
