import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { energyFile, kernelTree, packageZone, writePowercap } from "./kernel-tree.ts";
import { temporaryDirectory } from "./program.ts";

export interface CountedCommands {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A command whose runs take these joules, one after the other; the last one is taken again and again. */
  command(name: string, joules: readonly number[]): string;
}

/**
 * A host whose only counter moves when a command moves it: real processes, read through the real powercap source, whose energy is
 * known to the microjoule and depends on no clock.
 */
export function countedCommands(): CountedCommands {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0)]);
  const counter = energyFile(roots, "intel-rapl:0");
  const cwd = temporaryDirectory();
  return {
    cwd,
    environment: { CARBON_OPS_SYS_ROOT: roots.sys },
    command: (name, joules) => {
      writeFileSync(join(cwd, `${name}.list`), `${joules.map((each) => Math.round(each * 1e6)).join("\n")}\n`);
      // The first line of the list goes, unless it is the last; the counter goes up by it.
      writeFileSync(
        join(cwd, name),
        `#!/bin/sh
{ read -r spent; rest=$(cat); } < ${name}.list
[ -n "$rest" ] && printf '%s\\n' "$rest" > ${name}.list
read -r before < '${counter}'
printf '%s\\n' $((before + spent)) > '${counter}'
echo "output of ${name}"
`,
      );
      chmodSync(join(cwd, name), 0o755);
      return `./${name}`;
    },
  };
}
