#!/usr/bin/env node
/**
 * Writes the reference pages that are made from the code: docs/errors.md and docs/configuration.md.
 * With --check it writes nothing and exits 1, naming the pages that differ. Needs a build (`npm run build`).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { configFileNames } from "../dist/config/config-file-names.js";
import { settingDescriptions, settingNames, settingsSchema } from "../dist/config/settings.js";
import { errorCatalogue } from "../dist/errors.js";

const check = process.argv.includes("--check");
const pages = { "docs/errors.md": errorsPage(), "docs/configuration.md": configurationPage() };
const stale = Object.entries(pages).filter(([name, text]) => text !== current(name));

for (const [name, text] of stale) {
  if (check) console.error(`${name} differs from the code; run: node scripts/write-docs.mjs`);
  else writeFileSync(pathOf(name), text);
}
if (check && stale.length > 0) process.exitCode = 1;

function pathOf(name) {
  return new URL(`../${name}`, import.meta.url);
}

function current(name) {
  try {
    return readFileSync(pathOf(name), "utf8");
  } catch {
    return null;
  }
}

function errorsPage() {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { exitCode, meaning }]) => `| \`${code}\` | ${exitCode} | ${meaning} |`,
  );
  return `# Errors

Every error of carbon-ops has a stable \`code\`, and a message of one sentence: what, why, what to do. The command line prints the
message and ends with the exit status; the library throws a \`CarbonOpsError\` with \`code\`, \`message\` and \`exitCode\`.
\`carbon-ops run\` ends with the status of the command it ran, when the command started.

| code | exit status | meaning |
| --- | --- | --- |
${rows.join("\n")}
`;
}

function configurationPage() {
  const rows = settingNames.map((name) => {
    const { allowed, environment, flag, fallback } = settingDescriptions[name];
    const meaning = settingsSchema.shape[name].meta().description;
    const variables = environment.map((variable) => `\`${variable}\``).join(", ");
    const cells = [`\`${name}\``, meaning, allowed, fallback, variables, flag === null ? "-" : `\`${flag}\``];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return `# Configuration

A setting is looked for in four places; a later one wins over an earlier one, and labels of all of them are put together:

1. the default,
2. a file: ${configFileNames.map((name) => `\`${name}\``).join(", ")}, in the working directory or the nearest one above it; or the file that \`--config\`,
   \`CARBON_OPS_CONFIG\` or \`CARBON_CONFIG_PATH\` (the Python original's name) names,
3. the environment (an empty variable counts as not set),
4. the flags of the command line.

A value that is not allowed stops the program with one sentence that names the place, the value and what is allowed. A file is data, never code. A
relative path in a file (\`ledger\`, \`ledgerKey\`) is taken from the folder of that file; one in the environment or a flag, from the working directory:

\`\`\`yaml
# carbon-ops.config.yaml
region: aws:eu-west-1
ledger: ./carbon.ndjson
labels:
  team: search
\`\`\`

| setting | meaning | a value must be | without it | environment | flag |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

\`NO_COLOR\` switches colour off. \`CARBON_OPS_DEBUG=1\` adds the stack trace to the report of a defect.
`;
}
