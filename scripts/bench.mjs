import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "./child.mjs";
import { setUp } from "./set-up.mjs";
import { root } from "./tree.mjs";

/** `npm run bench -- NAME …`: runs bench/NAME.bench.mjs against dist/; without a name, all of them one after the other. */
const ending = ".bench.mjs";
const known = readdirSync(join(root, "bench"))
  .filter((file) => file.endsWith(ending))
  .map((file) => file.slice(0, -ending.length));
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench "${unknown[0]}"; there are: ${known.join(", ")}.`);
  process.exitCode = 2;
} else {
  process.exitCode = await runBenches(asked.length > 0 ? asked : known);
}

/** The worst exit status. */
async function runBenches(names) {
  try {
    await setUp();
  } catch (error) {
    console.error(error.message);
    return 1;
  }
  let worst = 0;
  for (const name of names) {
    console.log(`\n${name}`);
    const { status } = await run(process.execPath, [join(root, "bench", name + ending)], { show: true });
    worst = Math.max(worst, status);
  }
  return worst;
}
